"""The dialog for a new training: the form, and a report on the data before anything is trained."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QSize, Qt, Signal, Slot
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import (
    QDialog,
    QHBoxLayout,
    QProgressBar,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from app.results.clip_player import Clip, ClipPlayer
from app.results.clip_view import ClipView
from app.runtime.json_command import JsonCommand
from app.runtime.program import PROGRAM
from app.style.appearance import Appearance
from app.style.plain_text import PlainLabel
from app.training.data_report_view import DataReportView
from app.training.form import TrainingForm
from app.widgets.dialog_parts import push_button, resize_to_fit
from app.widgets.drop_target import read_drop
from core.errors import UserError
from core.run.data_report import DataReport
from core.run.recipe_summary import recipes_from_json

_HINT = (
    "Choose a folder that has one folder of clips for each class, named after the class. Ten clips of each class are "
    "enough to start with. The data is checked, and its classes and problems are shown here, before training starts."
)


class TrainingDialog(QDialog):
    """Asks for everything that a training needs, and checks the data for the selected recipe."""

    wanted = Signal(object)
    """The TrainingPlan to start."""
    picture_wanted = Signal(object)
    """A Clip whose spectrogram is to be passed to `clip_view`."""

    def __init__(
        self,
        player: ClipPlayer,
        appearance: Appearance,
        parent: QWidget | None = None,
        *,
        program: Sequence[str] = PROGRAM,
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle("New training")
        self.setAcceptDrops(True)
        resize_to_fit(self, QSize(900, 720))
        self._player = player
        self._report: DataReport | None = None
        self._data = ""
        self._wants_check = False
        self._checked: tuple[str, str] | None = None
        """The data and recipe of the report, or of the check that is running."""
        self._recipes = JsonCommand("Reinstall Soundmark.", self, program=program)
        self._check = JsonCommand("Choose other data.", self, program=program)
        self.form = TrainingForm()
        self.report = DataReportView(appearance)
        self.clip_view = ClipView(player, appearance)
        self._build()
        self._connect()
        self._recipes.ask("recipes", "--json")
        self.refresh()

    def _build(self) -> None:
        self.message = PlainLabel(_HINT)
        self.message.setWordWrap(True)
        self.message.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.message.setObjectName("Muted")
        self.pages = QStackedWidget()
        self.pages.addWidget(self.message)
        self.pages.addWidget(self._busy_page())
        self.pages.addWidget(self._report_page())
        self.reason = PlainLabel()
        self.reason.setObjectName("Muted")
        self.reason.setWordWrap(True)
        self.start_button = push_button("Start training", "Start the training; listening continues", is_primary=True)
        self.cancel_button = push_button("Cancel", "Close without training (Esc)")
        self.again_button = push_button("Check again", "Check the data once more, after something in it was put right")
        buttons = QHBoxLayout()
        buttons.addWidget(self.reason, 1)
        buttons.addWidget(self.again_button)
        buttons.addWidget(self.cancel_button)
        buttons.addWidget(self.start_button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 14, 16, 12)
        layout.setSpacing(10)
        layout.addWidget(self.form)
        layout.addWidget(self.pages, 1)
        layout.addLayout(buttons)

    def _busy_page(self) -> QWidget:
        busy = QProgressBar()
        busy.setRange(0, 0)
        busy.setTextVisible(False)
        busy.setFixedHeight(6)
        busy.setMaximumWidth(320)
        busy.setAccessibleName("Checking the data")
        busy.setToolTip("Every clip is read once")
        self.stop_check_button = push_button("Cancel the check", "Stop checking the data")
        page = QWidget()
        column = QVBoxLayout(page)
        column.addStretch(1)
        for widget in (PlainLabel("Checking the data…"), busy, self.stop_check_button):
            column.addWidget(widget, 0, Qt.AlignmentFlag.AlignHCenter)
        column.addStretch(1)
        return page

    def _report_page(self) -> QWidget:
        page = QWidget()
        column = QVBoxLayout(page)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.report, 1)
        column.addWidget(self.clip_view)
        self.clip_view.setMaximumHeight(200)
        self.clip_view.hide()
        return page

    def _connect(self) -> None:
        self._recipes.answered.connect(self._on_recipes)
        self._recipes.failed.connect(self._on_no_recipes)
        self._recipes.busy_changed.connect(self.refresh)
        self._check.answered.connect(self._on_report)
        self._check.failed.connect(self._show_error)
        self._check.busy_changed.connect(self.refresh)
        self.form.data_changed.connect(self._on_data)
        self.form.recipe_changed.connect(self._check_data)
        self.form.changed.connect(self.refresh)
        self.report.clip_opened.connect(self._open_clip)
        self.clip_view.picture_wanted.connect(self.picture_wanted)
        self.stop_check_button.clicked.connect(self._stop_check)
        self.start_button.clicked.connect(self._start)
        self.cancel_button.clicked.connect(self.reject)
        self.again_button.clicked.connect(lambda: self._on_data(self._data))
        self.finished.connect(self.stop)

    @Slot()
    def stop(self) -> None:
        """End all processes and stop the sound."""
        self._recipes.cancel()
        self._check.cancel()
        self.clip_view.leave()

    # ----- the data -----

    @Slot(str)
    def _on_data(self, path: str) -> None:
        self._data, self._wants_check = path, bool(path)
        self._report = self._checked = None
        self._check.cancel()
        self.clip_view.hide()
        self._check_data()

    @Slot()
    def _check_data(self) -> None:
        """Check the data for the selected recipe, once the recipes are known."""
        if not self._wants_check or self._recipes.is_busy:
            self.refresh()
            return
        recipe = self.form.recipe.currentData() or ""
        if self._checked == (self._data, recipe):
            return
        self._report, self._checked = None, (self._data, recipe)
        of_recipe = ["--recipe", recipe] if recipe else []
        self._check.ask("check", "--data", str(Path(self._data).expanduser()), *of_recipe, "--json")
        self.refresh()

    @property
    def _is_checking(self) -> bool:
        return self._wants_check and (self._recipes.is_busy or self._check.is_busy)

    @Slot()
    def _stop_check(self) -> None:
        self._wants_check = False
        self._check.cancel()
        self._show_message("The check was cancelled.")

    @Slot(str)
    def _on_report(self, text: str) -> None:
        try:
            self._report = DataReport.from_json(text)
        except UserError as error:
            self._show_error(error)
            return
        self.report.show_report(self._report)
        self.refresh()

    @Slot(str)
    def _on_recipes(self, text: str) -> None:
        try:
            self.form.set_recipes(recipes_from_json(text))
        except UserError as error:
            self._on_no_recipes(error)

    @Slot(object)
    def _on_no_recipes(self, error: UserError) -> None:
        self._show_error(error)
        self._check_data()

    @Slot(object)
    def _show_error(self, error: UserError) -> None:
        self._show_message(f"{error.problem} {error.remedy}")

    def _show_message(self, text: str) -> None:
        self._report = None
        self.message.setText(text)
        self.refresh()

    @Slot(object)
    def _open_clip(self, path: Path) -> None:
        clip = Clip(path)
        self.clip_view.show()
        self.clip_view.show_clip(clip)
        self._player.play(clip)

    # ----- starting -----

    @Slot()
    def refresh(self) -> None:
        """Show the report, the check in progress or a message, and whether the training can start."""
        page = 1 if self._is_checking else 2 if self._report is not None else 0
        self.pages.setCurrentIndex(page)
        reason = self._reason()
        self.reason.setText(reason)
        self.start_button.setEnabled(not reason)
        self.again_button.setVisible(bool(self._data) and not self._is_checking)

    def _reason(self) -> str:
        """Why the training cannot start; "" when it can."""
        if self.form.missing():
            return self.form.missing()
        if self.form.data.text().strip() != self._data:
            return "Press Enter in the data field to check the data."
        if self._is_checking:
            return "The data is being checked."
        if self._report is None:
            return "The data has not been checked."
        if not self._report.can_train():
            return "The data has errors that prevent a training: see the findings."
        return ""

    @Slot()
    def _start(self) -> None:
        if not self._reason():
            self.wanted.emit(self.form.plan())

    # ----- dropping -----

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        drop = read_drop(event.mimeData())
        if drop is not None and len(drop.paths) == 1:
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        drop = read_drop(event.mimeData())
        if drop is not None and len(drop.paths) == 1:
            event.acceptProposedAction()
            self.form.choose_data(str(drop.paths[0]))
