"""The probabilities of frames, one row every 100 ms, for the outlines of the lanes."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from core.inference.frame_rows import ROW_S
from core.inference.results import FrameScores

_STEPS = 255
MOST_ROWS = 150_000
"""Four hours. Of longer sound the rows are twice as long, four times, …, all alike."""
_BLOCK = 4096
_CLOSE_S = 1e-6


class FrameHistory:
    """The newest rows of a model with a frame head, a byte a label: 1/255 is finer than a lane can show.

    Rows lie in blocks, so that a longer history takes no more than its rows: what grows as one array is there twice
    while it grows.
    """

    def __init__(self, labels: int, most_rows: int = MOST_ROWS) -> None:
        self._labels, self._most_rows = labels, most_rows
        self._blocks: list[NDArray[np.uint8]] = []
        self._skipped = 0
        """Rows of the first block that are forgotten."""
        self._spans_s = np.zeros((64, 2))
        self._count = 0
        self._per_row = 1
        """Rows of 100 ms in one of these."""
        self._joined = 0
        """Rows of 100 ms in the newest one."""

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
        values = [block[:, label] for block in self._blocks_of(first, last)]
        joined = np.concatenate(values) if values else np.zeros(0, np.uint8)
        return spans_s[first:last, 0], spans_s[first:last, 1], joined.astype(np.float64) / _STEPS

    @property
    def blocks(self) -> tuple[NDArray[np.uint8], ...]:
        """All rows in order, in 255ths, some thousand in an array `(rows, labels)`; at least one array."""
        return tuple(self._blocks_of(0, self._count)) or (np.zeros((0, self._labels), np.uint8),)

    @property
    def spans_s(self) -> NDArray[np.float64]:
        """Where each row starts and stops, `(rows, 2)`."""
        return self._spans_s[: self._count]

    def restore(self, blocks: Sequence[NDArray[np.uint8]], spans_s: NDArray[np.float64]) -> None:
        """Have these rows instead, as `blocks` and `spans_s` gave them."""
        self.clear()
        for values in blocks:
            for start in range(0, len(values), _BLOCK):
                part = values[start : start + _BLOCK]
                self._append(part, spans_s[self._count : self._count + len(part)])

    def forget_before(self, time_s: float) -> None:
        """Forget the rows that ended before a moment."""
        gone = int(np.searchsorted(self._spans_s[: self._count, 1], time_s, side="left"))
        kept = self._count - gone
        self._spans_s[:kept] = self._spans_s[gone : self._count].copy()
        n_blocks, self._skipped = divmod(self._skipped + gone, _BLOCK)
        del self._blocks[:n_blocks]
        self._count = kept

    def clear(self) -> None:
        """Forget all rows."""
        self._blocks.clear()
        self._count = self._skipped = self._joined = 0
        self._per_row = 1

    def _blocks_of(self, first: int, last: int) -> Iterator[NDArray[np.uint8]]:
        """Rows `[first, last)`, a part of a block at a time."""
        first, last = first + self._skipped, last + self._skipped
        while first < last:
            place = first % _BLOCK
            yield self._blocks[first // _BLOCK][place : place + last - first]
            first += _BLOCK - place

    def _add(self, row: NDArray[np.float32], start_s: float, stop_s: float) -> None:
        values = np.round(np.clip(row, 0, 1) * _STEPS).astype(np.uint8)
        if 0 < self._joined < self._per_row and start_s <= self._spans_s[self._count - 1, 1] + _CLOSE_S:
            [newest] = self._blocks_of(self._count - 1, self._count)
            np.maximum(newest[0], values, out=newest[0])
            self._spans_s[self._count - 1, 1] = stop_s
            self._joined += 1
            return
        if self._count >= self._most_rows:
            self._join_pairs()
        self._append(values[None], np.array([[start_s, stop_s]]))
        self._joined = 1

    def _append(self, values: NDArray[np.uint8], spans_s: NDArray[np.float64]) -> None:
        """Append rows `(n, labels)`, at most a block of them."""
        if self._skipped + self._count + len(values) > _BLOCK * len(self._blocks):
            self._blocks.append(np.zeros((_BLOCK, self._labels), np.uint8))
        while len(self._spans_s) < self._count + len(values):
            self._spans_s = np.concatenate([self._spans_s, np.zeros((max(self._count, 64), 2))])
        stop = self._count + len(values)
        self._spans_s[self._count : stop] = spans_s
        for part in self._blocks_of(self._count, stop):
            part[:] = values[: len(part)]
            values = values[len(part) :]
        self._count = stop

    def _join_pairs(self) -> None:
        """Make one row of every two that touch, with the highest of each label."""
        before, spans_s, per_row = deque(self.blocks), self.spans_s.copy(), 2 * self._per_row
        self.clear()
        self._per_row = per_row
        while before:
            block = before.popleft()
            self._append(*_joined(block, spans_s[: len(block)]))
            spans_s = spans_s[len(block) :]


def _joined(values: NDArray[np.uint8], spans_s: NDArray[np.float64]) -> tuple[NDArray[np.uint8], NDArray[np.float64]]:
    """Rows and their spans, one of every two that touch."""
    firsts = np.arange(0, len(values) - 1, 2)
    firsts = firsts[spans_s[firsts + 1, 0] <= spans_s[firsts, 1] + _CLOSE_S]
    values, spans_s = values.copy(), spans_s.copy()
    values[firsts] = np.maximum(values[firsts], values[firsts + 1])
    spans_s[firsts, 1] = spans_s[firsts + 1, 1]
    kept = np.ones(len(values), bool)
    kept[firsts + 1] = False
    return values[kept], spans_s[kept]
