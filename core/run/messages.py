"""Messages of a training run, one JSON object a line, and the commands that it obeys."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from core.errors import UserError
from core.file_names import json_text
from core.foreign_text import parse_json


@dataclass(frozen=True, slots=True)
class TrainingPreparing:
    """Work before the first step. what: for people, such as "Decoding clips"; done of total."""

    what: str
    done: int
    total: int


@dataclass(frozen=True, slots=True)
class TrainingStarted:
    """The run is set up."""

    recipe: str
    """The recipe's name."""
    out: str
    """The run's folder."""
    device: str
    """"cpu" or "cuda"."""
    n_clips: int
    """Clips that it trains on."""
    n_labels: int
    """Labels that it learns."""
    n_epochs: int
    """Epochs in all."""
    first_epoch: int
    """Above 1 for a run that resumes."""


@dataclass(frozen=True, slots=True)
class TrainingStep:
    """A step is done; only a few steps of an epoch are reported."""

    epoch: int
    """From 1."""
    step: int
    """Counted from the start of the run."""
    n_steps: int
    """Steps in all."""
    loss: float
    """Training loss of late."""
    learning_rate: float
    """As the schedule has it."""
    clips_per_second: float
    """Speed of late."""
    seconds_left: float = 0.0
    """Until the end of the run; 0 where that is not known yet."""


@dataclass(frozen=True, slots=True)
class TrainingEpoch:
    """An epoch is over and its state saved."""

    epoch: int
    """From 1."""
    n_epochs: int
    """Epochs in all."""
    loss: float
    """Mean training loss of the epoch."""
    seconds: float
    """How long it took."""
    seconds_left: float
    """Until the end of the run."""
    metrics: dict[str, float] = field(default_factory=dict[str, float])
    """By the names of METRIC_NAMES; empty for an epoch that was not evaluated."""


@dataclass(frozen=True, slots=True)
class TrainingPaused:
    """The run waits at `step` (paused), or has resumed from there."""

    step: int
    paused: bool


@dataclass(frozen=True, slots=True)
class TrainingStopped:
    """The run ended early, as requested; `--resume` starts again after `step`. checkpoint: a folder with the model so
    far, "" without one."""

    out: str
    step: int
    checkpoint: str = ""


@dataclass(frozen=True, slots=True)
class TrainingFailed:
    """The run failed; its last state is kept."""

    problem: str
    remedy: str


@dataclass(frozen=True, slots=True)
class TrainingFinished:
    """The run is done. checkpoint: a folder for `--model`; report: a file for `EvaluationReport.load`, "" without
    held-out clips."""

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
"""What a run started with --control obeys: one word a line on its standard input."""

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
    """Write one line of JSON, without the newline."""
    return json_text({"type": _NAMES[type(message)], **asdict(message)})


def from_line(line: str) -> TrainingMessage:
    """Read what `to_line` wrote. Raises UserError for a line that is not a message."""
    try:
        raw = parse_json(line)
        return _TYPES[raw.pop("type")](**raw)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise UserError(
            f"The training run wrote a line that is not a message: {line[:80]!r}.", "See its log."
        ) from error
