"""How far a frame reaches through each stem: whether columns of overlapping windows could be computed once."""

from __future__ import annotations

from typing import Literal

import pytest
import torch

from core.inference.live_view import FRAME_VIEW
from core.model.architecture import TransformerConfig
from core.model.networks.stems import STEMS


def columns_reached(stem: Literal["patch", "efficient"], n_frames: int, frame: int) -> list[int]:
    """The columns that change with one frame of a window."""
    torch.manual_seed(0)
    config = TransformerConfig(n_labels=2, stem=stem, stride_mels=16, stride_frames=16, embed_dim=48, num_heads=2)
    network = STEMS[stem](config).eval().double()
    window = torch.randn(1, 1, 128, n_frames, dtype=torch.float64)
    other = window.clone()
    other[..., frame] += 1
    with torch.no_grad():
        change = (network(other) - network(window)).abs().amax(dim=(0, 1, 2))
    return change.nonzero()[:, 0].tolist()


def test_a_patch_holds_its_own_frames_alone() -> None:
    assert len(columns_reached("patch", 512, 255)) <= 2


@pytest.mark.slow
def test_the_efficient_stem_sees_a_third_of_the_window_in_each_column() -> None:
    reached = columns_reached("efficient", 1024, 511)
    assert reached == list(range(reached[0], reached[-1] + 1))
    assert 20 <= len(reached) <= 22


@pytest.mark.slow
def test_no_column_of_the_live_context_is_free_of_the_windows_edges() -> None:
    first = columns_reached("efficient", FRAME_VIEW.context, 0)
    last = columns_reached("efficient", FRAME_VIEW.context, FRAME_VIEW.context - 1)
    assert len(set(first) | set(last)) == FRAME_VIEW.context // 16
