"""The curves of a training run: its loss by step and its metrics by epoch, also read back from its log."""

from __future__ import annotations

from pathlib import Path

from core.run.messages import TrainingEpoch, TrainingStep
from core.run.metric_names import METRIC_NAMES
from core.run.run_folder import read_log

SHOWN_METRICS = {name: METRIC_NAMES[name].title for name in ("accuracy", "map")}
"""The held-out metrics that have a curve, with their names on screen."""


class TrainingCurves:
    """The points of all curves. A step or epoch that is repeated after resuming replaces the old point."""

    def __init__(self) -> None:
        self.losses: dict[int, float] = {}
        """The training loss by step."""
        self.metrics: dict[str, dict[int, float]] = {}
        """The value, 0 to 1, of each of SHOWN_METRICS by epoch."""

    def add_step(self, step: TrainingStep) -> None:
        """Add a point to the loss."""
        self.losses[step.step] = step.loss

    def add_epoch(self, epoch: TrainingEpoch) -> None:
        """Add a point to the held-out metrics, if this epoch was evaluated."""
        for name, value in epoch.metrics.items():
            if name.lower() in SHOWN_METRICS:
                self.metrics.setdefault(name.lower(), {})[epoch.epoch] = value


def read_curves(folder: Path) -> TrainingCurves:
    """Read the curves from the log of the run in `folder`; without a log they are empty."""
    curves = TrainingCurves()
    for message in read_log(folder):
        match message:
            case TrainingStep():
                curves.add_step(message)
            case TrainingEpoch():
                curves.add_epoch(message)
            case _:
                pass
    return curves
