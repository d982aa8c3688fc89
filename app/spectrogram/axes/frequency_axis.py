"""The frequency axis on one of the scales, and the range of it in view."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import pyqtgraph as pg

from app.spectrogram.axes.frequency_scale import SCALES, FrequencyScale
from app.style.text_size import scaled_px

FINER_TICKS_HZ = (range(1000, 8001, 1000), range(500, 8001, 500), range(100, 8001, 100), range(50, 1001, 50))
"""More frequencies to label when zoomed in, the roundest first."""
_MIN_ROW_PX = 15
"""The least distance between two labels of the frequency axis."""
_FINER_APART = 1.5
"""How many times that distance the less round frequencies need."""
_NARROWEST_ROWS = 8.0
"""The smallest range that can be zoomed to."""


class FrequencyView:
    """Shows the positions from `low` to `high` of a scale; at first all `rows` of them."""

    def __init__(self, rows: int = 128) -> None:
        self._rows = float(rows)
        self.low, self.high = 0.0, self._rows

    def zoom(self, factor: float, anchor: float | None = None) -> None:
        """Show `factor` times as much; the position `anchor`, by default the middle, stays in place."""
        span = self.high - self.low
        wanted = min(max(span * factor, _NARROWEST_ROWS), self._rows)
        fixed = (self.low + self.high) / 2 if anchor is None else min(max(anchor, self.low), self.high)
        self._place(fixed - (fixed - self.low) * wanted / span, wanted)

    def move(self, by_rows: float) -> None:
        """Scroll upwards by `by_rows`, up to either end."""
        self._place(self.low + by_rows, self.high - self.low)

    def show_all(self) -> None:
        """Show all of the scale."""
        self._place(0.0, self._rows)

    def _place(self, low: float, span: float) -> None:
        self.low = min(max(low, 0.0), self._rows - span)
        self.high = self.low + span


class HertzAxis(pg.AxisItem):
    """Labels as many round frequencies as fit, at their places on the scale."""

    def __init__(self, mels: int = 128) -> None:
        super().__init__("left")
        self._mels = mels
        self.set_scale(SCALES["mel"])
        self.setStyle(tickLength=-4, hideOverlappingLabels=False)

    def set_scale(self, scale: FrequencyScale) -> None:
        """Label the frequencies of another scale."""
        self._scale = scale
        tiers = (scale.ticks_hz, *FINER_TICKS_HZ)
        self._ticks, *self._finer = ([self._row(hz) for hz in tier] for tier in tiers)
        self._names = {self._row(hz): _short_hertz(hz) for tier in tiers for hz in tier}
        self.picture = None
        self.update()

    def _row(self, frequency_hz: int) -> float:
        return min(self._scale.position(frequency_hz, self._mels), float(self._mels))

    def tickValues(self, minVal: float, maxVal: float, size: float) -> list[tuple[float, list[float]]]:
        """Rows far enough apart for their labels, from the top; zoomed in, also less round frequencies."""
        apart = (maxVal - minVal) * scaled_px(_MIN_ROW_PX) / max(size, 1.0)
        kept: list[float] = []
        for row in reversed(self._ticks):
            if minVal <= row <= maxVal and (not kept or kept[-1] - row >= apart):
                kept.append(row)
        if maxVal - minVal < self._mels:
            for tier in self._finer:
                # All of these frequencies in view or none of them, so that the steps between labels are even.
                in_view = [row for row in tier if minVal <= row <= maxVal]
                rows = sorted({*kept, *in_view})
                if all(above - below >= _FINER_APART * apart for below, above in pairwise(rows)):
                    kept = rows[::-1]
        return [(apart, kept)]

    def tickStrings(self, values: Sequence[float], scale: float, spacing: float) -> list[str]:
        """The frequency of each row."""
        return [self._names[row] for row in values]


def _short_hertz(frequency_hz: int) -> str:
    return f"{frequency_hz / 1000:g}k" if frequency_hz >= 1000 else str(frequency_hz)
