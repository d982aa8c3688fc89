"""Drops patches while training: single ones, and whole rows or columns of the grid.

Patchout: Koutini et al., arXiv:2110.05069 (PaSST). Fewer tokens train faster, and no patch can be relied on.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from timm.layers.patch_dropout import PatchDropoutWithIndices
from torch import Tensor, nn


@dataclass(frozen=True, slots=True)
class Shares:
    """What share to drop, from 0 to below 1: of the `rows` of frequency and `columns` of time, the same for a whole
    batch as in PaSST, and then of the remaining `patches`, drawn for each clip. At least one always stays."""

    patches: float = 0.0
    rows: float = 0.0
    columns: float = 0.0


NOTHING = Shares()


class Patchout(nn.Module):
    """Drops patches while training, none in evaluation mode; it has no parameters."""

    def __init__(self, n_prefix_tokens: int, shares: Shares) -> None:
        super().__init__()
        self.n_prefix_tokens, self.shares = n_prefix_tokens, shares
        self.single = PatchDropoutWithIndices(shares.patches, num_prefix_tokens=n_prefix_tokens)

    def forward(self, tokens: Tensor, rows: int, columns: int) -> tuple[Tensor, Tensor | None]:
        """tokens: `(B, prefix + rows * columns, D)`, row after row. Returns those that stay, and the cells
        (row * columns + column) of their patches `(B, K)`, None where all stay."""
        if not self.training or not (self.shares.rows or self.shares.columns):
            return self.single(tokens)
        kept_rows, kept_columns = _draw(rows, self.shares.rows, tokens), _draw(columns, self.shares.columns, tokens)
        cells = (kept_rows[:, None] * columns + kept_columns).flatten()
        prefix, patches = torch.split(tokens, [self.n_prefix_tokens, rows * columns], dim=1)
        tokens, kept = self.single(torch.cat([prefix, patches[:, cells]], dim=1))
        return tokens, cells.expand(len(tokens), -1) if kept is None else cells[kept]


def _draw(n: int, share: float, like: Tensor) -> Tensor:
    """Which of n stay, in order."""
    n_kept = max(1, round(n * (1 - share)))
    return torch.randperm(n, device=like.device)[:n_kept].sort().values
