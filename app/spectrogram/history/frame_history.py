"""The probabilities of frames, one row every 100 ms, for the outlines of the lanes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from core.inference.frame_rows import ROW_S
from core.inference.results import FrameScores

_STEPS = 255
MOST_ROWS = 200_000
"""Five and a half hours. Of longer sound the rows get coarser."""
_CLOSE_S = 1e-6


class FrameHistory:
    """The newest rows of a model with a frame head, a byte a label: 1/255 is finer than a lane can show."""

    def __init__(self, labels: int, most_rows: int = MOST_ROWS) -> None:
        self._most_rows = most_rows
        self._values = np.zeros((64, labels), np.uint8)
        self._spans_s = np.zeros((64, 2))
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def append(self, rows: FrameScores, start_s: float, stop_s: float) -> None:
        """Append the rows of a window, as far as they lie from start_s to stop_s."""
        starts_s = np.maximum(rows.times_s - ROW_S / 2, start_s)
        stops_s = np.minimum(rows.times_s + ROW_S / 2, stop_s)
        is_inside = stops_s > starts_s + _CLOSE_S
        for row, start, stop in zip(
            rows.probabilities[is_inside], starts_s[is_inside].tolist(), stops_s[is_inside].tolist(), strict=True
        ):
            self._add(row, start, stop)

    def between(self, label: int, start_s: float, stop_s: float) -> tuple[NDArray[np.float64], ...]:
        """Starts, stops and probabilities of one label in the rows that touch a range of time, `(n,)` each."""
        spans_s = self._spans_s[: self._count]
        first = int(np.searchsorted(spans_s[:, 1], start_s, side="right"))
        last = max(int(np.searchsorted(spans_s[:, 0], stop_s, side="left")), first)
        values = self._values[first:last, label].astype(np.float64) / _STEPS
        return spans_s[first:last, 0], spans_s[first:last, 1], values

    @property
    def values(self) -> NDArray[np.uint8]:
        """All rows `(rows, labels)`, in 255ths."""
        return self._values[: self._count]

    @property
    def spans_s(self) -> NDArray[np.float64]:
        """Where each row starts and stops, `(rows, 2)`."""
        return self._spans_s[: self._count]

    def restore(self, values: NDArray[np.uint8], spans_s: NDArray[np.float64]) -> None:
        """Have these rows instead, as `values` and `spans_s` gave them."""
        self._values, self._spans_s, self._count = values, spans_s, len(values)

    def forget_before(self, time_s: float) -> None:
        """Forget the rows that ended before a moment."""
        gone = int(np.searchsorted(self._spans_s[: self._count, 1], time_s, side="left"))
        kept = self._count - gone
        for array in (self._values, self._spans_s):
            array[:kept] = array[gone : self._count].copy()
        self._count = kept

    def clear(self) -> None:
        """Forget all rows."""
        self._count = 0

    def _add(self, row: NDArray[np.float32], start_s: float, stop_s: float) -> None:
        if self._count >= self._most_rows:
            self._join_pairs()
        if self._count == len(self._spans_s):
            more = max(self._count, 64)
            self._values = np.concatenate([self._values, np.zeros((more, self._values.shape[1]), np.uint8)])
            self._spans_s = np.concatenate([self._spans_s, np.zeros((more, 2))])
        self._values[self._count] = np.round(np.clip(row, 0, 1) * _STEPS)
        self._spans_s[self._count] = start_s, stop_s
        self._count += 1

    def _join_pairs(self) -> None:
        """Make one row of every two that touch, with the highest of each label."""
        firsts = np.arange(0, self._count - 1, 2)
        touch = self._spans_s[firsts + 1, 0] <= self._spans_s[firsts, 1] + _CLOSE_S
        firsts = firsts[touch]
        self._values[firsts] = np.maximum(self._values[firsts], self._values[firsts + 1])
        self._spans_s[firsts, 1] = self._spans_s[firsts + 1, 1]
        kept = np.ones(self._count, bool)
        kept[firsts + 1] = False
        count = int(kept.sum())
        for array in (self._values, self._spans_s):
            array[:count] = array[: self._count][kept]
        self._count = count
