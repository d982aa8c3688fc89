"""A stretch of columns on a fixed grid with the maxima over 8, 64, … of them, so that hours are drawn at once."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

FACTOR, LEVELS = 8, 4
BLOCK = FACTOR**LEVELS
"""Columns in a block: 41 s of live sound."""


class ColumnBlock:
    """`BLOCK` columns of `mels` bytes, 0 until written. Level *k* has one cell for each FACTOR ** k columns, which
    holds their maximum; level 0 are the columns. All levels together take a seventh more than the columns."""

    __slots__ = ("levels",)

    def __init__(self, mels: int) -> None:
        # The system gives memory to zeros only where they are written.
        self.levels = [np.zeros((BLOCK // FACTOR**level, mels), np.uint8) for level in range(LEVELS + 1)]

    def write(self, start: int, columns: NDArray[np.uint8]) -> None:
        """Write columns `(n, mels)` from `start` on, which is counted from the start of the block."""
        stop = start + len(columns)
        self.levels[0][start:stop] = columns
        for finer, coarser in pairwise(self.levels):
            start, stop = start // FACTOR, -(-stop // FACTOR)
            cells = finer[start * FACTOR : stop * FACTOR]
            coarser[start:stop] = cells.reshape(stop - start, FACTOR, finer.shape[1]).max(axis=1)


def level_for(columns_per_pixel: float) -> int:
    """The coarsest level that has at least four cells a pixel, so that a pixel's edges err by less than a quarter."""
    level = 0
    while level < LEVELS and 4 * FACTOR ** (level + 1) <= columns_per_pixel:
        level += 1
    return level
