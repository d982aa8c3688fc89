"""Patchout leaves out whole rows and columns and single patches, while training alone, and tells which stay."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from core.model.architecture import HybridConfig, TransformerConfig
from core.model.merging.schedule import MergeSchedule
from core.model.networks.build import build_network
from core.model.networks.patchout import Patchout, Shares
from core.model.networks.spectrogram_transformer import AudioSpectrogramTransformer

N_PREFIX = 2


def grid_tokens(n_clips: int, rows: int, columns: int) -> Tensor:
    """Each patch is the number of its cell, each prefix token a negative number."""
    values = torch.cat([torch.tensor([-2.0, -1.0]), torch.arange(rows * columns, dtype=torch.float32)])
    return values[None, :, None].repeat(n_clips, 1, 4)


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 13), st.integers(1, 30), *(st.floats(0, 0.95) for _ in range(3)), st.integers(0, 2**31))
def test_what_stays_is_where_it_is_said_to_be(
    rows: int, columns: int, patches: float, of_rows: float, of_columns: float, seed: int
) -> None:
    torch.manual_seed(seed)
    left, kept = Patchout(N_PREFIX, Shares(patches, of_rows, of_columns)).train()(
        grid_tokens(3, rows, columns), rows, columns
    )
    assert torch.equal(left[:, :N_PREFIX], grid_tokens(3, rows, columns)[:, :N_PREFIX]), "class tokens always stay"
    cells = left[:, N_PREFIX:, 0].long()
    if kept is not None:
        assert torch.equal(cells, kept)
    assert cells.shape[1] >= 1
    assert all(len(set(row.tolist())) == cells.shape[1] for row in cells), "each once"


def test_rows_and_columns_go_as_a_whole_and_for_all_clips_of_a_batch() -> None:
    torch.manual_seed(1)
    _, kept = Patchout(N_PREFIX, Shares(rows=0.34, columns=0.4)).train()(grid_tokens(4, 12, 99), 12, 99)
    assert kept is not None
    assert (kept == kept[0]).all()
    there = torch.zeros(12 * 99, dtype=torch.bool)
    there[kept[0]] = True
    there = there.view(12, 99)
    rows, columns = there.any(dim=1), there.any(dim=0)
    assert (int(rows.sum()), int(columns.sum())) == (8, 59), "PaSST leaves out 4 of 12 rows and 40 of 99 columns"
    assert torch.equal(there, rows[:, None] & columns)
    _, again = Patchout(N_PREFIX, Shares(rows=0.34, columns=0.4)).train()(grid_tokens(4, 12, 99), 12, 99)
    assert again is not None
    assert not torch.equal(kept, again), "others each time"


def test_in_use_nothing_is_left_out() -> None:
    tokens = grid_tokens(2, 4, 5)
    left, kept = Patchout(N_PREFIX, Shares(0.5, 0.5, 0.5)).eval()(tokens, 4, 5)
    assert left is tokens
    assert kept is None


@pytest.mark.parametrize("hybrid", [None, HybridConfig(1, channel_attention=True)])
def test_a_model_learns_from_what_is_left(hybrid: HybridConfig | None) -> None:
    torch.manual_seed(0)
    config = TransformerConfig(
        *(3, 128, 256), stride_frames=16, stride_mels=16, embed_dim=24, depth=2, num_heads=2, hybrid=hybrid
    )
    model = build_network(config, patchout=Shares(0.2, rows=0.5, columns=0.5)).train()
    assert isinstance(model, AudioSpectrogramTransformer)
    log_mel = torch.randn(2, 256, 128)
    n_left = []
    model.blocks[0].register_forward_pre_hook(lambda _, given: n_left.append(given[0].x.shape[1]))
    logits = model(log_mel, merge=MergeSchedule("constant", 2))
    assert n_left == [N_PREFIX + 25], "of 4 of 8 rows and 8 of 16 columns 80 %"
    logits.pow(2).sum().backward()
    assert model.pos_embed.grad is not None
    moved = model.pos_embed.grad[0, N_PREFIX:].abs().sum(dim=1) > 0
    assert 25 <= int(moved.sum()) <= 32, "positions of patches that were there alone: 32 for the batch, 25 a clip"
