"""A question to one of our own commands: whether it is busy is told when that changes, and only then."""

from __future__ import annotations

import sys

from pytestqt.qtbot import QtBot

from app.runtime.json_command import JsonCommand

SLEEPER = (sys.executable, "-c", "import time; time.sleep(60)")


def _watched(program: tuple[str, ...]) -> tuple[JsonCommand, list[bool]]:
    command = JsonCommand("Try again.", program=program)
    told: list[bool] = []
    command.busy_changed.connect(lambda: told.append(command.is_busy))
    return command, told


def test_another_question_while_one_is_open_changes_nothing(qtbot: QtBot) -> None:
    command, told = _watched(SLEEPER)
    command.ask("first")
    command.ask("second")
    command.cancel()
    command.cancel()
    assert told == [True, False]


def test_a_command_that_cannot_be_started_is_no_longer_busy(qtbot: QtBot) -> None:
    command, told = _watched(("/nowhere/at all",))
    with qtbot.waitSignal(command.failed):
        command.ask("first")
    assert told == [True, False]
