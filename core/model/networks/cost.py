"""Counts the multiply-adds of a forward pass, layer by layer, for any input length and any merging.

Matrix products and convolutions of one clip are counted; norms, softmax, activations, and the averages that merging and
the last pooling take are not: less than one percent. A frame head is not part of `forward`, and not counted.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from core.model.architecture import ConvolutionConfig, HybridConfig, ModelConfig, TransformerConfig
from core.model.merging.schedule import NO_MERGING, Matcher, MergeSchedule, tokens_after_layers
from core.model.networks.build import build_network
from core.model.networks.spectrogram_transformer import N_PREFIX_TOKENS
from core.model.networks.stems import STEMS


@dataclass(frozen=True, slots=True)
class LayerCost:
    """Multiply-adds of one transformer block."""

    n_tokens: int
    """Tokens that enter."""
    n_left: int
    """Tokens that leave; they merge between attention and MLP."""
    projections: int
    """The linear layers of the attention."""
    products: int
    """Queries with keys, and weights with values."""
    matching: int
    """The similarities that merging compares."""
    mlp: int
    """The two layers of the MLP."""

    @property
    def total(self) -> int:
        """The sum of all parts."""
        return self.projections + self.products + self.matching + self.mlp


@dataclass(frozen=True, slots=True)
class ModelCost:
    """Multiply-adds of a forward pass."""

    stem: int
    """From the spectrogram to tokens; for a CNN, which has no layers here, the whole network."""
    layers: tuple[LayerCost, ...] = ()
    """The transformer blocks."""
    hybrid: int = 0
    """HAM-AST's blocks."""
    hybrid_products: int = 0
    """The part of `hybrid` in the products of their attention."""
    head: int = 0
    """The last linear layer."""

    @property
    def total(self) -> int:
        """The sum of all parts."""
        return self.stem + sum(layer.total for layer in self.layers) + self.hybrid + self.head

    @property
    def gmac(self) -> float:
        """The total in 1e9 multiply-adds."""
        return self.total / 1e9

    @property
    def products(self) -> int:
        """The attention's products, which grow with the square of the tokens; some papers leave them out."""
        return sum(layer.products for layer in self.layers) + self.hybrid_products

    @property
    def matching(self) -> int:
        """What merging itself costs; papers leave it out."""
        return sum(layer.matching for layer in self.layers)

    @property
    def n_tokens(self) -> tuple[int, ...]:
        """Tokens entering the first layer, then leaving each; empty for a CNN."""
        return (*(layer.n_tokens for layer in self.layers[:1]), *(layer.n_left for layer in self.layers))


def model_cost(config: ModelConfig, n_frames: int, merge: MergeSchedule = NO_MERGING) -> ModelCost:
    """The cost of `n_frames` frames; fewer than a patch are padded to one, as the model does.

    `merge` makes no difference to a CNN, which has no tokens.
    """
    if isinstance(config, ConvolutionConfig):
        with torch.device("meta"):
            network = build_network(config).eval()
        return ModelCost(counted(network, torch.empty(1, n_frames, config.n_mels, device="meta")))
    n_frames = max(n_frames, config.patch_frames)
    n_patches = config.n_patches(n_frames)
    per_layer = merge.per_layer(config.depth, n_patches)
    left = tokens_after_layers(n_patches + N_PREFIX_TOKENS, per_layer, N_PREFIX_TOKENS)
    entering = (n_patches + N_PREFIX_TOKENS, *left)
    hybrid, hybrid_products = _hybrid_cost(config, n_patches) if config.hybrid else (0, 0)
    return ModelCost(
        stem=_stem_cost(config, n_frames),
        layers=tuple(_layer_cost(config, *counts, merge.matcher) for counts in zip(entering, left, strict=False)),
        hybrid=hybrid,
        hybrid_products=hybrid_products,
        head=config.embed_dim * config.n_labels,
    )


def counted(network: nn.Module, *inputs: Tensor) -> int:
    """Multiply-adds of `network(*inputs)` as PyTorch counts them, also for "meta" tensors, which compute nothing."""
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        network(*inputs)
    return counter.get_total_flops() // 2


def _stem_cost(config: TransformerConfig, n_frames: int) -> int:
    with torch.device("meta"):
        stem = STEMS[config.stem](config).eval()
    return counted(stem, torch.empty(1, 1, config.n_mels, n_frames, device="meta"))


def _layer_cost(config: TransformerConfig, n_tokens: int, n_left: int, matcher: Matcher) -> LayerCost:
    width = config.embed_dim
    return LayerCost(
        n_tokens=n_tokens,
        n_left=n_left,
        projections=4 * n_tokens * width**2,
        products=2 * n_tokens**2 * width,
        matching=_N_COMPARED[matcher](n_tokens) * (width // config.num_heads) if n_left < n_tokens else 0,
        mlp=2 * n_left * width * int(width * config.mlp_ratio),
    )


_N_COMPARED: dict[Matcher, Callable[[int], int]] = {
    "bipartite": lambda n_tokens: -(-n_tokens // 2) * (n_tokens // 2),
    "energy": lambda n_tokens: (n_tokens - N_PREFIX_TOKENS) ** 2,
}
"""Pairs of tokens that each matcher compares."""


def _hybrid_cost(config: TransformerConfig, n_patches: int) -> tuple[int, int]:
    """All of the hybrid blocks, and the part in their attention's products."""
    hybrid = config.hybrid or HybridConfig()
    n_tokens, outer = n_patches + N_PREFIX_TOKENS, config.embed_dim
    width = hybrid.width or outer
    cells = n_tokens if hybrid.axis == "sequence" else n_patches
    taps = hybrid.kernel**2 if hybrid.axis == "grid" else hybrid.kernel
    products = 2 * n_tokens**2 * width
    # Per token: two feed-forward modules, attention and the convolution's pointwise layers, (16 + 4 + 3) width².
    conformer = 23 * n_tokens * width**2 + products + cells * taps * width
    passage = 2 * n_tokens * outer * width if width != outer and hybrid.n_conformers else 0
    channels = 2 * outer * max(1, outer // 2) if hybrid.channel_attention else 0
    return hybrid.n_conformers * conformer + passage + channels, hybrid.n_conformers * products
