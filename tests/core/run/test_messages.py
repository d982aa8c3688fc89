"""Messages cross from the training process as they were sent."""

from __future__ import annotations

import pytest

from core.errors import UserError
from core.run.messages import (
    TrainingEpoch,
    TrainingFinished,
    TrainingMessage,
    TrainingPaused,
    TrainingStep,
    TrainingStopped,
    from_line,
    to_line,
)


@pytest.mark.parametrize(
    "message",
    [
        TrainingStep(1, 5, 10, 0.25, 1e-3, 20.0),
        TrainingEpoch(3, 10, 0.5, 12.0, 84.0, {"accuracy": 0.5}),
        TrainingPaused(7, True),
        TrainingStopped("run \udcff", 7),
        TrainingFinished("run/checkpoint", {}, "run/checkpoint/evaluation.json"),
    ],
    ids=lambda message: type(message).__name__,
)
def test_messages_come_back_as_they_were_sent(message: TrainingMessage) -> None:
    line = to_line(message)
    assert "\n" not in line
    assert from_line(line) == message


@pytest.mark.parametrize(
    "line", ["", "Traceback", "3", "[]", "{}", '{"type": "song"}', '{"type": "paused"}', "[" * 100_000 + "]" * 100_000]
)
def test_other_lines_are_refused(line: str) -> None:
    with pytest.raises(UserError):
        from_line(line)


def test_a_line_of_an_earlier_version_is_read() -> None:
    line = '{"type": "epoch", "epoch": 1, "n_epochs": 2, "loss": 0.5, "seconds": 3.0, "seconds_left": 4.0}'
    assert from_line(line) == TrainingEpoch(1, 2, 0.5, 3.0, 4.0)
