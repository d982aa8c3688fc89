"""Holds the newest rows of an endless stream, counted since its start. One owner, no lock; knows no audio."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray


class RingBuffer:
    """Rows go in, copies come out. A row is a sample (`row_shape` empty) or an array of `row_shape`.

    start, end: positions of the oldest row still held and of the next row to come, counted in rows since the
    stream began; `end - start` rows are held, at most `capacity`.
    """

    def __init__(self, capacity: int, row_shape: tuple[int, ...] = (), dtype: DTypeLike = np.float32) -> None:
        if capacity < 1:
            raise ValueError(f"A ring buffer holds at least one row, not {capacity}.")
        self.capacity = capacity
        self.row_shape = row_shape
        self.start = 0
        self.end = 0
        self._rows = np.zeros((capacity, *row_shape), dtype=dtype)

    def append(self, rows: ArrayLike) -> None:
        """Take rows `(n, *row_shape)`; the oldest ones make room."""
        rows = np.asarray(rows, dtype=self._rows.dtype)
        if rows.shape[1:] != self.row_shape or rows.ndim == 0:
            raise ValueError(f"Rows of shape {self.row_shape} are held here; these are {rows.shape[1:]}.")
        kept = rows[-self.capacity :]
        first = (self.end + len(rows) - len(kept)) % self.capacity
        until_edge = min(len(kept), self.capacity - first)
        self._rows[first : first + until_edge] = kept[:until_edge]
        self._rows[: len(kept) - until_edge] = kept[until_edge:]
        self.end += len(rows)
        self.start = max(self.start, self.end - self.capacity)

    def latest(self, n: int) -> NDArray[Any]:
        """A copy of the newest `n` rows, in order; of all that are held when they are fewer."""
        return self.read(max(self.start, self.end - n), self.end)

    def read(self, start: int, stop: int) -> NDArray[Any]:
        """A copy of rows `start` to `stop` (not included). Raises IndexError when one of them is not held."""
        if not self.start <= start <= stop <= self.end:
            raise IndexError(f"Rows {start} to {stop} were asked for; {self.start} to {self.end} are held.")
        first = start % self.capacity
        until_edge = min(stop - start, self.capacity - first)
        rows = np.empty((stop - start, *self.row_shape), dtype=self._rows.dtype)
        rows[:until_edge] = self._rows[first : first + until_edge]
        rows[until_edge:] = self._rows[: stop - start - until_edge]
        return rows

    def skip_to(self, position: int) -> None:
        """Forget what is held; the next row stands at `position`, which is not before `end`."""
        if position < self.end:
            raise ValueError(f"The stream stands at row {self.end} and does not go back to {position}.")
        self.start = self.end = position
