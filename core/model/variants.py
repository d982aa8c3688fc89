"""The table of model variants. A new variant is one row; a new kind of architecture needs a file in networks/ too."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from core.errors import UserError
from core.model.architecture import ConvolutionConfig, HybridConfig, ModelConfig, TransformerConfig
from core.program import asset_path


@dataclass(frozen=True, slots=True)
class ModelVariant:
    """A named architecture."""

    name: str
    """What `--model` and recipes call it."""
    title: str
    """For menus."""
    summary: str
    """For menus, one line."""
    model: ModelConfig
    """The architecture; training replaces its number of labels."""
    weights: Path | None = None
    """Folder of the checkpoint that ships with Soundmark; None if there is only the architecture."""

    def with_labels(self, n_labels: int) -> ModelConfig:
        """The architecture with a head for `n_labels` labels."""
        return replace(self.model, n_labels=n_labels)


def _hybrid(model: TransformerConfig, n_conformers: int) -> TransformerConfig:
    """HAM-AST: `model` with Conformers and channel attention behind it."""
    return replace(model, hybrid=HybridConfig(n_conformers, channel_attention=True))


def _with_strides(model: TransformerConfig, mels: int, frames: int) -> TransformerConfig:
    return replace(model, stride_mels=mels, stride_frames=frames)


_BASE = TransformerConfig(n_labels=527)
_SMALL = replace(_BASE, embed_dim=384, num_heads=6)
_TINY = replace(_BASE, embed_dim=192, num_heads=3)
_TINY_16 = replace(_TINY, stride_frames=16, stride_mels=16)
_TINY_STEM = replace(_TINY_16, stem="convolution", level="window", pooling="mean")
_TINY_RESIDUAL = replace(_TINY_STEM, stem="residual", stride_mels=32, depth=6)
_TINY_EFFICIENT = replace(_TINY_16, stem="efficient", pooling="mean", depth=4)
_SMALL_STEM = replace(_TINY_STEM, embed_dim=384, num_heads=6)
_EFFICIENT = ConvolutionConfig(n_labels=527, backbone="efficientnet_b0")

MODEL_VARIANTS: dict[str, ModelVariant] = {
    row.name: row
    for row in (
        ModelVariant(
            "starter",
            "Everyday sounds (starter)",
            "AST-tiny behind EfficientNet-Lite0's first stages: AudioSet's everyday sounds, speech, music",
            replace(_TINY_EFFICIENT, n_labels=122),
            asset_path("starter"),
        ),
        ModelVariant("ast-tiny-stem", "AST-tiny, stem", "192 wide, stride 16, convolutional stem", _TINY_STEM),
        ModelVariant(
            "ast-tiny-residual", "AST-tiny, residual stem", "192 wide, 6 deep, behind a small CNN", _TINY_RESIDUAL
        ),
        ModelVariant(
            "ast-tiny-efficient",
            "AST-tiny, EfficientNet stem",
            "192 wide, 4 deep, behind EfficientNet-Lite0's first stages",
            _TINY_EFFICIENT,
        ),
        ModelVariant("ast-tiny-16", "AST-tiny 16/16", "192 wide, patches without overlap", _TINY_16),
        ModelVariant("ast-tiny", "AST-tiny 10/10", "192 wide, patches overlapping by 6", _TINY),
        ModelVariant("ast-small-stem", "AST-small, stem", "384 wide, stride 16, convolutional stem", _SMALL_STEM),
        ModelVariant("ast-small", "AST-small 10/10", "384 wide, patches overlapping by 6", _SMALL),
        ModelVariant("ast-base", "AST-base 10/10", "768 wide, as published", _BASE),
        ModelVariant(
            "ast-base-12", "AST-base 12/12", "768 wide, stride 12", replace(_BASE, stride_frames=12, stride_mels=12)
        ),
        ModelVariant(
            "ast-base-14", "AST-base 14/14", "768 wide, stride 14", replace(_BASE, stride_frames=14, stride_mels=14)
        ),
        ModelVariant(
            "ast-base-16", "AST-base 16/16", "768 wide, stride 16", replace(_BASE, stride_frames=16, stride_mels=16)
        ),
        ModelVariant(
            "cnn-resnet18",
            "CNN, ResNet-18",
            "11 million weights, quick to train on a CPU",
            ConvolutionConfig(n_labels=527, backbone="resnet18", level="window"),
        ),
        ModelVariant("cnn-efficientnet-b0", "CNN, EfficientNet-B0", "4 million weights, as CMKD has it", _EFFICIENT),
        *(
            ModelVariant(
                f"cnn-efficientnet-lite{size}",
                f"CNN, EfficientNet-Lite{size}",
                f"{weights} million weights, frames of 20 ms; ImageNet's come in a Python package",
                replace(_EFFICIENT, backbone=f"tf_efficientnet_lite{size}", level="window", averaged_frames=2),
            )
            for size, weights in ((0, 3), (1, 4), (2, 5))
        ),
        ModelVariant(
            "cnn-efficientnet-b2",
            "CNN, EfficientNet-B2",
            "8 million weights, as PSLA and CMKD have it",
            replace(_EFFICIENT, backbone="efficientnet_b2"),
        ),
        ModelVariant(
            "ham-ast-base", "HAM-AST-base", "AST-base with 6 Conformers and channel attention", _hybrid(_BASE, 6)
        ),
        ModelVariant(
            "ham-tiny-cam", "HAM-AST-tiny, 0", "AST-tiny behind a stem, channel attention alone", _hybrid(_TINY_STEM, 0)
        ),
        ModelVariant("ham-tiny-3", "HAM-AST-tiny, 3", "the same with 3 Conformers", _hybrid(_TINY_STEM, 3)),
        ModelVariant("ham-tiny-6", "HAM-AST-tiny, 6", "the same with 6 Conformers", _hybrid(_TINY_STEM, 6)),
        ModelVariant(
            "ast-tiny-12", "AST-tiny 12/12", "192 wide, patches overlapping by 4", _with_strides(_TINY, 12, 12)
        ),
        ModelVariant(
            "ast-tiny-14", "AST-tiny 14/14", "192 wide, patches overlapping by 2", _with_strides(_TINY, 14, 14)
        ),
        ModelVariant(
            "ast-tiny-128x2",
            "AST-tiny, 128 x 2",
            "192 wide, patches of 20 ms over all frequencies",
            replace(_with_strides(_TINY, 128, 2), patch_mels=128, patch_frames=2),
        ),
        ModelVariant(
            "ast-large",
            "AST-large 10/10",
            "1024 wide, 24 deep: for ImageNet's ViT-L",
            replace(_BASE, embed_dim=1024, depth=24, num_heads=16),
        ),
    )
}


def find_variant(name: str) -> ModelVariant:
    """The row called `name`. Raises UserError that lists the names."""
    if name not in MODEL_VARIANTS:
        raise UserError(f"There is no model variant {name!r}.", f"Choose one of {', '.join(MODEL_VARIANTS)}.")
    return MODEL_VARIANTS[name]
