"""The one table of model variants. A new variant is one row; a new architecture one file more."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from core.errors import UserError
from core.model.architecture import TransformerConfig

_ASSETS = Path(__file__).resolve().parents[2] / "assets"


@dataclass(frozen=True, slots=True)
class ModelVariant:
    """An architecture by name.

    title, summary: for menus. model: the architecture; its number of labels is the training data's.
    weights: folder of the checkpoint that ships with Soundmark, or None where there is only the shape.
    """

    name: str
    title: str
    summary: str
    model: TransformerConfig
    weights: Path | None = None

    def with_labels(self, n_labels: int) -> TransformerConfig:
        """The architecture with a head for `n_labels` labels."""
        return replace(self.model, n_labels=n_labels)


_BASE = TransformerConfig(n_labels=527)
_SMALL = replace(_BASE, embed_dim=384, num_heads=6)
_TINY = replace(_BASE, embed_dim=192, num_heads=3)
_TINY_16 = replace(_TINY, stride_frames=16, stride_mels=16)
_TINY_STEM = replace(_TINY_16, stem="convolution", level="window", pooling="mean")
_TINY_RESIDUAL = replace(_TINY_STEM, stem="residual", stride_mels=32, depth=6)

MODEL_VARIANTS: dict[str, ModelVariant] = {
    row.name: row
    for row in (
        ModelVariant(
            "starter",
            "Starter",
            "AST-tiny behind a small CNN, 66 sounds: everyday ones, speech, instruments",
            replace(_TINY_RESIDUAL, n_labels=66),
            _ASSETS / "starter",
        ),
        ModelVariant("ast-tiny-stem", "AST-tiny, stem", "192 wide, stride 16, convolutional stem", _TINY_STEM),
        ModelVariant(
            "ast-tiny-residual", "AST-tiny, residual stem", "192 wide, 6 deep, behind a small CNN", _TINY_RESIDUAL
        ),
        ModelVariant("ast-tiny-16", "AST-tiny 16/16", "192 wide, patches without overlap", _TINY_16),
        ModelVariant("ast-tiny", "AST-tiny 10/10", "192 wide, patches overlapping by 6", _TINY),
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
    )
}


def find_variant(name: str) -> ModelVariant:
    """The row called `name`. Raises UserError that lists the names there are."""
    if name not in MODEL_VARIANTS:
        raise UserError(f"There is no model variant {name!r}.", f"Choose one of {', '.join(MODEL_VARIANTS)}.")
    return MODEL_VARIANTS[name]
