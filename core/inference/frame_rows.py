"""Rows of scores every 100 ms: resampled from a model's columns, and averaged over overlapping windows."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from core.audio.frame_rate import FRAMES_PER_SECOND
from core.inference.results import FrameScores, TagScores

ROW_FRAMES = 10
ROW_S = ROW_FRAMES / FRAMES_PER_SECOND
"""Row i covers 100 i to 100 (i + 1) ms, whatever the model's strides."""


def rows_of(start_frame: int, n_frames: int) -> range:
    """The rows that begin within `n_frames` frames from `start_frame` on."""
    return range(-(-start_frame // ROW_FRAMES), -(-(start_frame + n_frames) // ROW_FRAMES))


def resample_columns(columns: NDArray[np.float32], times_s: NDArray[np.float64], rows: range) -> FrameScores:
    """Interpolate linearly between the columns' centres; beyond them the outermost column counts.

    columns: probabilities `(columns, labels)`; times_s: ascending, `(columns,)`, seconds since the stream began.
    """
    centres_s = _centres_s(rows)
    places = np.interp(centres_s, times_s, np.arange(len(times_s)))
    lower = places.astype(np.int64)
    upper = np.minimum(lower + 1, len(times_s) - 1)
    share = (places - lower).astype(np.float32)[:, None]
    return FrameScores((columns[lower] * (1 - share) + columns[upper] * share).astype(np.float32), centres_s)


def window_of(rows: FrameScores) -> TagScores:
    """Rows, at least one, as a window that covers them, with the highest of each label; it ends with what was heard."""
    first, end_frame = _first_row(rows), ROW_FRAMES * (_first_row(rows) + len(rows.times_s))
    heard = round(rows.heard_s * FRAMES_PER_SECOND)
    end_frame = min(end_frame, heard) if heard > ROW_FRAMES * first else end_frame
    return TagScores(rows.probabilities.max(axis=0), ROW_FRAMES * first, end_frame, rows=rows)


def _centres_s(rows: range) -> NDArray[np.float64]:
    return ((np.arange(rows.start, rows.stop) + 0.5) * ROW_S).astype(np.float64)


def _first_row(scores: FrameScores) -> int:
    return round(float(scores.times_s[0]) / ROW_S - 0.5)


class RowMean:
    """Averages rows over overlapping windows, and releases each row once no later window can change it."""

    def __init__(self, n_labels: int) -> None:
        self._first = 0
        self._sums = np.zeros((0, n_labels), np.float64)
        self._counts = np.zeros(0, np.int64)

    def add(self, scores: FrameScores) -> None:
        """Add one window's rows. Windows come in order of their start, without gaps between them. Rows that have been
        released stay as they are: the last window of a file may reach back to them."""
        n_released = max(0, self._first - _first_row(scores)) if len(scores.times_s) else 0
        scores = replace(scores, probabilities=scores.probabilities[n_released:], times_s=scores.times_s[n_released:])
        if not len(scores.times_s):
            return
        place = _first_row(scores) - self._first
        assert place <= len(self._sums), f"row {place} does not join {len(self._sums)} rows"
        missing = max(0, place + len(scores.times_s) - len(self._sums))
        self._sums = np.pad(self._sums, ((0, missing), (0, 0)))
        self._counts = np.pad(self._counts, (0, missing))
        self._sums[place : place + len(scores.times_s)] += scores.probabilities
        self._counts[place : place + len(scores.times_s)] += 1

    def pop_before_gap(self, scores: FrameScores) -> FrameScores:
        """All rows, if there is a gap between them and `scores`, whose rows come next; otherwise none."""
        end = self._first + len(self._sums)
        if not len(scores.times_s) or _first_row(scores) <= end:
            return self.pop_before(self._first * ROW_FRAMES)
        rest = self.pop_before(None)
        self._first = _first_row(scores)
        return rest

    def pop_before(self, frame: int | None) -> FrameScores:
        """Remove and return the rows that begin before `frame`, or all of them."""
        n_rows = len(self._sums)
        if frame is not None:
            n_rows = min(n_rows, max(0, -(-frame // ROW_FRAMES) - self._first))
        means = (self._sums[:n_rows] / self._counts[:n_rows, None]).astype(np.float32)
        times_s = _centres_s(range(self._first, self._first + n_rows))
        self._sums, self._counts, self._first = self._sums[n_rows:], self._counts[n_rows:], self._first + n_rows
        return FrameScores(means, times_s)
