"""Holds the newest rows of an endless stream, counted since its start. For one thread: it has no lock."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray


class RingBuffer:
    """A ring of rows; a row is a sample (`row_shape` empty) or an array of `row_shape`.

    start, end: positions of the oldest row and after the newest one, counted in rows since the stream began; it holds
    `end - start` rows, at most `capacity`.
    """

    def __init__(self, capacity: int, row_shape: tuple[int, ...] = (), dtype: DTypeLike = np.float32) -> None:
        if capacity < 1:
            raise ValueError(f"A ring buffer must hold at least one row, not {capacity}.")
        self.capacity = capacity
        self.row_shape = row_shape
        self.start = 0
        self.end = 0
        self._rows = np.zeros((capacity, *row_shape), dtype=dtype)

    def append(self, rows: ArrayLike) -> None:
        """Add rows `(n, *row_shape)`; the oldest ones are dropped."""
        rows = np.asarray(rows, dtype=self._rows.dtype)
        if rows.shape[1:] != self.row_shape or rows.ndim == 0:
            raise ValueError(f"Rows must have shape {self.row_shape}, not {rows.shape[1:]}.")
        kept = rows[-self.capacity :]
        first = (self.end + len(rows) - len(kept)) % self.capacity
        until_edge = min(len(kept), self.capacity - first)
        self._rows[first : first + until_edge] = kept[:until_edge]
        self._rows[: len(kept) - until_edge] = kept[until_edge:]
        self.end += len(rows)
        self.start = max(self.start, self.end - self.capacity)

    def read(self, start: int, stop: int) -> NDArray[Any]:
        """A copy of rows `start` to `stop` (exclusive). Raises IndexError if one of them is not held."""
        if not self.start <= start <= stop <= self.end:
            raise IndexError(f"Rows {start} to {stop} were requested; {self.start} to {self.end} are held.")
        first = start % self.capacity
        until_edge = min(stop - start, self.capacity - first)
        rows = np.empty((stop - start, *self.row_shape), dtype=self._rows.dtype)
        rows[:until_edge] = self._rows[first : first + until_edge]
        rows[until_edge:] = self._rows[: stop - start - until_edge]
        return rows

    def skip_to(self, position: int) -> None:
        """Drop all rows; the next row is at `position`, which must not be before `end`."""
        if position < self.end:
            raise ValueError(f"The stream is at row {self.end} and cannot go back to {position}.")
        self.start = self.end = position
