"""The recent columns of a log-mel stream, one byte a cell; time without sound takes no memory."""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections import deque

import numpy as np
from numpy.typing import NDArray

from app.spectrogram.history.column_block import BLOCK, FACTOR, ColumnBlock, level_for
from core.inference.results import FrameRun

FLOOR_DB, CEILING_DB = -70.0, 50.0
"""The range of a byte, from silence (-69 dB) to above full scale (about +40 dB), in steps of 0.47 dB."""
DB_PER_NEPER = 10 / math.log(10)
LAG_S = 0.0075
"""A column is made of a window of 25 ms that begins with it, so it tells of sound around the middle of that: this much
after its own middle. What is drawn and read at a moment is the column whose window is around it."""
_STEPS_PER_DB = 255 / (CEILING_DB - FLOOR_DB)


def quantise(log_mel: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Natural-log mel energies of any shape as bytes between FLOOR_DB and CEILING_DB."""
    steps = (log_mel * DB_PER_NEPER - FLOOR_DB) * _STEPS_PER_DB
    return np.clip(steps + 0.5, 0, 255).astype(np.uint8)


def byte_db(value: int) -> float:
    """The level that a byte stands for, dB."""
    return FLOOR_DB + value / _STEPS_PER_DB


class ColumnHistory:
    """The newest `capacity` columns of sound; column *i* starts at `i / columns_per_s` seconds.

    Gaps between them do not count. Memory is taken as sound comes in. Used by the GUI thread only.
    """

    def __init__(self, capacity: int, *, mels: int = 128, columns_per_s: float = 100.0) -> None:
        self.mels = mels
        """The number of rows."""
        self.columns_per_s = columns_per_s
        self.end = 0
        """The index after the newest column."""
        self.gaps: list[tuple[int, int]] = []
        """Columns `[start, stop)` that stand for lost sound, in order."""
        self.generation = 0
        """Changes whenever columns that were read before may have changed."""
        self._capacity = capacity
        self._blocks: dict[int, ColumnBlock] = {}
        # The runs of columns that are kept, [start, stop), and how many columns they are together.
        self._runs: deque[tuple[int, int]] = deque()
        self._kept = 0

    @property
    def first(self) -> int:
        """The index of the oldest column kept."""
        return self._runs[0][0] if self._runs else self.end

    @property
    def start_s(self) -> float:
        """The oldest moment kept, in seconds."""
        return self.first / self.columns_per_s

    @property
    def end_s(self) -> float:
        """The newest moment, in seconds."""
        return self.end / self.columns_per_s

    @property
    def runs(self) -> tuple[tuple[int, int], ...]:
        """The columns that are kept, `[start, stop)`, in order; between them lie gaps."""
        return tuple(self._runs)

    def gaps_between(self, start_s: float, stop_s: float) -> tuple[tuple[float, float], ...]:
        """The stretches without sound that touch a range of time, `[start, stop)` in seconds, whole."""
        rate = self.columns_per_s
        first = bisect_right(self.gaps, start_s * rate, key=lambda gap: gap[1])
        last = bisect_left(self.gaps, stop_s * rate, key=lambda gap: gap[0])
        return tuple((start / rate, stop / rate) for start, stop in self.gaps[first:last])

    def gap_at(self, time_s: float) -> tuple[float, float] | None:
        """The stretch without sound that a moment is in, `[start, stop)` in seconds."""
        place = bisect_right(self.gaps, time_s * self.columns_per_s, key=lambda gap: gap[1])
        if place == len(self.gaps) or self.gaps[place][0] > time_s * self.columns_per_s:
            return None
        return self.gaps[place][0] / self.columns_per_s, self.gaps[place][1] / self.columns_per_s

    def is_gap(self, time_s: float) -> bool:
        """Whether a moment is in a stretch without sound."""
        return self.gap_at(time_s) is not None

    def keep(self, capacity: int) -> None:
        """Keep so many columns from now on; where that is fewer, the oldest are forgotten."""
        self._capacity = capacity
        self._drop_oldest()

    def clear(self) -> None:
        """Delete all columns and start again at 0."""
        self.end = self._kept = 0
        self._blocks.clear()
        self._runs.clear()
        self.gaps.clear()
        self.generation += 1

    def append(self, run: FrameRun) -> None:
        """Append frames. A jump ahead is a gap; a step back starts a new stream."""
        if not len(run.frames):
            return
        if run.first_frame < self.end:
            self.clear()
        if self._runs and run.first_frame > self.end:
            self._note_gap(self.end, run.first_frame)
        self.end = run.first_frame
        self._write(quantise(run.frames))
        if run.is_gap:
            self._note_gap(run.first_frame, self.end)

    def columns(self, start: int, stop: int) -> NDArray[np.uint8]:
        """Bytes `(stop - start, mels)`; 0 where nothing is kept."""
        found = self._cells(0, start, stop)
        found[: max(self.first - start, 0)] = 0
        return found

    def pooled(self, start: int, stop: int, columns_per_pixel: float) -> NDArray[np.uint8]:
        """Pixel columns `(stop - start, mels)`, each the maximum of the columns that it covers.

        Pixel *p* covers the columns from `p * columns_per_pixel` on. These stay the same while the view scrolls, so
        the picture does not flicker, and the maximum keeps a short click visible. Where a pixel covers many columns its
        edges are rounded, by less than a quarter of a pixel, and no column is left out.
        """
        level = level_for(columns_per_pixel)
        cells_per_pixel = columns_per_pixel / FACTOR**level
        edges = np.floor(np.arange(start, stop + 1) * cells_per_pixel + 1e-6).astype(np.int64)
        first, last = int(edges[0]), int(max(edges[-1], edges[-2] + 1))
        cells = self._cells(level, first, last) if level else self.columns(first, last)
        return np.maximum.reduceat(cells, edges[:-1] - first, axis=0)

    def byte_at(self, time_s: float, mel: int) -> int | None:
        """The byte at a moment and row, as the picture shows it, or None where no sound is kept."""
        column = math.floor((time_s - LAG_S) * self.columns_per_s)
        if not (self.first <= column < self.end and 0 <= mel < self.mels):
            return None
        block = self._blocks.get(column // BLOCK)
        if block is None or self.is_gap(time_s):
            return None
        return int(block.levels[0][column % BLOCK, mel])

    def _cells(self, level: int, start: int, stop: int) -> NDArray[np.uint8]:
        """Cells `[start, stop)` of a level, `(stop - start, mels)`; 0 where there is no block."""
        found = np.zeros((stop - start, self.mels), np.uint8)
        size = BLOCK // FACTOR**level
        for place in range(start // size, -(-stop // size)):
            block = self._blocks.get(place)
            if block is not None:
                low, high = max(start, place * size), min(stop, (place + 1) * size)
                found[low - start : high - start] = block.levels[level][low - place * size : high - place * size]
        return found

    def _note_gap(self, start: int, stop: int) -> None:
        if self.gaps and self.gaps[-1][1] == start:
            start = self.gaps.pop()[0]
        self.gaps.append((start, stop))

    def _write(self, columns: NDArray[np.uint8]) -> None:
        start, skipped = self.end, max(0, len(columns) - self._capacity)
        self.end += len(columns)
        if self._runs and self._runs[-1][1] == start:
            start = self._runs.pop()[0]
        self._runs.append((start, self.end))
        self._kept += len(columns)
        place = self.end - len(columns) + skipped
        while place < self.end:
            stop = min((place // BLOCK + 1) * BLOCK, self.end)
            block = self._blocks.get(place // BLOCK)
            if block is None:
                block = self._blocks[place // BLOCK] = ColumnBlock(self.mels)
            block.write(place % BLOCK, columns[len(columns) - (self.end - place) :][: stop - place])
            place = stop
        self._drop_oldest()

    def _drop_oldest(self) -> None:
        if self._kept <= self._capacity:
            return
        while self._kept > self._capacity:
            start, stop = self._runs.popleft()
            dropped = min(self._kept - self._capacity, stop - start)
            self._kept -= dropped
            if start + dropped < stop:
                self._runs.appendleft((start + dropped, stop))
        for place in [place for place in self._blocks if (place + 1) * BLOCK <= self.first]:
            del self._blocks[place]
        while self.gaps and self.gaps[0][1] <= self.first:
            self.gaps.pop(0)
