"""Sets up a new training: the fields, and what is in the data before anything runs. Starts no run itself."""

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

from app.results.clip_player import ClipPlayer
from app.results.clip_view import ClipView
from app.runtime.json_command import JsonCommand
from app.runtime.program import PROGRAM
from app.style.appearance import Appearance
from app.style.plain_text import PlainLabel
from app.training.data_report_view import DataReportView
from app.training.form import TrainingForm
from app.training.plan import parse_recipes
from app.widgets.dialog_parts import push_button, resize_to_fit
from app.widgets.drop_target import read_drop
from core.errors import UserError
from core.run.data_report import DataReport

_HINT = (
    "Choose a folder with one folder of clips for each class, named after the class. Ten clips of each are enough to "
    "start with. What is in it, and what is wrong with it, is shown here before anything runs."
)


class TrainingDialog(QDialog):
    """wanted: the TrainingPlan to start. picture_wanted: a clip whose spectrogram is to be given to `clip`."""

    wanted = Signal(object)
    picture_wanted = Signal(object)

    def __init__(
        self,
        playback: ClipPlayer,
        appearance: Appearance,
        parent: QWidget | None = None,
        *,
        program: Sequence[str] = PROGRAM,
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle("New training")
        self.setAcceptDrops(True)
        resize_to_fit(self, QSize(900, 720))
        self._playback = playback
        self._report: DataReport | None = None
        self._checked = ""
        self._recipes = JsonCommand("Check that this copy of Soundmark is whole.", self, program=program)
        self._check = JsonCommand("Choose other data.", self, program=program)
        self.form = TrainingForm()
        self.report = DataReportView(appearance.theme)
        self.clip = ClipView(playback, appearance)
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
        self.start_button = push_button("Start training", "Start the run; listening goes on", is_primary=True)
        self.cancel_button = push_button("Cancel", "Close without training (Esc)")
        buttons = QHBoxLayout()
        buttons.addWidget(self.reason, 1)
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
        busy.setAccessibleName("Looking through the clips")
        busy.setToolTip("Every clip is read once")
        self.stop_check_button = push_button("Cancel the check", "Do not look through the clips")
        page = QWidget()
        column = QVBoxLayout(page)
        column.addStretch(1)
        for widget in (PlainLabel("Looking through the clips…"), busy, self.stop_check_button):
            column.addWidget(widget, 0, Qt.AlignmentFlag.AlignHCenter)
        column.addStretch(1)
        return page

    def _report_page(self) -> QWidget:
        page = QWidget()
        column = QVBoxLayout(page)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.report, 1)
        column.addWidget(self.clip)
        self.clip.setMaximumHeight(200)
        self.clip.hide()
        return page

    def _connect(self) -> None:
        self._recipes.answered.connect(self._on_recipes)
        self._recipes.failed.connect(lambda error: self._complain(error))
        self._check.answered.connect(self._on_report)
        self._check.failed.connect(lambda error: self._complain(error))
        self._check.busy_changed.connect(self.refresh)
        self.form.data_changed.connect(self._on_data)
        self.form.changed.connect(self.refresh)
        self.report.clip_opened.connect(self._open_clip)
        self.clip.picture_wanted.connect(self.picture_wanted)
        self.stop_check_button.clicked.connect(self._stop_check)
        self.start_button.clicked.connect(self._start)
        self.cancel_button.clicked.connect(self.reject)
        self.finished.connect(self.stop)

    @Slot()
    def stop(self) -> None:
        """Let go of every process and sound."""
        self._recipes.cancel()
        self._check.cancel()
        self.clip.leave()

    # ----- the data -----

    @Slot(str)
    def _on_data(self, path: str) -> None:
        if not path:
            self._check.cancel()
            return
        self._report, self._checked = None, path
        self.clip.hide()
        self._check.ask("check", "--data", str(Path(path).expanduser()), "--json")

    @Slot()
    def _stop_check(self) -> None:
        self._check.cancel()
        self._say("The check was cancelled. Choose the data again to look through it.")

    @Slot(str)
    def _on_report(self, text: str) -> None:
        try:
            self._report = DataReport.from_json(text)
        except UserError as error:
            self._complain(error)
            return
        self.report.show_report(self._report)
        self.refresh()

    @Slot(str)
    def _on_recipes(self, text: str) -> None:
        try:
            self.form.set_recipes(parse_recipes(text))
        except UserError as error:
            self._complain(error)

    def _complain(self, error: UserError) -> None:
        self._say(f"{error.problem} {error.remedy}")

    def _say(self, words: str) -> None:
        self._report = None
        self.message.setText(words)
        self.refresh()

    @Slot(object)
    def _open_clip(self, path: Path) -> None:
        self.clip.show()
        self.clip.show_clip(path)
        self._playback.play(path)

    # ----- starting -----

    @Slot()
    def refresh(self) -> None:
        """Show what there is of the report, and whether the run can start."""
        page = 1 if self._check.is_busy else 2 if self._report is not None else 0
        self.pages.setCurrentIndex(page)
        reason = self._why_not()
        self.reason.setText(reason)
        self.start_button.setEnabled(not reason)

    def _why_not(self) -> str:
        """Why the run cannot start, in words; "" when it can."""
        if self.form.lacking():
            return self.form.lacking()
        if self.form.data.text().strip() != self._checked:
            return "Press Enter in the field of the data to look through them."
        if self._check.is_busy:
            return "The clips are being looked through."
        if self._report is None:
            return "The data could not be read."
        if not self._report.can_train():
            return "The data have errors that stop a training: see what was found."
        return ""

    @Slot()
    def _start(self) -> None:
        if not self._why_not():
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
