"""The training process: its lines become messages, and it ends when told to or says why it did."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator

import pytest
from pytestqt.qtbot import QtBot

from app import training_process
from app.training_process import TrainingProcess
from core.errors import UserError
from core.training_messages import TrainingEpoch, TrainingFailed, TrainingFinished, to_line

EPOCH = TrainingEpoch(1, 3, 0.5, 2.0, 4.0, {"mAP": 0.3})
FINISHED = TrainingFinished("runs/é", {"mAP": 0.4})
Make = Callable[[str], TrainingProcess]


@pytest.fixture
def make(qtbot: QtBot) -> Iterator[Make]:
    made: list[TrainingProcess] = []

    def of(program: str) -> TrainingProcess:
        made.append(TrainingProcess(command=(sys.executable, "-u", "-c", program)))
        return made[-1]

    yield of
    for process in made:
        process._process.kill()
        process._process.waitForFinished(3000)


def _run(process: TrainingProcess, qtbot: QtBot) -> tuple[list[object], list[UserError]]:
    said: list[object] = []
    errors: list[UserError] = []
    process.message.connect(said.append)
    process.failed.connect(errors.append)
    with qtbot.waitSignal(process.ended, timeout=10_000):
        process.start([])
    return said, errors


def test_lines_become_messages_and_chatter_is_left_out(make: Make, qtbot: QtBot) -> None:
    lines = [to_line(EPOCH), "downloading… 30 %", "", to_line(FINISHED)]
    # The last line has no end, as when a process is cut off.
    said, errors = _run(make(f"print({chr(10).join(lines)!r}, end='')"), qtbot)
    assert said == [EPOCH, FINISHED]
    assert errors == []


def test_a_failure_comes_in_its_own_words(make: Make, qtbot: QtBot) -> None:
    failure = TrainingFailed("There are no clips.", "Name another folder.")
    _, errors = _run(make(f"print({to_line(failure)!r}); raise SystemExit(1)"), qtbot)
    assert [(one.problem, one.remedy) for one in errors] == [("There are no clips.", "Name another folder.")]


def test_a_death_without_a_word_is_told(make: Make, qtbot: QtBot) -> None:
    _, errors = _run(make("raise MemoryError('too big')"), qtbot)
    assert len(errors) == 1
    assert "MemoryError: too big" in errors[0].problem


def test_a_command_that_is_not_there_is_told(qtbot: QtBot) -> None:
    _, errors = _run(TrainingProcess(command=("/nowhere/python",)), qtbot)
    assert "could not be started" in errors[0].problem


def test_stop_ends_it_without_complaint(make: Make, qtbot: QtBot) -> None:
    process = make(f"import time; print({to_line(EPOCH)!r}); time.sleep(60)")
    errors: list[UserError] = []
    process.failed.connect(errors.append)
    with qtbot.waitSignal(process.message, timeout=10_000):
        process.start([])
    with pytest.raises(UserError, match="under way"):
        process.start([])
    with qtbot.waitSignal(process.ended, timeout=10_000):
        process.stop()
    assert errors == []
    assert not process.is_running


def test_one_that_will_not_end_is_killed(make: Make, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(training_process, "KILL_AFTER_MS", 100)
    program = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN)"
    process = make(f"{program}; print({to_line(EPOCH)!r}); time.sleep(60)")
    with qtbot.waitSignal(process.message, timeout=10_000):
        process.start([])
    with qtbot.waitSignal(process.ended, timeout=10_000):
        process.stop()
