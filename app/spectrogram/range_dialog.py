"""The dialog for the levels that are darkest and brightest; the spectrogram changes at once."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QFormLayout, QSpinBox, QWidget

from app.runtime.settings import DEFAULT_RANGE_DB
from app.spectrogram.history.column_history import CEILING_DB, FLOOR_DB

_LEAST_DB = 10
_WIDTH_PX = 280
"""Wide enough for the title."""


class RangeDialog(QDialog):
    """Two fields that stay at least 10 dB apart."""

    changed = Signal(int, int)
    """The darkest and the brightest level in dB."""

    def __init__(self, range_db: tuple[int, int], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Level range")
        self.setMinimumWidth(_WIDTH_PX)
        self.low = _level_box("Darkest level", "Quieter sound is black")
        self.high = _level_box("Brightest level", "Louder sound has the brightest colour")
        buttons = QDialogButtonBox()
        reset = buttons.addButton("Reset", QDialogButtonBox.ButtonRole.ResetRole)
        done = buttons.addButton("Close", QDialogButtonBox.ButtonRole.AcceptRole)
        for button, tip in ((reset, "Restore the default levels"), (done, "Close this dialog")):
            button.setToolTip(tip)
            button.setAccessibleName(button.text())
        form = QFormLayout(self)
        form.addRow("&Darkest", self.low)
        form.addRow("&Brightest", self.high)
        form.addRow(buttons)
        self.set_range(*range_db)
        reset.clicked.connect(self._reset)
        done.clicked.connect(self.accept)
        self.low.valueChanged.connect(self._on_changed)
        self.high.valueChanged.connect(self._on_changed)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)

    def set_range(self, low_db: int, high_db: int) -> None:
        """Show these levels."""
        self.low.setRange(round(FLOOR_DB), high_db - _LEAST_DB)
        self.high.setRange(low_db + _LEAST_DB, round(CEILING_DB))
        self.low.setValue(low_db)
        self.high.setValue(high_db)

    @Slot()
    def _on_changed(self) -> None:
        low_db, high_db = self.low.value(), self.high.value()
        self.low.setMaximum(high_db - _LEAST_DB)
        self.high.setMinimum(low_db + _LEAST_DB)
        self.changed.emit(low_db, high_db)

    @Slot()
    def _reset(self) -> None:
        for box in (self.low, self.high):
            box.setRange(round(FLOOR_DB), round(CEILING_DB))
        self.set_range(*DEFAULT_RANGE_DB)


def _level_box(name: str, tip: str) -> QSpinBox:
    box = QSpinBox()
    box.setSuffix(" dB")
    box.setAccessibleName(name)
    box.setToolTip(tip)
    return box
