"""The training process: its lines become messages, it obeys, and it ends when told to or says why it did."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator

import pytest
from pytestqt.qtbot import QtBot

from app.training.run_process import TrainingProcess
from core.errors import UserError
from core.run.messages import TrainingEpoch, TrainingFailed, TrainingFinished, TrainingMessage, to_line

EPOCH = TrainingEpoch(1, 3, 0.5, 2.0, 4.0, {"map": 0.3})
FINISHED = TrainingFinished("runs/é", {"map": 0.4})
Make = Callable[[str], TrainingProcess]


@pytest.fixture
def make(qtbot: QtBot) -> Iterator[Make]:
    made: list[TrainingProcess] = []

    def of(program: str) -> TrainingProcess:
        made.append(TrainingProcess(program=(sys.executable, "-u", "-c", program)))
        return made[-1]

    yield of
    for process in made:
        process.kill()


def _run(process: TrainingProcess, qtbot: QtBot) -> tuple[list[TrainingMessage], list[UserError]]:
    said: list[TrainingMessage] = []
    errors: list[UserError] = []
    process.message.connect(said.append)
    process.failed.connect(errors.append)
    with qtbot.waitSignal(process.ended):
        process.start([])
    return said, errors


def test_lines_become_messages_and_chatter_is_left_out(make: Make, qtbot: QtBot) -> None:
    lines = [to_line(EPOCH), "downloading… 30 %", "", to_line(FINISHED)]
    # The last line has no end, as when a process is cut off.
    said, errors = _run(make(f"print({chr(10).join(lines)!r}, end='')"), qtbot)
    assert said == [EPOCH, FINISHED]
    assert errors == []


def test_a_failure_in_its_own_words_is_told_once(make: Make, qtbot: QtBot) -> None:
    failure = TrainingFailed("There are no clips.", "Name another folder.")
    said, errors = _run(make(f"print({to_line(failure)!r}); raise SystemExit(1)"), qtbot)
    assert said == [failure]
    assert errors == []


def test_a_death_without_a_word_is_told(make: Make, qtbot: QtBot) -> None:
    _, errors = _run(make("raise MemoryError('too big')"), qtbot)
    assert len(errors) == 1
    assert "MemoryError: too big" in errors[0].problem


def test_a_command_that_is_not_there_is_told(qtbot: QtBot) -> None:
    _, errors = _run(TrainingProcess(program=("/nowhere/python",)), qtbot)
    assert "could not be started" in errors[0].problem


def test_it_can_be_paused_resumed_and_stopped(make: Make, qtbot: QtBot) -> None:
    program = f"""
import sys
print({to_line(EPOCH)!r})
heard = []
while not heard or heard[-1] != "stop":
    heard.append(sys.stdin.readline().strip())
print('{{"type": "stopped", "out": "' + " ".join(heard) + '", "step": 1}}')
"""
    process = make(program)
    said: list[TrainingMessage] = []
    process.message.connect(said.append)
    with qtbot.waitSignal(process.message):
        process.start([])
    with pytest.raises(UserError, match="already running"):
        process.start([])
    process.pause()
    process.resume()
    with qtbot.waitSignal(process.ended):
        process.stop(10)
    assert getattr(said[-1], "out", "") == "pause resume stop"
    assert not process.is_running


def test_one_that_will_not_end_is_killed_without_complaint(make: Make, qtbot: QtBot) -> None:
    process = make(f"import time; print({to_line(EPOCH)!r}); time.sleep(60)")
    errors: list[UserError] = []
    process.failed.connect(errors.append)
    with qtbot.waitSignal(process.message):
        process.start([])
    with qtbot.waitSignal(process.ended):
        process.stop(0.1)
    assert errors == []
