"""The question on closing during a training: every way to answer it."""

from __future__ import annotations

import pytest
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from app.training.close_dialog import CloseAnswer, CloseDialog


@pytest.mark.parametrize(
    ("button", "answer"),
    [
        ("stop_button", CloseAnswer.STOP),
        ("finish_button", CloseAnswer.FINISH),
        ("stay_button", CloseAnswer.STAY),
        (None, CloseAnswer.STAY),
    ],
)
def test_every_button_answers_and_closing_means_stay(qtbot: QtBot, button: str | None, answer: CloseAnswer) -> None:
    window = QWidget()
    qtbot.addWidget(window)
    window.show()
    dialog = CloseDialog(window)
    dialog.open()
    with qtbot.waitSignal(dialog.answered) as answered:
        if button is None:
            dialog.close()
        else:
            getattr(dialog, button).click()
    assert answered.args == [answer]
