"""Fits a grid of position embeddings to another number of rows and columns, or to other strides.

Where the input's length changes, AST's rule (Gong et al., arXiv:2104.01778, §2.2, and the released code): an axis that
is long enough is cut in its centre, one that is too short is stretched; first time, then frequency. Where the strides
change, a cut would give every patch the position of another moment: there each new patch takes what the old grid has at
its own moment and pitch.
"""

from __future__ import annotations

from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor

Stretch = Literal["bilinear", "nearest"]


def fit_positions(
    grid: Tensor, rows: int, columns: int, first_column: int | None = None, stretch: Stretch = "bilinear"
) -> Tensor:
    """Position embeddings for `rows` x `columns` patches.

    grid: `(F, T, D)`, frequency rows from low to high, time columns. first_column: where the cut along time
    starts; None cuts the centre as AST does. stretch: for an axis that is too short. Returns `(rows, columns, D)`.
    """
    grid = (
        grid[:, _cut(grid.shape[1], columns, first_column)]
        if columns <= grid.shape[1]
        else _stretch(grid, grid.shape[0], columns, stretch)
    )
    return grid[_cut(grid.shape[0], rows, None)] if rows <= grid.shape[0] else _stretch(grid, rows, columns, stretch)


def restride_positions(
    grid: Tensor, rows: int, columns: int, factors: tuple[float, float], stretch: Stretch = "bilinear"
) -> Tensor:
    """The same positions for patches of other strides: linear between the old ones, or the nearest of them; beyond
    them the outermost.

    grid: `(F, T, D)`. factors: new stride / old stride, of frequency and time. Returns `(rows, columns, D)`.
    """
    along_rows = _between(grid, rows, factors[0], stretch)
    return _between(along_rows.transpose(0, 1), columns, factors[1], stretch).transpose(0, 1)


def _cut(length: int, wanted: int, first: int | None) -> slice:
    # length // 2 - wanted // 2, as released: differs from (length - wanted) // 2 for odd numbers.
    first = length // 2 - wanted // 2 if first is None else first
    assert 0 <= first <= length - wanted, f"cut of {wanted} from {first} does not lie within {length}"
    return slice(first, first + wanted)


def _stretch(grid: Tensor, rows: int, columns: int, stretch: Stretch) -> Tensor:
    channels_first = grid.permute(2, 0, 1).unsqueeze(0)  # (1, D, F, T)
    # "nearest" is torch's as it was for the paper's ablation; "nearest-exact" came later and counts half cells.
    corners = False if stretch == "bilinear" else None
    resized = F.interpolate(channels_first, size=(rows, columns), mode=stretch, align_corners=corners)
    return resized.squeeze(0).permute(1, 2, 0)


def _between(grid: Tensor, wanted: int, factor: float, stretch: Stretch) -> Tensor:
    """`wanted` steps of `factor` old ones along the first axis. Old and new first patches begin at the same cell."""
    places = (torch.arange(wanted, dtype=torch.float64, device=grid.device) * factor).clamp_max(grid.shape[0] - 1)
    if stretch == "nearest":
        return grid[(places + 0.5).floor().long()]  # round() would send halves to the even neighbour
    lower = places.floor().long()
    upper = (lower + 1).clamp_max(grid.shape[0] - 1)
    share = (places - lower).to(grid.dtype)[:, None, None]
    return grid[lower].lerp(grid[upper], share)
