"""Blocks of columns: every level holds the maxima of the columns, however they were written."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.spectrogram.history.column_block import BLOCK, FACTOR, LEVELS, ColumnBlock, level_for


@given(st.lists(st.integers(1, 700), max_size=20))
def test_each_cell_is_the_maximum_of_its_columns(lengths: list[int]) -> None:
    block, rng, start = ColumnBlock(4), np.random.default_rng(0), 0
    for length in lengths:
        columns = rng.integers(0, 256, (min(length, BLOCK - start), 4), dtype=np.uint8)
        block.write(start, columns)
        start += len(columns)
    for level in range(1, LEVELS + 1):
        cells = block.levels[0].reshape(-1, FACTOR**level, 4).max(axis=1)
        np.testing.assert_array_equal(block.levels[level], cells)


@pytest.mark.parametrize(
    ("columns_per_pixel", "level"), [(0.3, 0), (31.9, 0), (32, 1), (255, 1), (256, 2), (1e9, LEVELS)]
)
def test_a_pixel_has_at_least_four_cells(columns_per_pixel: float, level: int) -> None:
    assert level_for(columns_per_pixel) == level
