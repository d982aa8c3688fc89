"""Probabilities over time, one row a window, for lanes and cursor. Knows no model and no Qt."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from core.inference.results import TagScores


class ScoreHistory:
    """The newest `capacity` windows. Row *i* holds from `starts_s[i]` to `stops_s[i]`.

    A live row holds since the row before it until its own end: that is what was known at the time. A file's row
    holds from the window's start to the next window's start, and never beyond its own end.
    """

    def __init__(self, labels: int, *, is_live: bool, capacity: int = 4096) -> None:
        self.is_live = is_live
        self._capacity = capacity
        self._probabilities = np.zeros((64, labels), np.float16)
        self._starts_s = np.zeros(64)
        self._stops_s = np.zeros(64)
        self._count = 0
        self._scores: list[TagScores] = []

    def __len__(self) -> int:
        return self._count

    def append(self, scores: TagScores) -> None:
        """Add a window. Windows come in order of time; one that does not starts the track anew."""
        if self._count and scores.end_s < self._stops_s[self._count - 1]:
            self._count = 0
            self._scores.clear()
        self._make_room()
        row = self._count
        self._probabilities[row] = scores.probabilities
        self._stops_s[row] = scores.end_s
        self._starts_s[row] = self._start_of(scores, row)
        self._scores.append(scores)
        self._count += 1

    def values(self, label: int) -> NDArray[np.float16]:
        """One label's probability in every row."""
        return self._probabilities[: self._count, label]

    @property
    def starts_s(self) -> NDArray[np.float64]:
        """Where each row begins to hold."""
        return self._starts_s[: self._count]

    @property
    def stops_s(self) -> NDArray[np.float64]:
        """Where each row ends to hold."""
        return self._stops_s[: self._count]

    def rows_between(self, start_s: float, stop_s: float) -> slice:
        """The rows that hold anywhere in a stretch of time."""
        first = int(np.searchsorted(self.stops_s, start_s, side="right"))
        last = int(np.searchsorted(self.starts_s, stop_s, side="left"))
        return slice(first, max(first, last))

    def peaks(self, start_s: float, stop_s: float) -> NDArray[np.float32]:
        """Each label's highest probability in a stretch of time; zeros where nothing was scored."""
        rows = self._probabilities[: self._count][self.rows_between(start_s, stop_s)]
        if not len(rows):
            return np.zeros(self._probabilities.shape[1], np.float32)
        return rows.max(axis=0).astype(np.float32)

    def highest(self, start_s: float, stop_s: float) -> TagScores | None:
        """Each label's highest probability in a stretch of time, or None where nothing was scored."""
        rows = self.rows_between(start_s, stop_s)
        scores = self._scores[rows]
        if not scores:
            return None
        return TagScores(self.peaks(start_s, stop_s), scores[0].start_frame, scores[-1].end_frame)

    def at(self, time_s: float) -> TagScores | None:
        """The window that holds at a moment, or None before the first and in a gap; after the last one it still
        holds."""
        if not self._count or time_s < self._starts_s[0]:
            return None
        row = int(np.searchsorted(self.starts_s, time_s, side="right")) - 1
        is_in_gap = row + 1 < self._count and time_s > self._stops_s[row]
        return None if is_in_gap else self._scores[row]

    def _start_of(self, scores: TagScores, row: int) -> float:
        if row and self.is_live:
            # Never across a gap: a window speaks for what it heard.
            return max(float(self._stops_s[row - 1]), scores.start_s)
        if row:
            self._stops_s[row - 1] = min(self._stops_s[row - 1], scores.start_s)
        return scores.start_s

    def _make_room(self) -> None:
        if self._count == self._capacity:
            self._drop_oldest(self._capacity // 4)
        if self._count == len(self._starts_s):
            grown = min(2 * self._count, self._capacity)
            self._probabilities = np.resize(self._probabilities, (grown, self._probabilities.shape[1]))
            self._starts_s = np.resize(self._starts_s, grown)
            self._stops_s = np.resize(self._stops_s, grown)

    def _drop_oldest(self, rows: int) -> None:
        kept = self._count - rows
        for array in (self._probabilities, self._starts_s, self._stops_s):
            array[:kept] = array[rows : self._count].copy()
        del self._scores[:rows]
        self._count = kept
