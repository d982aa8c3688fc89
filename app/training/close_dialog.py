"""Asks what becomes of a training when the window closes. Does none of it."""

from __future__ import annotations

from enum import Enum

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QMessageBox, QPushButton, QWidget


class CloseAnswer(Enum):
    """STOP: save the run and close. FINISH: close once it is done. STAY: do not close."""

    STOP = 1
    FINISH = 2
    STAY = 3


class CloseDialog(QMessageBox):
    """answered: a CloseAnswer; closing the question means STAY."""

    answered = Signal(object)

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle("A training is going on")
        self.setIcon(QMessageBox.Icon.Question)
        self.setText("A training is going on.")
        self.setInformativeText(
            "Stopped, it keeps its work and can go on later with Train → Resume a training… "
            "To finish it, the window stays minimised until it is done."
        )
        self.stop_button = self._add("Stop and close", "Save the training, then close")
        self.finish_button = self._add("Finish, then close", "Close when the training is done")
        self.stay_button = self._add("Do not close", "Go on as before (Esc)")
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
        self.answered.emit(next((one for button, one in answers.items() if button is clicked), CloseAnswer.STAY))
