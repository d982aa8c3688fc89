"""The scores of past windows, one row a window, for the lanes and the cursor."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from app.spectrogram.history.frame_history import FrameHistory
from core.inference.results import TagScores

_STORED = np.zeros(0, np.float32)
"""Stands in a stored window for the probabilities that are in the matrix."""


@dataclass(frozen=True, slots=True)
class KeptScores:
    """All scores of a file, as they are kept."""

    windows: NDArray[np.float32]
    """Probabilities of each window, `(windows, labels)`."""
    ends: NDArray[np.int64]
    """Its first frame and the one after its last, `(windows, 2)`."""
    rows: tuple[NDArray[np.uint8], ...]
    """Rows of 100 ms or more in 255ths, in arrays `(n, labels)` that follow one another; without a frame head one array
    without rows."""
    spans_s: NDArray[np.float64]
    """Where each row starts and stops, `(rows, 2)`."""


class ScoreHistory:
    """The newest `capacity` windows. Row *i* is valid from `starts_s[i]` to `stops_s[i]`.

    A live row is valid from the end of the row before to its own end: that is what was known at the time. A row of a
    file is valid from its window's start to the next window's start, and never beyond its own end.
    """

    def __init__(self, labels: int, *, is_live: bool, capacity: int = 4096) -> None:
        self.is_live = is_live
        self._capacity = capacity
        self._probabilities = np.zeros((64, labels), np.float32)
        self._starts_s = np.zeros(64)
        self._stops_s = np.zeros(64)
        self._is_whole = np.zeros(64, bool)
        """The window brought no rows of its own."""
        self._count = 0
        # The windows without their probabilities, which are kept once, in the matrix.
        self._windows: list[TagScores] = []
        self._last_found: tuple[TagScores, TagScores] | None = None
        self._frames = FrameHistory(labels)

    def __len__(self) -> int:
        return self._count

    def append(self, scores: TagScores) -> None:
        """Append a window. One that ends before the newest one restarts the history."""
        if self._count and scores.end_s < self._stops_s[self._count - 1]:
            self._count = 0
            self._windows.clear()
            self._frames.clear()
        self._make_room()
        row = self._count
        self._probabilities[row] = scores.probabilities
        self._stops_s[row] = scores.end_s
        self._starts_s[row] = self._start_of(scores, row)
        if scores.rows is not None:
            self._frames.append(scores.rows, float(self._starts_s[row]), scores.end_s)
        self._is_whole[row] = scores.rows is None
        self._windows.append(replace(scores, probabilities=_STORED, rows=None))
        self._count += 1

    @property
    def has_rows(self) -> bool:
        """Whether some window brought rows of 100 ms."""
        return bool(len(self._frames))

    def values(self, label: int) -> NDArray[np.float32]:
        """One label's probability in every row, `(rows,)`."""
        return self._probabilities[: self._count, label]

    def outline(self, label: int, start_s: float, stop_s: float) -> tuple[NDArray[np.float64], ...]:
        """One label's curve in a range of time: starts, stops and probabilities `(n,)` each, in order. Rows of 100 ms
        where a window brought some, else one row a window."""
        rows = self.rows_between(start_s, stop_s)
        windows = self.starts_s[rows], self.stops_s[rows], self.values(label)[rows].astype(np.float64)
        if not len(self._frames):
            return windows
        whole = self._is_whole[: self._count][rows]
        frames = self._frames.between(label, start_s, stop_s)
        joined = [np.concatenate([one[whole], other]) for one, other in zip(windows, frames, strict=True)]
        order = np.argsort(joined[0], kind="stable")
        return tuple(part[order] for part in joined)

    @property
    def starts_s(self) -> NDArray[np.float64]:
        """When each row starts to be valid."""
        return self._starts_s[: self._count]

    @property
    def stops_s(self) -> NDArray[np.float64]:
        """When each row stops being valid."""
        return self._stops_s[: self._count]

    def rows_between(self, start_s: float, stop_s: float) -> slice:
        """The rows that are valid anywhere in a range of time."""
        first = int(np.searchsorted(self.stops_s, start_s, side="right"))
        last = int(np.searchsorted(self.starts_s, stop_s, side="left"))
        return slice(first, max(first, last))

    def peaks(self, start_s: float, stop_s: float) -> NDArray[np.float32]:
        """Each label's highest probability in a range of time, `(labels,)`; zeros where there are no scores."""
        rows = self._probabilities[: self._count][self.rows_between(start_s, stop_s)]
        if not len(rows):
            return np.zeros(self._probabilities.shape[1], np.float32)
        return rows.max(axis=0)

    def highest(self, start_s: float, stop_s: float) -> TagScores | None:
        """Each label's highest probability in a range of time, or None where there are no scores."""
        windows = self._windows[self.rows_between(start_s, stop_s)]
        if not windows:
            return None
        return TagScores(self.peaks(start_s, stop_s), windows[0].start_frame, windows[-1].end_frame)

    def at(self, time_s: float) -> TagScores | None:
        """The window that is valid at a moment; None before the first one and in a gap.

        After the end of the last window, that window. The same window is the same object from call to call.
        """
        if not self._count or time_s < self._starts_s[0]:
            return None
        row = int(np.searchsorted(self.starts_s, time_s, side="right")) - 1
        is_in_gap = row + 1 < self._count and time_s > self._stops_s[row]
        return None if is_in_gap else self._window(row)

    def to_kept(self) -> KeptScores:
        """All scores, not copied: of a file that is over."""
        ends = np.array([(window.start_frame, window.end_frame) for window in self._windows], np.int64)
        windows, frames = self._probabilities[: self._count], self._frames
        return KeptScores(windows, ends.reshape(-1, 2), frames.blocks, frames.spans_s)

    @classmethod
    def from_kept(cls, kept: KeptScores) -> ScoreHistory:
        """The history of a file from its kept scores."""
        history = cls(kept.windows.shape[1], is_live=False, capacity=max(len(kept.windows), 1))
        for probabilities, (start, end) in zip(kept.windows, kept.ends.tolist(), strict=True):
            history.append(TagScores(probabilities, start, end))
        history._frames.restore(kept.rows, kept.spans_s)
        history._is_whole[:] = not history.has_rows
        return history

    def forget_before(self, time_s: float) -> None:
        """Forget the rows that ended before a moment, once they are many."""
        rows = int(np.searchsorted(self.stops_s, time_s, side="left"))
        if rows > max(self._count // 4, 64):
            self._drop_oldest(rows)
            self._frames.forget_before(time_s)

    def _window(self, row: int) -> TagScores:
        window = self._windows[row]
        if self._last_found is None or self._last_found[0] is not window:
            self._last_found = window, replace(window, probabilities=self._probabilities[row].copy())
        return self._last_found[1]

    def _start_of(self, scores: TagScores, row: int) -> float:
        if row and self.is_live:
            # Never across a gap: a window says nothing about lost sound.
            return max(float(self._stops_s[row - 1]), scores.start_s)
        if row:
            self._stops_s[row - 1] = min(self._stops_s[row - 1], scores.start_s)
        return scores.start_s

    def _make_room(self) -> None:
        if self._count == self._capacity:
            self._drop_oldest(self._capacity // 4)
            self._frames.forget_before(float(self._starts_s[0]))
        if self._count == len(self._starts_s):
            grown = min(2 * self._count, self._capacity)
            self._probabilities = np.resize(self._probabilities, (grown, self._probabilities.shape[1]))
            self._starts_s = np.resize(self._starts_s, grown)
            self._stops_s = np.resize(self._stops_s, grown)
            self._is_whole = np.resize(self._is_whole, grown)

    def _drop_oldest(self, rows: int) -> None:
        kept = self._count - rows
        for array in (self._probabilities, self._starts_s, self._stops_s, self._is_whole):
            array[:kept] = array[rows : self._count].copy()
        del self._windows[:rows]
        self._count = kept
