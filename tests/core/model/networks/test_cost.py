"""The count of multiply-adds gives the published figures, and what PyTorch counts where there are none."""

from __future__ import annotations

import dataclasses

import pytest
import torch
from torch.nn.attention import SDPBackend, sdpa_kernel

from core.model.architecture import ConvolutionConfig, HybridConfig, ModelConfig, TransformerConfig
from core.model.merging.schedule import MergeSchedule
from core.model.networks.build import build_network
from core.model.networks.cost import counted, model_cost
from core.model.variants import MODEL_VARIANTS

BASE = TransformerConfig(n_labels=527)
NARROW = TransformerConfig(n_labels=7, embed_dim=48, depth=3, num_heads=3, stride_frames=16, stride_mels=16)


def at_stride(stride: int) -> TransformerConfig:
    return dataclasses.replace(BASE, stride_frames=stride, stride_mels=stride)


def counted_on_meta(config: ModelConfig, n_frames: int) -> int:
    with torch.device("meta"):
        network = build_network(config).eval()
    return counted(network, torch.empty(1, n_frames, 128, device="meta"))


@pytest.mark.parametrize(
    ("n_frames", "stride", "n_tokens", "gmac", "without_products"),
    [(1024, 10, 1214, 130.5, 103.3), (1024, 12, 852, 85.9, 72.5), (1024, 14, 659, 64.1, 56.1),
     (1024, 16, 514, 48.6, 43.8), (512, 10, 602, 57.9, 51.2), (128, 10, 146, 12.8, 12.4)],
)  # fmt: skip
def test_published_sizes(n_frames: int, stride: int, n_tokens: int, gmac: float, without_products: float) -> None:
    cost = model_cost(at_stride(stride), n_frames)
    assert cost.n_tokens == (n_tokens,) * 13
    assert round(cost.gmac, 1) == gmac
    assert round((cost.total - cost.products) / 1e9, 1) == without_products


@pytest.mark.parametrize(
    ("stride", "n_frames", "r", "gmac"),
    [(10, 1024, 20, 115.4), (10, 1024, 40, 101.0), (10, 1024, 60, 87.1), (10, 1024, 80, 73.9), (10, 1024, 100, 61.5),
     (10, 512, 20, 45.3), (10, 512, 40, 33.3), (10, 128, 5, 10.1), (10, 128, 10, 7.4), (16, 1024, 16, 38.8),
     (16, 1024, 30, 30.5), (16, 498, 13, 15.1), (16, 498, 20, 11.3)],
)  # fmt: skip
def test_merged_sizes_without_the_matching_which_the_figures_leave_out(
    stride: int, n_frames: int, r: int, gmac: float
) -> None:
    cost = model_cost(at_stride(stride), n_frames, MergeSchedule("constant", r))
    assert round((cost.total - cost.matching) / 1e9, 1) == gmac


def test_decreasing_saves_more_than_constant_at_the_same_r() -> None:
    whole = model_cost(BASE, 1024).total
    for r, speedup in ((20, 1.18), (30, 1.30), (40, 1.43), (50, 1.60)):
        merged = model_cost(BASE, 1024, MergeSchedule("decreasing", r))
        assert whole / (merged.total - merged.matching) == pytest.approx(speedup, abs=0.015)


@pytest.mark.parametrize(("n_frames", "gmac"), [(1024, 112.6), (128, 12.1)])
def test_six_conformers_of_full_width(n_frames: int, gmac: float) -> None:
    config = dataclasses.replace(BASE, hybrid=HybridConfig(n_conformers=6, kernel=31))
    cost = model_cost(config, n_frames)
    assert round(cost.hybrid / 1e9, 1) == gmac
    assert cost.total == model_cost(BASE, n_frames).total + cost.hybrid


@pytest.mark.slow
@pytest.mark.parametrize("name", ["starter", "ast-tiny-stem", "ast-tiny-residual", "ast-tiny"])
@pytest.mark.parametrize("n_frames", [9, 100, 501])
def test_stems_and_short_inputs_are_as_pytorch_counts_them(name: str, n_frames: int) -> None:
    config = MODEL_VARIANTS[name].model
    assert model_cost(config, n_frames).total == counted_on_meta(config, n_frames)


@pytest.mark.slow
@pytest.mark.parametrize("axis", ["time", "sequence", "grid"])
@pytest.mark.parametrize("width", [0, 32])
def test_hybrids_are_as_pytorch_counts_them(axis: str, width: int) -> None:
    for channel_attention in (False, True):
        hybrid = HybridConfig(2, channel_attention, axis=axis, kernel=5, width=width)  # pyright: ignore[reportArgumentType]
        config = dataclasses.replace(NARROW, hybrid=hybrid)
        assert model_cost(config, 200).total == counted_on_meta(config, 200)


@pytest.mark.parametrize("matcher", ["bipartite", "energy"])
@pytest.mark.parametrize("kind", ["constant", "decreasing"])
def test_merging_with_its_matching_is_as_pytorch_counts_it(kind: str, matcher: str) -> None:
    schedule = MergeSchedule(kind, 30, matcher=matcher)  # pyright: ignore[reportArgumentType]
    network = build_network(NARROW).eval()
    with sdpa_kernel(SDPBackend.MATH):  # the fused kernel for CPUs is not counted
        expected = counted_with(network, schedule)
    cost = model_cost(NARROW, 300, schedule)
    assert cost.matching > 0
    assert cost.total == expected
    assert cost.n_tokens == network.tokens_per_layer(300, schedule)


def counted_with(network: torch.nn.Module, schedule: MergeSchedule) -> int:
    class Merged(torch.nn.Module):
        def forward(self, log_mel: torch.Tensor) -> torch.Tensor:
            return network(log_mel, merge=schedule)

    return counted(Merged(), torch.randn(1, 300, 128))


def test_a_cnn_costs_the_same_whatever_is_merged() -> None:
    config = ConvolutionConfig(n_labels=5, backbone="resnet10t")
    cost = model_cost(config, 100, MergeSchedule("constant", 8))
    assert cost.layers == ()
    assert cost.n_tokens == ()
    assert cost.total == counted_on_meta(config, 100) == model_cost(config, 100).total
    assert model_cost(config, 200).total > 1.8 * cost.total
