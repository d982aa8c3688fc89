"""HAM-AST begins as the AST it is made from, its convolutions run where they should, and checkpoints bring it back."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from core.audio.log_mel import LogMelConfig
from core.errors import UserError
from core.labels import LabelSet
from core.model.architecture import HybridConfig, TransformerConfig
from core.model.checkpoints.checkpoint import Checkpoint, CheckpointConfig, save_checkpoint
from core.model.checkpoints.loading import load_checkpoint
from core.model.merging.schedule import MergeSchedule
from core.model.networks.hybrid_attention import (
    ChannelAttention,
    ConformerBlock,
    ConvolutionModule,
    PatchGrid,
)
from core.model.networks.patchout import Shares
from core.model.networks.spectrogram_transformer import AudioSpectrogramTransformer

SMALL = TransformerConfig(
    n_labels=5, embed_dim=48, depth=2, num_heads=3, max_frames=256, stride_frames=16, stride_mels=16
)
EPS = 1e-6
AXES = ("time", "sequence", "grid")


def hybrid_model(hybrid: HybridConfig, *, patch_drop: float = 0.0, **changes: object) -> AudioSpectrogramTransformer:
    torch.manual_seed(0)
    return AudioSpectrogramTransformer(replace(SMALL, hybrid=hybrid, **changes), patchout=Shares(patch_drop)).eval()


def shake(module: nn.Module, by: float = 0.1) -> None:
    """Away from the start, where most branches are silent."""
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.add_(torch.randn_like(parameter) * by)


hybrids = st.builds(
    HybridConfig,
    n_conformers=st.integers(0, 3),
    channel_attention=st.booleans(),
    axis=st.sampled_from(AXES),
    kernel=st.sampled_from((1, 3, 15)),
    width=st.sampled_from((0, 16, 48, 64)),
)


@pytest.mark.slow
@settings(max_examples=40, deadline=None)
@given(
    hybrid=hybrids,
    stem=st.sampled_from(("patch", "convolution")),
    pooling=st.sampled_from(("class_tokens", "mean")),
    level=st.sampled_from(("absolute", "window")),
    norm_eps=st.sampled_from((1e-6, 1e-12)),
    n_frames=st.integers(16, 300),
    r=st.sampled_from((0, 3, 20)),
    seed=st.integers(0, 1000),
)
def test_with_an_asts_weights_it_begins_with_that_asts_answers(
    hybrid: HybridConfig, stem: str, pooling: str, level: str, norm_eps: float, n_frames: int, r: int, seed: int
) -> None:
    torch.manual_seed(seed)
    config = replace(SMALL, stem=stem, pooling=pooling, level=level, norm_eps=norm_eps)
    ast = AudioSpectrogramTransformer(config).eval()
    shake(ast)
    ham = AudioSpectrogramTransformer(replace(config, hybrid=hybrid)).eval()
    missing, unexpected = ham.load_state_dict(ast.state_dict(), strict=False)
    assert all(name.startswith("hybrid.") for name in missing)
    assert not unexpected
    log_mel, merge = torch.randn(2, n_frames, 128), MergeSchedule("constant", r)
    with torch.inference_mode():
        torch.testing.assert_close(ham(log_mel, merge=merge), ast(log_mel, merge=merge), atol=1e-5, rtol=0)


def test_with_one_seed_all_but_the_new_parts_begin_alike() -> None:
    torch.manual_seed(0)
    ast = AudioSpectrogramTransformer(SMALL).state_dict()
    ham = hybrid_model(HybridConfig(2, True)).state_dict()
    assert all(torch.equal(ham[name], tensor) for name, tensor in ast.items())


@pytest.mark.parametrize("n_conformers", [0, 1, 3])
@pytest.mark.parametrize("channel_attention", [False, True])
def test_conformers_and_channel_attention_are_switched_apart(n_conformers: int, channel_attention: bool) -> None:
    names = hybrid_model(HybridConfig(n_conformers, channel_attention)).state_dict().keys()
    assert {name.split(".")[2] for name in names if name.startswith("hybrid.conformers.")} == {
        str(i) for i in range(n_conformers)
    }
    assert any(name.startswith("hybrid.channel_attention.") for name in names) is channel_attention


def convolution(axis: str, kernel: int = 3) -> ConvolutionModule:
    torch.manual_seed(1)
    module = ConvolutionModule(8, HybridConfig(1, axis=axis, kernel=kernel), 2, EPS).eval()  # pyright: ignore[reportArgumentType]
    shake(module, 0.5)
    return module


@pytest.mark.parametrize(
    ("axis", "changed", "reached"),
    [  # a grid of 3 rows and 5 columns behind 2 class tokens; a kernel of 3
        ("time", 2 + 7, {8, 9, 10}),  # row 1, column 2 and its neighbours in the row
        ("time", 2 + 5, {7, 8}),  # the first of a row: nothing leaks from the row before
        ("time", 0, {0}),
        ("sequence", 2 + 5, {6, 7, 8}),  # rows leak into each other
        ("sequence", 1, {0, 1, 2}),  # class tokens are part of it
        ("grid", 2 + 6, {2, 3, 4, 7, 8, 9, 12, 13, 14}),
        ("grid", 1, {1}),
    ],
)
def test_the_convolution_reaches_along_its_axis(axis: str, changed: int, reached: set[int]) -> None:
    module, x = convolution(axis), torch.randn(1, 17, 8)
    other = x.clone()
    other[0, changed] += torch.randn(8)
    with torch.inference_mode():
        difference = (module(x, PatchGrid(3, 5)) - module(other, PatchGrid(3, 5))).abs().amax(dim=-1)[0]
    assert {i for i, value in enumerate(difference.tolist()) if value > 1e-5} == reached


@pytest.mark.parametrize("axis", AXES)
def test_patches_left_out_are_zeros_in_the_convolution_and_the_others_keep_their_neighbours(axis: str) -> None:
    module, x = convolution(axis), torch.randn(2, 2 + 15, 8)
    kept = torch.stack([torch.randperm(15)[:9] for _ in range(2)])
    there = torch.cat([torch.arange(2).expand(2, -1), kept + 2], dim=1)
    holes = torch.zeros(2, 17, 1).scatter(1, there.unsqueeze(-1), 1.0)
    with torch.inference_mode():
        wanted = module._convolve(x * holes, PatchGrid(3, 5)).take_along_dim(there.unsqueeze(-1), dim=1)
        ours = module._convolve(x.take_along_dim(there.unsqueeze(-1), dim=1), PatchGrid(3, 5, kept))
    torch.testing.assert_close(ours, wanted)


def test_the_block_is_the_papers_up_to_each_tokens_mean_and_deviation() -> None:
    torch.manual_seed(2)
    block, grid, x = (
        ConformerBlock(48, 3, HybridConfig(1), 2, EPS).eval(),
        PatchGrid(2, 6),
        3 + 7 * torch.randn(2, 14, 48),
    )
    for part in (block.feed_forward1, block.attention, block.convolution, block.feed_forward2):
        shake(part)
    with torch.inference_mode():
        ours = block(x, grid)
        y = x + block.feed_forward1(x) / 2
        y = y + block.attention.attend(block.attention_norm(y), None)[0]
        y = y + block.convolution(y, grid)
        papers = F.layer_norm(y + block.feed_forward2(y) / 2, (48,))
    torch.testing.assert_close(F.layer_norm(ours, (48,)), papers, atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(ours.mean(dim=-1), x.mean(dim=-1), atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(ours.std(dim=-1), x.std(dim=-1), atol=1e-4, rtol=1e-4)


def test_channels_are_weighted_by_maximum_and_mean_over_the_patches() -> None:
    module, x = ChannelAttention(8, 2, EPS), torch.randn(3, 2 + 10, 8)
    shake(module, 0.5)
    with torch.inference_mode():
        pooled = x[:, 2:].max(dim=1).values + x[:, 2:].sum(dim=1) / 10
        narrow = module.narrow(module.norm(pooled)).clamp_min(0)
        weights = 1 / (1 + (-module.widen(narrow)).exp())
        torch.testing.assert_close(module.weights(x), weights)
        torch.testing.assert_close(module(x), (x + x * weights[:, None]) * 2 / 3)
        others = torch.cat([torch.randn(3, 2, 8), x[:, 2:]], dim=1)
        assert torch.equal(module.weights(others), module.weights(x))  # class tokens have no say
    assert module.narrow.out_features == 4


def test_merged_tokens_lie_on_the_grid_again_and_none_merged_changes_nothing() -> None:
    model = hybrid_model(HybridConfig(2, True))
    shake(model)
    log_mel = torch.randn(2, 256, 128)
    with torch.inference_mode():
        tokens = model.tokens(log_mel, merge=MergeSchedule("constant", 20))
        assert torch.equal(model(log_mel), model(log_mel, merge=MergeSchedule("constant", 0)))
    assert tokens.x.shape == (2, 2 + 8 * 16, 48)
    assert (tokens.size, tokens.places) == (None, None)


def step_and_gradients(model: AudioSpectrogramTransformer) -> dict[str, float]:
    """The norm of each new parameter's gradient after one step away from the start."""
    optimiser, log_mel = torch.optim.SGD(model.parameters(), lr=0.1), torch.randn(2, 200, 128)
    for _ in range(2):
        optimiser.zero_grad()
        model(log_mel).pow(2).sum().backward()
        optimiser.step()
    return {
        name: 0.0 if parameter.grad is None else parameter.grad.norm().item()
        for name, parameter in model.named_parameters()
        if name.startswith("hybrid.")
    }


@pytest.mark.parametrize("axis", AXES)
@pytest.mark.parametrize("width", [0, 32])
@pytest.mark.parametrize("pooling", ["class_tokens", "mean"])
def test_one_step_from_the_start_every_new_parameter_learns(axis: str, width: int, pooling: str) -> None:
    hybrid = HybridConfig(2, True, axis, 3, width)  # pyright: ignore[reportArgumentType]
    gradients = step_and_gradients(hybrid_model(hybrid, pooling=pooling).train())
    assert [name for name, norm in gradients.items() if not norm > 0] == []


def test_class_tokens_see_a_convolution_of_patches_from_the_next_block_on() -> None:
    # What the last one does to patches is read by channel attention or by mean pooling, or by nobody.
    gradients = step_and_gradients(hybrid_model(HybridConfig(2, False)).train())
    silent = {name.removeprefix("hybrid.conformers.") for name, norm in gradients.items() if norm == 0}
    assert silent == {"1.convolution.depthwise.weight", "1.convolution.depthwise.bias"}


@pytest.mark.parametrize("axis", AXES)
@pytest.mark.parametrize("n_frames", [98, 250, 498, 998, 1024])
def test_bf16_on_one_clip_stays_a_number_near_fp32(axis: str, n_frames: int) -> None:
    model = hybrid_model(HybridConfig(2, True, axis), stride_frames=10, stride_mels=10)  # pyright: ignore[reportArgumentType]
    shake(model, 0.02)
    log_mel = torch.randn(1, n_frames, 128)
    with torch.inference_mode():
        exact = model(log_mel)
        with torch.autocast("cpu", torch.bfloat16):
            rough = model(log_mel)
    assert torch.isfinite(rough).all()
    assert (rough - exact).norm() < 0.05 * exact.norm()


def test_silence_and_a_constant_token_stay_numbers() -> None:
    model = hybrid_model(HybridConfig(1, True)).train()
    with torch.no_grad():
        for table in (model.pos_embed, model.cls_token, model.dist_token):
            table.zero_()
    model(torch.zeros(1, 64, 128)).sum().backward()
    assert all(parameter.grad is None or torch.isfinite(parameter.grad).all() for parameter in model.parameters())


def test_patches_left_out_in_training_leave_gradients_everywhere() -> None:
    model = hybrid_model(HybridConfig(1, True), patch_drop=0.4).train()
    shake(model)
    model(torch.randn(2, 256, 128), merge=MergeSchedule("constant", 5)).pow(2).sum().backward()
    new = [parameter for name, parameter in model.named_parameters() if name.startswith("hybrid.")]
    assert all(parameter.grad is not None and parameter.grad.norm() > 0 for parameter in new)


def saved(model: AudioSpectrogramTransformer, path: Path, weights: dict[str, Tensor] | None = None) -> Path:
    """A checkpoint of the model, with other weights where they are given."""
    labels = LabelSet.from_ids(["a", "b", "c", "d", "e"])
    config = CheckpointConfig("Ham", "ham-tiny-3", model.config, LogMelConfig(), labels, (0.5,) * 5)
    save_checkpoint(Checkpoint(config, weights or model.state_dict()), path, dtype=torch.float32)
    return path


@pytest.mark.parametrize("name", ["folder", "one.safetensors"])
def test_a_checkpoint_brings_it_back(tmp_path: Path, name: str) -> None:
    model = hybrid_model(HybridConfig(2, True, "grid", 5, 32))
    shake(model)
    loaded = load_checkpoint(saved(model, tmp_path / name))
    assert loaded.config.model == model.config
    log_mel = torch.randn(1, 100, 128)
    with torch.inference_mode():
        assert torch.equal(loaded.build()(log_mel), model(log_mel))


def test_weights_of_other_blocks_are_refused(tmp_path: Path) -> None:
    weights = hybrid_model(HybridConfig(2, True)).state_dict()
    for other, says in (
        (replace(SMALL, hybrid=HybridConfig(3, True)), "missing"),
        (replace(SMALL, hybrid=HybridConfig(2, True, kernel=7)), "has shape"),
        (SMALL, "unknown"),
    ):
        with pytest.raises(UserError, match=says):
            load_checkpoint(saved(AudioSpectrogramTransformer(other), tmp_path / says, weights))
