"""What a training run says, one JSON object a line: the only thing that app and training share."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from core.errors import UserError
from core.file_names import json_text


@dataclass(frozen=True, slots=True)
class TrainingPreparing:
    """Before the first step: `what` people read ("Decoding clips"), `done` of `total`."""

    what: str
    done: int
    total: int


@dataclass(frozen=True, slots=True)
class TrainingStarted:
    """The run is set up. device: "cpu", "cuda"; first_epoch is above 1 when it goes on where it stopped."""

    recipe: str
    out: str
    device: str
    n_clips: int
    n_labels: int
    n_epochs: int
    first_epoch: int


@dataclass(frozen=True, slots=True)
class TrainingStep:
    """One of a few steps an epoch. step counts from the run's beginning."""

    epoch: int
    step: int
    n_steps: int
    loss: float
    learning_rate: float
    clips_per_second: float
    seconds_left: float = 0.0


@dataclass(frozen=True, slots=True)
class TrainingEpoch:
    """An epoch is over and its checkpoint written. metrics is empty when this epoch was not evaluated."""

    epoch: int
    n_epochs: int
    loss: float
    seconds: float
    seconds_left: float
    metrics: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class TrainingPaused:
    """The run waits at `step` (paused), or goes on from there."""

    step: int
    paused: bool


@dataclass(frozen=True, slots=True)
class TrainingStopped:
    """The run ended early because somebody asked for it; `--resume` goes on after `step`, and `checkpoint` (where
    not empty) is a folder with the model as it was."""

    out: str
    step: int
    checkpoint: str = ""


@dataclass(frozen=True, slots=True)
class TrainingFailed:
    """The run cannot go on; what it had is kept."""

    problem: str
    remedy: str


@dataclass(frozen=True, slots=True)
class TrainingFinished:
    """The run is done; `checkpoint` is a folder that tag, listen and bench take; `report` a file that
    `core.run.evaluation_report` reads ("" where nothing was held out)."""

    checkpoint: str
    metrics: dict[str, float]
    report: str = ""


TrainingMessage = (
    TrainingPreparing
    | TrainingStarted
    | TrainingStep
    | TrainingEpoch
    | TrainingPaused
    | TrainingStopped
    | TrainingFailed
    | TrainingFinished
)

Command = Literal["pause", "resume", "stop"]
"""What a run that was started with --control obeys, one word a line on its standard input."""

_TYPES: dict[str, type[Any]] = {
    "preparing": TrainingPreparing,
    "started": TrainingStarted,
    "step": TrainingStep,
    "epoch": TrainingEpoch,
    "paused": TrainingPaused,
    "stopped": TrainingStopped,
    "failed": TrainingFailed,
    "finished": TrainingFinished,
}
_NAMES = {kind: name for name, kind in _TYPES.items()}


def to_line(message: TrainingMessage) -> str:
    """One line of JSON, without the newline."""
    return json_text({"type": _NAMES[type(message)], **asdict(message)})


def from_line(line: str) -> TrainingMessage:
    """The inverse of `to_line`. Raises UserError for a line that is no message."""
    try:
        raw = json.loads(line)
        return _TYPES[raw.pop("type")](**raw)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise UserError(f"The training run wrote a line that is no message: {line[:80]!r}.", "See its log.") from error
