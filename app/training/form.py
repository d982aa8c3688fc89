"""The form for a new training: data, recipe, starting weights, time budget and output folder."""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from pathlib import Path

import platformdirs
from PySide6.QtCore import QSignalBlocker, Signal, Slot
from PySide6.QtWidgets import (
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QSpinBox,
    QWidget,
)

from app.style import formatting
from app.style.plain_text import PlainLabel
from app.training.plan import START_CHOICES, Start, TrainingPlan
from app.widgets import file_dialogs
from app.widgets.choice_box import ChoiceBox
from app.widgets.dialog_parts import push_button
from core.program import data_folder
from core.run.recipe_summary import RecipeSummary
from core.run.run_folder import has_state

_DATA_TIP = "A folder with one folder of clips for each class, or a list: CSV, ESC-50, Speech Commands, AudioSet"
_LONGEST_MIN = 60 * 24 * 7
_FIELD_PX = 28
"""Makes combo boxes as high as text fields."""


class TrainingForm(QWidget):
    """The fields; `plan` reads them, `missing` says what has to be filled in first."""

    data_changed = Signal(str)
    """The path of the data that was chosen, as text."""
    recipe_changed = Signal()
    """Another recipe was selected. No payload."""
    changed = Signal()
    """A field has changed. No payload."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._recipes: tuple[RecipeSummary, ...] = ()
        self._wanted_recipe = ""
        self._out_folder = default_out_folder()
        self._offered_out = ""
        self._last_data = ""
        self.data = _field("Data", _DATA_TIP)
        self.data.setPlaceholderText("Choose a folder or CSV file, or drop one here")
        self.folder_button = push_button("Folder…", "Choose a folder of clips")
        self.list_button = push_button("CSV…", "Choose a CSV file that lists clips")
        self.recipe = ChoiceBox()
        self.recipe.setAccessibleName("Recipe")
        self.recipe.setToolTip("The model, the method and its settings")
        self.summary = PlainLabel()
        self.summary.setObjectName("Muted")
        self.summary.setWordWrap(True)
        self.start = ChoiceBox()
        self.start.setAccessibleName("Start from")
        self.start.setToolTip("The weights to start from")
        for kind, text in START_CHOICES.items():
            self.start.addItem(text, kind)
        self.start_text = _field("Weights", "The checkpoint folder, or the name of a timm model")
        self.start_button = push_button("Browse…", "Choose a checkpoint folder")
        self.minutes = QSpinBox()
        self.minutes.setRange(0, _LONGEST_MIN)
        self.minutes.setSpecialValueText("As in the recipe")
        self.minutes.setSuffix(f"{formatting.THIN}min")
        self.minutes.setAccessibleName("Time budget in minutes")
        self.minutes.setToolTip("The number of epochs is chosen to fit into this time; 0 uses the recipe's number")
        self.out = _field("Output folder", "The folder for the state, the log and the model of this training")
        self.out_button = push_button("Browse…", "Choose the folder in which to create the output folder")
        for box in (self.recipe, self.start, self.minutes):
            box.setMinimumHeight(_FIELD_PX)
        for box in (self.recipe, self.start):
            box.view().setAccessibleName(box.accessibleName())
            box.view().setToolTip(box.toolTip())
        self._lay_out()
        self._connect()
        self._refresh_start()

    def _lay_out(self) -> None:
        form = QFormLayout(self)
        form.setContentsMargins(0, 0, 0, 0)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        form.addRow(_label("&Data", self.data), _row(self.data, self.folder_button, self.list_button))
        form.addRow("&Recipe", self.recipe)
        form.addRow("", self.summary)
        form.addRow(_label("Start &from", self.start), _row(self.start, self.start_text, self.start_button))
        form.addRow("&Time budget", self.minutes)
        form.addRow(_label("&Output folder", self.out), _row(self.out, self.out_button))

    def _connect(self) -> None:
        self.folder_button.clicked.connect(self._browse_folder)
        self.list_button.clicked.connect(self._browse_list)
        self.start_button.clicked.connect(self._browse_checkpoint)
        self.out_button.clicked.connect(self._browse_out)
        # Enter checks the data again, also where the path is the same: something in it may have been put right.
        self.data.returnPressed.connect(self._on_data)
        self.data.editingFinished.connect(self._on_data_typed)
        self.data.textChanged.connect(self.changed)
        self.recipe.currentIndexChanged.connect(self._on_recipe)
        self.start.currentIndexChanged.connect(self._refresh_start)
        self.start_text.textChanged.connect(self.changed)
        self.minutes.valueChanged.connect(self.changed)
        self.out.textChanged.connect(self.changed)

    # ----- filling in -----

    def set_recipes(self, recipes: Sequence[RecipeSummary]) -> None:
        """Offer these recipes, and select the one that `choose_recipe` named earlier."""
        self._recipes = tuple(recipes)
        wanted = self._wanted_recipe
        with QSignalBlocker(self.recipe):
            self.recipe.clear()
            for recipe in recipes:
                self.recipe.addItem(recipe.title, recipe.name)
        self.choose_recipe(wanted)
        self._on_recipe()

    def choose_recipe(self, name: str) -> None:
        """Select a recipe by name, now or once the recipes are known."""
        self._wanted_recipe = name
        place = self.recipe.findData(name)
        if place >= 0:
            self.recipe.setCurrentIndex(place)

    def choose_start(self, start: Start) -> None:
        """Select the weights to start from."""
        self.start.setCurrentIndex(self.start.findData(start.kind))
        self.start_text.setText(start.text)

    def choose_data(self, path: str) -> None:
        """Fill in the data, as if it had been typed."""
        self.data.setText(path)
        self._on_data()

    def restore(self, choices: dict[str, str]) -> None:
        """Fill in the choices of an earlier form."""
        kind = choices.get("start", "")
        if kind in START_CHOICES:
            self.choose_start(Start(kind, choices.get("start_text", "")))
        if choices.get("minutes", "").isdecimal():
            self.minutes.setValue(int(choices["minutes"]))
        if choices.get("out_folder"):
            self._out_folder = Path(choices["out_folder"])
        self.choose_recipe(choices.get("recipe", ""))
        if choices.get("data"):
            self.choose_data(choices["data"])

    def choices(self) -> dict[str, str]:
        """The choices, for `restore`."""
        start = self._start()
        return {
            "data": self.data.text(),
            "recipe": self.recipe.currentData() or "",
            "start": start.kind,
            "start_text": start.text,
            "minutes": str(self.minutes.value()),
            "out_folder": str(Path(self.out.text()).parent),
        }

    # ----- reading -----

    @property
    def data_path(self) -> Path | None:
        """The path of the data, or None."""
        text = self.data.text().strip()
        return Path(text).expanduser() if text else None

    def plan(self) -> TrainingPlan:
        """The plan for these choices. Call it only when nothing is `missing`."""
        assert self.data_path is not None, "a plan needs data"
        minutes = self.minutes.value()
        budget = (f"time_budget_min={minutes}",) if minutes else ()
        out = Path(self.out.text().strip()).expanduser()
        return TrainingPlan(self.recipe.currentData(), self.data_path, out, (*self._start().settings, *budget))

    def missing(self) -> str:
        """The request to fill in what is still missing; "" when nothing is."""
        start = self._start()
        if self.data_path is None:
            return "Choose the data first."
        if self.recipe.currentData() is None:
            return "The recipes have not been loaded yet."
        if start.kind in {"checkpoint", "timm"} and not start.text:
            what = "a checkpoint folder" if start.kind == "checkpoint" else "the name of a timm model"
            return f"Choose {what} to start from."
        if not self.out.text().strip():
            return "Choose an output folder."
        if has_state(Path(self.out.text().strip()).expanduser()):
            return "The output folder already contains a training. Choose another, or Train → Resume a training…"
        return ""

    def _start(self) -> Start:
        kind = self.start.currentData()
        return Start(kind, self.start_text.text().strip() if kind in {"checkpoint", "timm"} else "")

    # ----- reactions -----

    @Slot()
    def _on_data_typed(self) -> None:
        """Leaving the field without a change is not a new choice."""
        if self.data.text().strip() != self._last_data:
            self._on_data()

    @Slot()
    def _on_data(self) -> None:
        self._last_data = self.data.text().strip()
        self._offer_out()
        self.data_changed.emit(self._last_data)
        self.changed.emit()

    @Slot()
    def _on_recipe(self) -> None:
        recipe = next((recipe for recipe in self._recipes if recipe.name == self.recipe.currentData()), None)
        if recipe is not None:
            about = f" About {formatting.duration(60 * recipe.minutes)}." if recipe.minutes else ""
            self.summary.setText(f"{recipe.summary}{about}")
        self._offer_out()
        self.recipe_changed.emit()
        self.changed.emit()

    @Slot()
    def _refresh_start(self) -> None:
        kind = self.start.currentData()
        self.start_text.setVisible(kind in {"checkpoint", "timm"})
        self.start_button.setVisible(kind == "checkpoint")
        self.start_text.setPlaceholderText("vit_tiny_patch16_224" if kind == "timm" else "Checkpoint folder")
        self.changed.emit()

    def _offer_out(self) -> None:
        """Fill in an output folder named after data and recipe, unless the user has chosen one."""
        if self.out.text() != self._offered_out:
            return
        data = self.data_path.stem if self.data_path is not None else ""
        parts = [data, self.recipe.currentData() or "", time.strftime("%Y-%m-%d %H.%M")]
        name = re.sub(r'[<>:"/\\|?*]', "_", " ".join(part for part in parts if part))
        self._offered_out = str(self._out_folder / name)
        self.out.setText(self._offered_out)

    def _browse_folder(self) -> None:
        folder = file_dialogs.ask_folder(self, "Data to train on")
        if folder is not None:
            self.choose_data(str(folder))

    def _browse_list(self) -> None:
        path = file_dialogs.ask_list_of_clips(self)
        if path is not None:
            self.choose_data(str(path))

    def _browse_checkpoint(self) -> None:
        folder = file_dialogs.ask_folder(self, "Checkpoint to start from")
        if folder is not None:
            self.start_text.setText(str(folder))

    def _browse_out(self) -> None:
        folder = file_dialogs.ask_folder(self, "Folder for training runs")
        if folder is not None:
            self._out_folder = folder
            self.out.setText(self._offered_out)
            self._offer_out()


def default_out_folder() -> Path:
    """The default folder for trainings: in the user's documents, or else in the program's data folder."""
    documents = platformdirs.user_documents_path()
    if documents.is_dir():
        return documents / "Soundmark trainings"
    return data_folder() / "trainings"


def _field(name: str, tip: str) -> QLineEdit:
    field = QLineEdit()
    field.setAccessibleName(name)
    field.setToolTip(tip)
    return field


def _label(text: str, buddy: QWidget) -> QLabel:
    label = PlainLabel(text)
    label.setBuddy(buddy)
    return label


def _row(*widgets: QWidget) -> QHBoxLayout:
    row = QHBoxLayout()
    for place, widget in enumerate(widgets):
        row.addWidget(widget, 1 if place == 0 else 0)
    return row
