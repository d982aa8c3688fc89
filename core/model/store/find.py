"""Finds the weights of a model by its name or path. Reads no weights and imports no torch."""

from __future__ import annotations

import os
from pathlib import Path

from core.errors import UserError
from core.model.checkpoints.published import PUBLISHED_MODELS
from core.model.store.folder import find_kept, kept_models
from core.model.variants import MODEL_VARIANTS, ModelVariant


def find_weights(model: str | None) -> Path:
    """The path of a model's weights. model: the name of a row of MODEL_VARIANTS, the name of a downloaded or imported
    model, or a path; None is the starter. Raises UserError."""
    variant: ModelVariant | None = MODEL_VARIANTS.get(model or "starter")
    if variant is None:
        return _kept_or_path(model or "")
    if variant.weights is None:
        raise UserError(
            f"{variant.name} is an architecture; it has no weights.",
            f"Train it, or use one of {', '.join(_names_with_weights())}.",
        )
    return variant.weights


def _kept_or_path(model: str) -> Path:
    kept = find_kept(model)
    if kept is not None:
        return kept
    path = Path(model).expanduser()
    if os.path.exists(path):  # Path.exists raises for names that are too long
        return path
    if any(row.name == model for row in PUBLISHED_MODELS):
        raise UserError(f"{model} has not been downloaded yet.", f"Download it with: soundmark models download {model}")
    raise UserError(
        f"There is no model {model!r}.",
        f"Give the folder or file of a checkpoint, or one of {', '.join(_names_with_weights())}.",
    )


def _names_with_weights() -> list[str]:
    shipped = [name for name, variant in MODEL_VARIANTS.items() if variant.weights is not None]
    return shipped + [kept.name for kept in kept_models()]
