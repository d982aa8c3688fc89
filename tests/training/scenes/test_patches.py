"""The columns of each of a teacher's patches."""

from __future__ import annotations

import torch

from training.scenes.patches import patch_columns

CENTRES_S = torch.tensor([0.1, 0.3, 0.5, 0.7, 0.9, 1.1], dtype=torch.float64)


def test_patches_hold_the_columns_whose_centres_lie_in_them() -> None:
    inside = patch_columns(CENTRES_S, 2, patch_s=0.4, hop_s=0.4)
    assert inside.tolist() == [[True, True, False, False, False, False], [False, False, True, True, False, False]]
    assert patch_columns(CENTRES_S, 1, patch_s=0.05, hop_s=0.4)[0].tolist() == [True, *[False] * 5]
