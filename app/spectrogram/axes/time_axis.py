"""The time axis: seconds before now, the time of day, or the time since the start of a file."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from enum import Enum
from typing import Any

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray

from app.spectrogram.history.wall_clock import round_moments
from app.style import formatting
from app.style.text_size import scaled_px

Floats = NDArray[np.float64]

_STEPS_S = (0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1800, 3600)
_MIN_TICK_PX = 90
"""The least distance between two labels of the time axis."""


class TimeLabels(Enum):
    """What the time axis counts."""

    BEFORE_NOW = 1
    """Seconds before now."""
    CLOCK = 2
    """The time of day."""
    IN_FILE = 3
    """The time since the start of the file."""


class TimeAxis(pg.AxisItem):
    """Labels moments. wall_clock: turns stream seconds `(n,)` into seconds since 1970, for CLOCK."""

    def __init__(self, wall_clock: Callable[[Floats], Floats]) -> None:
        super().__init__("bottom")
        self._wall_clock = wall_clock
        self._labels = TimeLabels.BEFORE_NOW
        self.setStyle(tickLength=-4, hideOverlappingLabels=False)

    def set_labels(self, labels: TimeLabels) -> None:
        """Change what the axis counts."""
        if labels is not self._labels:
            self._labels = labels
            self.picture = None
            self.update()

    def tickSpacing(self, minVal: float, maxVal: float, size: float) -> list[tuple[float, float]]:
        """Round steps of time, far enough apart for their labels."""
        wanted_s = (maxVal - minVal) * scaled_px(_MIN_TICK_PX) / max(size, 1.0)
        return [(next((step for step in _STEPS_S if step >= wanted_s), _STEPS_S[-1]), 0.0)]

    def tickValues(self, minVal: float, maxVal: float, size: float) -> list[tuple[float, list[float]]]:
        """The moments to label; those of the time of day are round by the clock, whenever listening began."""
        if self._labels is not TimeLabels.CLOCK:
            return super().tickValues(minVal, maxVal, size)
        [(step_s, _)] = self.tickSpacing(minVal, maxVal, size)
        return [(step_s, round_moments(minVal, maxVal, step_s, self._wall_clock))]

    def tickStrings(self, values: Sequence[float], scale: float, spacing: float) -> list[str]:
        """The label of each tick."""
        return [self.label_of(value, tenths=spacing < 1) for value in values]

    def label_of(self, value_s: float, *, tenths: bool = True) -> str:
        """The label of one moment."""
        if self._labels is TimeLabels.BEFORE_NOW:
            return formatting.seconds_ago(value_s)
        if self._labels is TimeLabels.CLOCK:
            return _clock(float(self._wall_clock(np.array([value_s]))[0]), tenths)
        return formatting.duration(max(value_s, 0.0), tenths=tenths) if value_s > -0.05 else ""

    def generateDrawSpecs(self, p: Any) -> Any:
        """As the parent does, with the outermost labels moved inwards so that they are not cut off."""
        specs = super().generateDrawSpecs(p)
        if specs is None:
            return None
        axis, ticks, texts = specs
        bounds = self.mapRectFromParent(self.geometry())
        return axis, ticks, [(_kept_inside(rect, bounds), flags, text) for rect, flags, text in texts]


def _kept_inside(rect: Any, bounds: Any) -> Any:
    shift = max(bounds.left() - rect.left(), 0.0) - max(rect.right() - bounds.right(), 0.0)
    return rect.translated(shift, 0.0)


def _clock(epoch_s: float, tenths: bool) -> str:
    # Half a millisecond more, so that a round moment is not shown as the second before it.
    moment = datetime.fromtimestamp(epoch_s + 0.0005)
    text = moment.strftime("%H:%M:%S")
    return f"{text}.{moment.microsecond // 100000}" if tenths else text
