"""The recent columns of a log-mel stream in a ring buffer, one byte a cell."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from core.inference.results import FrameRun

FLOOR_DB, CEILING_DB = -70.0, 50.0
"""The range of a byte, from silence (-69 dB) to above full scale (about +40 dB), in steps of 0.47 dB."""
DB_PER_NEPER = 10 / math.log(10)
_STEPS_PER_DB = 255 / (CEILING_DB - FLOOR_DB)


def quantise(log_mel: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Natural-log mel energies of any shape as bytes between FLOOR_DB and CEILING_DB."""
    steps = (log_mel * DB_PER_NEPER - FLOOR_DB) * _STEPS_PER_DB
    return np.clip(steps + 0.5, 0, 255).astype(np.uint8)


def byte_db(value: int) -> float:
    """The level that a byte stands for, dB."""
    return FLOOR_DB + value / _STEPS_PER_DB


class ColumnHistory:
    """A ring of the newest `capacity` columns; column *i* starts at `i / columns_per_s` seconds.

    Used by the GUI thread only.
    """

    def __init__(self, capacity: int, *, mels: int = 128, columns_per_s: float = 100.0) -> None:
        self._ring = np.zeros((capacity, mels), np.uint8)
        self.columns_per_s = columns_per_s
        self.end = 0
        """The index after the newest column."""
        self.first = 0
        """The index of the oldest column kept."""
        self.gaps: list[tuple[int, int]] = []
        """Columns `[start, stop)` that stand for lost sound."""
        self.generation = 0
        """Changes whenever columns that were read before may have changed."""

    @property
    def mels(self) -> int:
        """The number of rows."""
        return self._ring.shape[1]

    @property
    def start_s(self) -> float:
        """The oldest moment kept, in seconds."""
        return self.first / self.columns_per_s

    @property
    def end_s(self) -> float:
        """The newest moment, in seconds."""
        return self.end / self.columns_per_s

    @property
    def gaps_s(self) -> tuple[tuple[float, float], ...]:
        """The stretches without sound, `[start, stop)` in seconds."""
        rate = self.columns_per_s
        return tuple((start / rate, stop / rate) for start, stop in self.gaps)

    def is_gap(self, time_s: float) -> bool:
        """Whether a moment is in a stretch without sound."""
        return any(start_s <= time_s < stop_s for start_s, stop_s in self.gaps_s)

    def clear(self) -> None:
        """Delete all columns and start again at 0."""
        self.first = self.end = 0
        self.gaps.clear()
        self.generation += 1

    def append(self, run: FrameRun) -> None:
        """Append frames. A jump ahead is a gap; a step back starts a new stream."""
        if run.first_frame < self.end:
            self.clear()
        if self.first == self.end:
            self.first = self.end = run.first_frame
        if run.first_frame > self.end:
            self._add_gap(run.first_frame)
        start = self.end
        self._write(quantise(run.frames))
        if run.is_gap:
            self._note_gap(start, self.end)

    def columns(self, start: int, stop: int) -> NDArray[np.uint8]:
        """Bytes `(stop - start, mels)`; 0 where nothing is kept."""
        found = np.zeros((stop - start, self.mels), np.uint8)
        low, high = max(start, self.first), min(stop, self.end)
        if low < high:
            found[low - start : high - start] = self._ring[np.arange(low, high) % len(self._ring)]
        return found

    def pooled(self, start: int, stop: int, columns_per_pixel: float) -> NDArray[np.uint8]:
        """Pixel columns `(stop - start, mels)`, each the maximum of the columns that it covers.

        Pixel *p* covers the columns from `p * columns_per_pixel` on. These stay the same while the view scrolls, so
        the picture does not flicker, and the maximum keeps a short click visible.
        """
        edges = np.floor(np.arange(start, stop + 1) * columns_per_pixel + 1e-6).astype(np.int64)
        first, last = int(edges[0]), int(max(edges[-1], edges[-2] + 1))
        return np.maximum.reduceat(self.columns(first, last), edges[:-1] - first, axis=0)

    def byte_at(self, time_s: float, mel: int) -> int | None:
        """The byte at a moment and row, or None where no sound is kept."""
        column = math.floor(time_s * self.columns_per_s)
        if not (self.first <= column < self.end and 0 <= mel < self.mels):
            return None
        return int(self._ring[column % len(self._ring), mel])

    def _add_gap(self, stop: int) -> None:
        start = self.end
        missing = min(stop - start, len(self._ring))
        self.end = stop - missing
        self._write(np.zeros((missing, self.mels), np.uint8))
        self._note_gap(start, stop)

    def _note_gap(self, start: int, stop: int) -> None:
        if self.gaps and self.gaps[-1][1] == start:
            start = self.gaps.pop()[0]
        self.gaps.append((start, stop))

    def _write(self, columns: NDArray[np.uint8]) -> None:
        skipped = max(0, len(columns) - len(self._ring))
        kept = columns[skipped:]
        self._ring[np.arange(self.end + skipped, self.end + len(columns)) % len(self._ring)] = kept
        self.end += len(columns)
        self.first = max(self.first, self.end - len(self._ring))
        while self.gaps and self.gaps[0][1] <= self.first:
            self.gaps.pop(0)
