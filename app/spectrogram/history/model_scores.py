"""The scores of one model, from when it was first used until another one followed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from app.spectrogram.history.score_history import ScoreHistory
from core.labels import LabelSet


@dataclass(slots=True, eq=False)
class ModelScores:
    """What one model said of a timeline."""

    model: str
    """Its name."""
    labels: LabelSet
    """Its labels."""
    thresholds: NDArray[np.float32]
    """From this probability on a label counts as detected, or begins an event in live sound, `(labels,)`."""
    scores: ScoreHistory
    """Its scores."""
    start_s: float = -np.inf
    """When it was first used; the model before it was used until then."""
    places: dict[str, int] = field(init=False)
    """The place of each label among its labels, by id."""

    def __post_init__(self) -> None:
        self.places = {label.id: label.index for label in self.labels}


def model_at(models: Sequence[ModelScores], time_s: float) -> ModelScores | None:
    """The model that was in use at a moment: for sound before the first one, that one; None without a model."""
    return next((model for model in reversed(models) if model.start_s <= time_s), models[0] if models else None)


def models_between(models: Sequence[ModelScores], start_s: float, stop_s: float) -> list[ModelScores]:
    """The models that were in use anywhere in a range of time, in order; the newest one at the latest moment."""
    ends_s = [*(model.start_s for model in models[1:]), np.inf]
    return [model for model, end_s in zip(models, ends_s, strict=False) if model.start_s <= stop_s and end_s > start_s]
