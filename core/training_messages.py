"""What a training run says, one JSON object a line: the only thing that app and training share."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import Any

from core.errors import UserError


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
class TrainingFailed:
    """The run cannot go on; what it had is kept."""

    problem: str
    remedy: str


@dataclass(frozen=True, slots=True)
class TrainingFinished:
    """The run is done; `checkpoint` is a folder that tag, listen and bench take."""

    checkpoint: str
    metrics: dict[str, float]


TrainingMessage = TrainingStarted | TrainingStep | TrainingEpoch | TrainingFailed | TrainingFinished

_TYPES: dict[str, type[Any]] = {
    "started": TrainingStarted,
    "step": TrainingStep,
    "epoch": TrainingEpoch,
    "failed": TrainingFailed,
    "finished": TrainingFinished,
}
_NAMES = {kind: name for name, kind in _TYPES.items()}


def to_line(message: TrainingMessage) -> str:
    """One line of JSON, without the newline."""
    return json.dumps({"type": _NAMES[type(message)], **asdict(message)}, ensure_ascii=False)


def from_line(line: str) -> TrainingMessage:
    """The inverse of `to_line`. Raises UserError for a line that is no message."""
    try:
        raw = json.loads(line)
        return _TYPES[raw.pop("type")](**raw)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise UserError(f"The training run wrote a line that is no message: {line[:80]!r}.", "See its log.") from error
