"""The dialog “Sound and disk”: what is kept, what is recorded, and how much of the disk that takes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import (
    QCheckBox,
    QDialog,
    QDialogButtonBox,
    QDoubleSpinBox,
    QFormLayout,
    QGroupBox,
    QHBoxLayout,
    QLineEdit,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from app.runtime.sound_settings import EVENTS, LIMITS, SESSION, SoundSettings
from app.style.plain_text import PlainLabel
from app.widgets import file_dialogs
from app.widgets.choice_box import ChoiceBox
from app.widgets.dialog_parts import push_button

_WIDTH_PX = 480
MODES = {SESSION: "The whole session", EVENTS: "A clip of each event"}


class SoundDialog(QDialog):
    """Edits SoundSettings."""

    changed = Signal(object)
    """The SoundSettings, once they are accepted."""
    delete_wanted = Signal()
    """Everything that was kept is to be deleted. No payload."""

    def __init__(self, settings: SoundSettings, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Sound and disk")
        self.setMinimumWidth(_WIDTH_PX)
        self._settings = settings
        self.keeps = _check("&Keep the newest sound", "So that it can be played and saved. Off: none of it is written")
        self.minutes = _number("minutes", " min", "Minutes of sound to keep")
        self.ring_megabytes = _number("ring_megabytes", " MB", "Keep at most so much sound on disk")
        self.used = PlainLabel()
        self.used.setObjectName("Muted")
        self.folder = QLineEdit()
        self.folder.setAccessibleName("Folder for recordings")
        self.folder.setToolTip("Where recordings are written")
        self.mode = ChoiceBox()
        for mode, title in MODES.items():
            self.mode.addItem(title, mode)
        self.mode.setAccessibleName("What is recorded")
        self.mode.setToolTip("What is written while “Record to disk” in the Listen menu is on")
        self.pre_roll = _seconds("pre_roll_s", "Seconds of a clip before its event")
        self.post_roll = _seconds("post_roll_s", "Seconds of a clip after its event")
        self.record_megabytes = _number("record_megabytes", " MB", "Above this the oldest recordings are deleted")
        self.leaves_out_speech = _check("&Never keep clips with speech", "Every window of a clip is checked for speech")
        self.recorded = PlainLabel()
        self.recorded.setObjectName("Muted")
        self._build()
        self._show(settings)
        self.keeps.toggled.connect(self._refresh)
        self.mode.currentIndexChanged.connect(self._refresh)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)

    def show_use(self, ring: str, recordings: str) -> None:
        """Show what kept sound and recordings take on disk now."""
        self.used.setText(ring)
        self.recorded.setText(recordings)

    def _build(self) -> None:
        kept = QGroupBox("Kept sound")
        form = QFormLayout(kept)
        form.addRow(self.keeps)
        form.addRow("&Length", self.minutes)
        form.addRow("&At most", self.ring_megabytes)
        form.addRow("In use", self.used)
        recorded = QGroupBox("Record to disk")
        form = QFormLayout(recorded)
        choose = push_button("Choose…", "Choose the folder for recordings")
        choose.clicked.connect(self._choose)
        row = QHBoxLayout()
        row.addWidget(self.folder, 1)
        row.addWidget(choose)
        form.addRow("&What", self.mode)
        form.addRow("Folder", row)
        form.addRow("&Before the event", self.pre_roll)
        form.addRow("Af&ter the event", self.post_roll)
        form.addRow(self.leaves_out_speech)
        form.addRow("At &most", self.record_megabytes)
        form.addRow("In use", self.recorded)
        delete = push_button("Delete everything that was kept…", "Delete kept sound, recordings, events and files")
        delete.clicked.connect(self.delete_wanted)
        buttons = QDialogButtonBox()
        ok = buttons.addButton("OK", QDialogButtonBox.ButtonRole.AcceptRole)
        cancel = buttons.addButton("Cancel", QDialogButtonBox.ButtonRole.RejectRole)
        for button, tip in ((ok, "Use these settings"), (cancel, "Change nothing (Esc)")):
            button.setToolTip(tip)
            button.setAccessibleName(button.text())
        buttons.accepted.connect(self._accept)
        buttons.rejected.connect(self.reject)
        column = QVBoxLayout(self)
        for part in (kept, recorded):
            column.addWidget(part)
        last = QHBoxLayout()
        last.addWidget(delete)
        last.addStretch(1)
        last.addWidget(buttons)
        column.addLayout(last)

    def _show(self, settings: SoundSettings) -> None:
        self.keeps.setChecked(settings.keeps_sound)
        self.minutes.setValue(settings.minutes)
        self.ring_megabytes.setValue(settings.ring_megabytes)
        self.folder.setText(str(settings.folder))
        self.mode.setCurrentIndex(self.mode.findData(settings.record_mode))
        self.pre_roll.setValue(settings.pre_roll_s)
        self.post_roll.setValue(settings.post_roll_s)
        self.record_megabytes.setValue(settings.record_megabytes)
        self.leaves_out_speech.setChecked(settings.leaves_out_speech)
        self._refresh()

    @property
    def settings(self) -> SoundSettings:
        """What the fields say."""
        folder = self.folder.text().strip()
        return replace(
            self._settings,
            keeps_sound=self.keeps.isChecked(),
            minutes=self.minutes.value(),
            ring_megabytes=self.ring_megabytes.value(),
            record_folder="" if not folder or Path(folder) == SoundSettings().folder else folder,
            record_mode=str(self.mode.currentData()),
            pre_roll_s=self.pre_roll.value(),
            post_roll_s=self.post_roll.value(),
            record_megabytes=self.record_megabytes.value(),
            leaves_out_speech=self.leaves_out_speech.isChecked(),
        )

    @Slot()
    def _refresh(self) -> None:
        """Clips of events are cut from kept sound."""
        keeps, clips = self.keeps.isChecked(), self.mode.currentData() == EVENTS
        for widget in (self.minutes, self.ring_megabytes):
            widget.setEnabled(keeps)
        for widget in (self.pre_roll, self.post_roll, self.leaves_out_speech):
            widget.setEnabled(clips and keeps)

    @Slot()
    def _choose(self) -> None:
        folder = file_dialogs.ask_folder(self, "Choose a folder for recordings", Path(self.folder.text()))
        if folder is not None:
            self.folder.setText(str(folder))

    @Slot()
    def _accept(self) -> None:
        self.changed.emit(self.settings)
        self.accept()


def _check(text: str, tip: str) -> QCheckBox:
    box = QCheckBox(text)
    box.setAccessibleName(text.replace("&", ""))
    box.setToolTip(tip)
    return box


def _number(name: str, unit: str, tip: str) -> QSpinBox:
    box = QSpinBox()
    low, high = LIMITS[name]
    box.setRange(int(low), int(high))
    box.setSuffix(unit)
    box.setAccessibleName(tip)
    box.setToolTip(tip)
    return box


def _seconds(name: str, tip: str) -> QDoubleSpinBox:
    box = QDoubleSpinBox()
    box.setRange(*LIMITS[name])
    box.setDecimals(1)
    box.setSuffix(" s")
    box.setAccessibleName(tip)
    box.setToolTip(tip)
    return box
