"""Other strides keep every position at its moment and pitch, and models that cut no patches refuse them."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import UsageError
from core.labels import LabelSet
from core.model.architecture import ConvolutionConfig, TransformerConfig
from core.model.checkpoints.checkpoint import Checkpoint, CheckpointConfig
from core.model.checkpoints.restride import with_strides
from core.model.merging.schedule import MergeSchedule
from core.model.networks.positions import restride_positions
from core.model.networks.spectrogram_transformer import N_PREFIX_TOKENS, AudioSpectrogramTransformer
from fakes import tiny_checkpoint


def located_grid(config: TransformerConfig) -> torch.Tensor:
    """`(rows, columns, 2)`: the mel bin and the frame at which each patch begins."""
    rows, columns = config.grid(config.max_frames)
    bins, frames = torch.arange(rows) * config.stride_mels, torch.arange(columns) * config.stride_frames
    return torch.stack(torch.meshgrid(bins, frames, indexing="ij"), dim=-1).float()


@given(st.integers(1, 40), st.integers(1, 40), st.integers(6, 24), st.integers(6, 24))
@settings(max_examples=60, deadline=None)
def test_a_patch_keeps_the_position_of_its_own_place(mels: int, frames: int, old_mels: int, old_frames: int) -> None:
    old = TransformerConfig(n_labels=1, stride_mels=old_mels, stride_frames=old_frames, max_frames=300)
    new = replace(old, stride_mels=mels, stride_frames=frames)
    moved = restride_positions(located_grid(old), *new.grid(300), factors=(mels / old_mels, frames / old_frames))
    # Beyond the last old patch there is nothing to go by: those keep that one's position.
    furthest = located_grid(old)[-1, -1]
    torch.testing.assert_close(moved, torch.minimum(located_grid(new), furthest), atol=1e-3, rtol=1e-4)


def test_a_patch_may_take_the_nearest_old_ones_position() -> None:
    old = TransformerConfig(n_labels=1, stride_mels=16, stride_frames=16, max_frames=300)
    new = replace(old, stride_mels=10, stride_frames=12)
    factors = (10 / 16, 12 / 16)
    moved = restride_positions(located_grid(old), *new.grid(300), factors=factors, stretch="nearest")
    # Bins 0, 10, 20, 30 are nearest to 0, 16, 16, 32; frames 0, 12, 24 to 0, 16, 32: between two the later one.
    assert moved[:4, 0, 0].tolist() == [0, 16, 16, 32]
    assert moved[0, :6, 1].tolist() == [0, 16, 32, 32, 48, 64]
    assert float((moved - located_grid(new))[:-1, :-1].abs().max()) <= 8


def test_the_same_strides_change_nothing() -> None:
    checkpoint = tiny_checkpoint()
    assert with_strides(checkpoint, 16, 16) is checkpoint


@pytest.mark.parametrize(("strides", "grid"), [((10, 10), (12, 101)), ((12, 12), (10, 85)), ((16, 4), (8, 253))])
def test_the_model_runs_on_the_new_grid_and_all_else_is_as_it_was(
    strides: tuple[int, int], grid: tuple[int, int]
) -> None:
    before = tiny_checkpoint()
    after = with_strides(before, *strides)
    assert isinstance(after.config.model, TransformerConfig)
    assert after.config.model.grid(1024) == grid
    assert after.weights["pos_embed"].shape == (1, N_PREFIX_TOKENS + grid[0] * grid[1], 24)
    for name, tensor in before.weights.items():
        assert name == "pos_embed" or torch.equal(tensor, after.weights[name])
    assert torch.equal(before.weights["pos_embed"][:, :2], after.weights["pos_embed"][:, :2])
    assert after.config.provenance["restrided_from"] == [16, 16]
    with torch.inference_mode():
        assert torch.isfinite(after.build()(torch.randn(1, 1024, 128))).all()


def test_twice_the_stride_takes_every_second_position() -> None:
    finer = with_strides(tiny_checkpoint(), 8, 8)
    again = with_strides(finer, 16, 16)
    assert torch.equal(again.weights["pos_embed"], tiny_checkpoint().weights["pos_embed"])
    assert again.config.model == tiny_checkpoint().config.model


def test_merging_takes_the_same_share_of_the_tokens() -> None:
    schedule = MergeSchedule("constant", 20, reference_patches=512)
    finer = with_strides(tiny_checkpoint(merge=schedule), 10, 10).config.merge
    assert (finer.r, finer.reference_patches) == (round(20 * 1212 / 512), 1212)
    plain = MergeSchedule("listed", listed=(8, 4))
    assert with_strides(tiny_checkpoint(merge=plain), 10, 10).config.merge == plain


def test_models_without_patches_and_impossible_strides_are_refused() -> None:
    stem = TransformerConfig(
        n_labels=1, embed_dim=24, depth=1, num_heads=2, stem="convolution", stride_mels=16, stride_frames=16
    )
    labels, front_end = LabelSet.from_ids(["dog"]), tiny_checkpoint().config.log_mel
    for model, weights in (
        (stem, AudioSpectrogramTransformer(stem).state_dict()),
        (ConvolutionConfig(n_labels=1), {}),
    ):
        config = CheckpointConfig("Stem", "", model, front_end, labels, (0.5,))
        with pytest.raises(UsageError, match="Stem has no patch strides"):
            with_strides(Checkpoint(config, weights), 10, 10)
    with pytest.raises(UsageError, match="0 x 10"):
        with_strides(tiny_checkpoint(), 0, 10)
