"""The figures of a training run by step and by epoch, also those of its log from before. Knows no widgets."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from core.errors import UserError
from core.run.messages import TrainingEpoch, TrainingStep, from_line

SHOWN_METRICS = {"accuracy": "Accuracy", "map": "mAP"}
"""Held-out metrics that have a curve, and what people call them."""


class TrainingCurves:
    """What a run said, in order. A step or epoch that is done again, after a resume, takes the place of the old one.

    losses: training loss by step. metrics: for each of SHOWN_METRICS its value, 0 to 1, by epoch.
    """

    def __init__(self) -> None:
        self.losses: dict[int, float] = {}
        self.metrics: dict[str, dict[int, float]] = {}

    def add_step(self, step: TrainingStep) -> None:
        """One more point of the loss."""
        self.losses[step.step] = step.loss

    def add_epoch(self, epoch: TrainingEpoch) -> None:
        """One more point of the held-out metrics, where this epoch was evaluated."""
        for name, value in epoch.metrics.items():
            if name.lower() in SHOWN_METRICS:
                self.metrics.setdefault(name.lower(), {})[epoch.epoch] = value


def read_curves(log: Path) -> TrainingCurves:
    """The curves in a run's log of messages; empty where there is none."""
    curves = TrainingCurves()
    with suppress(OSError, UnicodeDecodeError):
        for line in log.read_text(encoding="utf-8").splitlines():
            with suppress(UserError):
                match from_line(line):
                    case TrainingStep() as step:
                        curves.add_step(step)
                    case TrainingEpoch() as epoch:
                        curves.add_epoch(epoch)
    return curves
