"""Which of a model's columns lie in each patch of a teacher of waveforms."""

from __future__ import annotations

import torch
from torch import Tensor


def patch_columns(centres_s: Tensor, n_patches: int, patch_s: float, hop_s: float) -> Tensor:
    """Which columns lie in each of a teacher's patches, bool `(patches, columns)`; at least the nearest one."""
    starts = torch.arange(n_patches, dtype=centres_s.dtype)[:, None] * hop_s
    inside = (centres_s[None, :] >= starts) & (centres_s[None, :] < starts + patch_s)
    nearest = (centres_s[None, :] - starts - patch_s / 2).abs().argmin(dim=1)
    inside[torch.arange(n_patches), nearest] = True
    return inside
