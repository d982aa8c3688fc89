"""Fits a grid of position embeddings to another number of rows and columns. Knows no model.

Rule of AST (Gong et al., arXiv:2104.01778, §2.2, and the released code): an axis that is long enough is
cut in its centre, one that is too short is stretched bilinearly; first time, then frequency.
"""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor


def fit_positions(grid: Tensor, rows: int, columns: int, first_column: int | None = None) -> Tensor:
    """Position embeddings for `rows` x `columns` patches.

    grid: `(F, T, D)`, frequency rows from low to high, time columns. first_column: where the cut along time
    starts; None cuts the centre as AST does. Returns `(rows, columns, D)`.
    """
    grid = (
        grid[:, _cut(grid.shape[1], columns, first_column)]
        if columns <= grid.shape[1]
        else _stretch(grid, grid.shape[0], columns)
    )
    return grid[_cut(grid.shape[0], rows, None)] if rows <= grid.shape[0] else _stretch(grid, rows, columns)


def _cut(length: int, wanted: int, first: int | None) -> slice:
    # length // 2 - wanted // 2, as released: differs from (length - wanted) // 2 for odd numbers.
    first = length // 2 - wanted // 2 if first is None else first
    assert 0 <= first <= length - wanted, f"cut of {wanted} from {first} does not lie within {length}"
    return slice(first, first + wanted)


def _stretch(grid: Tensor, rows: int, columns: int) -> Tensor:
    channels_first = grid.permute(2, 0, 1).unsqueeze(0)  # (1, D, F, T)
    resized = F.interpolate(channels_first, size=(rows, columns), mode="bilinear", align_corners=False)
    return resized.squeeze(0).permute(1, 2, 0)
