"""Rows of scores every 100 ms: from a model's columns to them, and the mean of overlapping windows. Knows no model."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from core.audio.log_mel import FRAMES_PER_SECOND
from core.inference.results import FrameScores

ROW_FRAMES = 10
ROW_S = ROW_FRAMES / FRAMES_PER_SECOND
"""Row i is what sounds from 100 i to 100 (i + 1) ms, whatever the model's strides."""


def rows_of(start_frame: int, n_frames: int) -> range:
    """The rows that begin within `n_frames` frames from `start_frame` on."""
    return range(-(-start_frame // ROW_FRAMES), -(-(start_frame + n_frames) // ROW_FRAMES))


def resample_columns(columns: NDArray[np.float32], times_s: NDArray[np.float64], rows: range) -> FrameScores:
    """Linear between the columns' centres, and the outermost column beyond them.

    columns: probabilities `(columns, labels)`; times_s: ascending, `(columns,)`, seconds since the stream began.
    """
    centres_s = _centres_s(rows)
    places = np.interp(centres_s, times_s, np.arange(len(times_s)))
    lower = places.astype(np.int64)
    upper = np.minimum(lower + 1, len(times_s) - 1)
    share = (places - lower).astype(np.float32)[:, None]
    return FrameScores((columns[lower] * (1 - share) + columns[upper] * share).astype(np.float32), centres_s)


def _centres_s(rows: range) -> NDArray[np.float64]:
    return ((np.arange(rows.start, rows.stop) + 0.5) * ROW_S).astype(np.float64)


def _first_row(scores: FrameScores) -> int:
    return round(float(scores.times_s[0]) / ROW_S - 0.5)


class RowMean:
    """The mean over windows that follow each other, of each row that no later window can touch."""

    def __init__(self, n_labels: int) -> None:
        self._first = 0
        self._sums = np.zeros((0, n_labels), np.float64)
        self._counts = np.zeros(0, np.int64)

    def add(self, scores: FrameScores) -> None:
        """Count one window's rows; windows come by their start, and none leaves rows out between it and the others."""
        if not len(scores.times_s):
            return
        place = _first_row(scores) - self._first
        assert 0 <= place <= len(self._sums), f"row {place} does not join {len(self._sums)} rows"
        missing = max(0, place + len(scores.times_s) - len(self._sums))
        self._sums = np.pad(self._sums, ((0, missing), (0, 0)))
        self._counts = np.pad(self._counts, (0, missing))
        self._sums[place : place + len(scores.times_s)] += scores.probabilities
        self._counts[place : place + len(scores.times_s)] += 1

    def take_unless_joined(self, scores: FrameScores) -> FrameScores:
        """All rows, when rows are missing between them and `scores`; then the next ones are those of `scores`."""
        end = self._first + len(self._sums)
        if not len(scores.times_s) or _first_row(scores) <= end:
            return self.take_before(self._first * ROW_FRAMES)
        rest = self.take_before(None)
        self._first = _first_row(scores)
        return rest

    def take_before(self, frame: int | None) -> FrameScores:
        """The rows that begin before `frame`, or all of them, once."""
        n_rows = len(self._sums)
        if frame is not None:
            n_rows = min(n_rows, max(0, -(-frame // ROW_FRAMES) - self._first))
        means = (self._sums[:n_rows] / self._counts[:n_rows, None]).astype(np.float32)
        times_s = _centres_s(range(self._first, self._first + n_rows))
        self._sums, self._counts, self._first = self._sums[n_rows:], self._counts[n_rows:], self._first + n_rows
        return FrameScores(means, times_s)
