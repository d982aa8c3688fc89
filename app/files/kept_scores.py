"""The scores of a file as bytes, so that its lanes are there again after the next start."""

from __future__ import annotations

import io
import json
from dataclasses import dataclass
from typing import Any
from zipfile import BadZipFile

import numpy as np

from app.spectrogram.history.model_scores import ModelScores
from app.spectrogram.history.score_history import KeptScores, ScoreHistory
from core.errors import UserError
from core.labels import LabelSet

_LEAST = 3
"""What is below this in 255ths, shown as 0 or 1 %, is kept as 0: it is noise of the network, and most of the size."""


@dataclass(frozen=True, slots=True)
class ModelCopy:
    """What a model said of a file, as it was at one moment."""

    model: str
    """Its name."""
    labels: LabelSet
    """Its labels."""
    thresholds: list[float]
    """Of each label."""
    scores: KeptScores
    """All scores."""


def copy_of(model: ModelScores) -> ModelCopy:
    """A copy of scores that may change."""
    return ModelCopy(model.model, model.labels, [float(value) for value in model.thresholds], model.scores.to_kept())


def packed(model: ModelCopy) -> bytes:
    """Scores as bytes: a minute takes some 10 kB. For a pool thread."""
    scores, content = model.scores, io.BytesIO()
    header = {"model": model.model, "labels": model.labels.to_dicts(), "thresholds": model.thresholds}
    np.savez_compressed(
        content,
        header=np.frombuffer(json.dumps(header).encode(), np.uint8),
        windows=np.round(np.clip(scores.windows, 0, 1) * 65535).astype(np.uint16),
        ends=scores.ends,
        rows=np.where(scores.rows < _LEAST, 0, scores.rows).astype(np.uint8),
        spans_s=scores.spans_s,
    )
    return content.getvalue()


def unpacked(content: bytes) -> ModelScores:
    """Scores from the bytes that `packed` made. For a pool thread. Raises ValueError for other bytes."""
    try:
        return _unpacked(content)
    except (BadZipFile, EOFError, KeyError, OSError, UserError, ValueError) as error:
        raise ValueError(f"these are no scores: {error}") from error


def _unpacked(content: bytes) -> ModelScores:
    with np.load(io.BytesIO(content), allow_pickle=False) as parts:
        header: dict[str, Any] = json.loads(parts["header"].tobytes())
        windows = (parts["windows"] / np.float32(65535)).astype(np.float32)
        kept = KeptScores(windows, parts["ends"], parts["rows"], parts["spans_s"])
    labels, thresholds = LabelSet.from_dicts(header["labels"]), np.array(header["thresholds"], np.float32)
    return ModelScores(str(header["model"]), labels, thresholds, ScoreHistory.from_kept(kept))
