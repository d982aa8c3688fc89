"""The question when the window is closed during a training: stop, finish first, or stay open."""

from __future__ import annotations

from enum import Enum

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QMessageBox, QPushButton, QWidget


class CloseAnswer(Enum):
    """What to do with the training."""

    STOP = 1
    """Save the run and close."""
    FINISH = 2
    """Close once the run has finished."""
    STAY = 3
    """Do not close."""


class CloseDialog(QMessageBox):
    """The question; closing it means STAY."""

    answered = Signal(object)
    """A CloseAnswer."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle("Training in progress")
        self.setIcon(QMessageBox.Icon.Question)
        self.setText("A training is in progress.")
        self.setInformativeText(
            "If you stop it, its progress is saved, and you can resume it later with Train → Resume a training…\n"
            "If you let it finish, the window stays minimised until then."
        )
        self.stop_button = self._add("Stop and close", "Save the training, then close")
        self.finish_button = self._add("Finish, then close", "Close when the training has finished")
        self.stay_button = self._add("Do not close", "Keep the window open (Esc)")
        self.setDefaultButton(self.stop_button)
        self.setEscapeButton(self.stay_button)
        self.finished.connect(self._on_finished)

    def _add(self, text: str, tip: str) -> QPushButton:
        button = self.addButton(text, QMessageBox.ButtonRole.ActionRole)
        button.setToolTip(tip)
        button.setAccessibleName(text)
        return button

    @Slot()
    def _on_finished(self) -> None:
        clicked = self.clickedButton()
        answers = {self.stop_button: CloseAnswer.STOP, self.finish_button: CloseAnswer.FINISH}
        self.answered.emit(next((answer for button, answer in answers.items() if button is clicked), CloseAnswer.STAY))
