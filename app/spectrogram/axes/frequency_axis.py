"""The frequency axis on mel-spaced rows, and the range of rows in view."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import pyqtgraph as pg

from core.audio.mel_scale import hz_from_mel, mel_from_hz

LOWEST_HZ, HIGHEST_HZ = 20.0, 8000.0
TICKS_HZ = (250, 500, 1000, 2000, 4000, 8000)
FINER_TICKS_HZ = (range(1000, 8001, 1000), range(500, 8001, 500), range(100, 8001, 100), range(50, 1001, 50))
"""More frequencies to label when zoomed in, the roundest first."""
_MIN_ROW_PX = 15
"""The least distance between two labels of the frequency axis."""
_FINER_APART = 1.5
"""How many times that distance the less round frequencies need."""
_NARROWEST_ROWS = 8.0
"""The smallest range of mel rows that can be zoomed to."""


class FrequencyView:
    """Shows the mel rows from `low` to `high`; at first all `rows` of them."""

    def __init__(self, rows: int = 128) -> None:
        self._rows = float(rows)
        self.low, self.high = 0.0, self._rows

    def zoom(self, factor: float, anchor: float | None = None) -> None:
        """Show `factor` times as many rows; the row `anchor`, by default the middle, stays in place."""
        span = self.high - self.low
        wanted = min(max(span * factor, _NARROWEST_ROWS), self._rows)
        fixed = (self.low + self.high) / 2 if anchor is None else min(max(anchor, self.low), self.high)
        self._place(fixed - (fixed - self.low) * wanted / span, wanted)

    def move(self, by_rows: float) -> None:
        """Scroll upwards by `by_rows`, up to either end."""
        self._place(self.low + by_rows, self.high - self.low)

    def _place(self, low: float, span: float) -> None:
        self.low = min(max(low, 0.0), self._rows - span)
        self.high = self.low + span


class HertzAxis(pg.AxisItem):
    """Labels as many round frequencies as fit, at their mel rows."""

    def __init__(self, mels: int = 128) -> None:
        super().__init__("left")
        self._mels = mels
        self._ticks, *self._finer = ([self._row(hz) for hz in tier] for tier in (TICKS_HZ, *FINER_TICKS_HZ))
        self._names = {self._row(hz): _short_hertz(hz) for tier in (TICKS_HZ, *FINER_TICKS_HZ) for hz in tier}
        self.setStyle(tickLength=-4, hideOverlappingLabels=False)

    def _row(self, frequency_hz: int) -> float:
        return min(bin_position(frequency_hz, self._mels), float(self._mels))

    def tickValues(self, minVal: float, maxVal: float, size: float) -> list[tuple[float, list[float]]]:
        """Rows far enough apart for their labels, from the top; zoomed in, also less round frequencies."""
        apart = (maxVal - minVal) * _MIN_ROW_PX / max(size, 1.0)
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


def bin_position(frequency_hz: float, bins: int) -> float:
    """The height of a frequency in a picture of `bins` rows: 0 at the bottom edge, `bins` at the top edge.

    The mel range is divided into bins + 1 equal steps. Filter *i* peaks after step i + 1 and is drawn from i to i + 1.
    """
    low, high = mel_from_hz(LOWEST_HZ), mel_from_hz(HIGHEST_HZ)
    return float((mel_from_hz(float(frequency_hz)) - low) / (high - low) * (bins + 1) - 0.5)


def bin_frequency_hz(position: float, bins: int) -> float:
    """The inverse of `bin_position`."""
    low, high = mel_from_hz(LOWEST_HZ), mel_from_hz(HIGHEST_HZ)
    return float(hz_from_mel(low + (position + 0.5) / (bins + 1) * (high - low)))
