"""The scores of a file as bytes, so that its lanes are there again after the next start."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from zipfile import ZIP_DEFLATED, BadZipFile, ZipFile

import numpy as np
from numpy.typing import NDArray

from app.spectrogram.history.model_scores import ModelScores
from app.spectrogram.history.score_history import KeptScores, ScoreHistory
from core.errors import UserError
from core.labels import LabelSet

_LEAST = 3
"""What is below this in 255ths, shown as 0 or 1 %, is kept as 0: it is noise of the network, and most of the size."""


@dataclass(frozen=True, slots=True)
class FinalScores:
    """What a model said of a file that is over: nothing of it changes any more."""

    model: str
    """Its name."""
    labels: LabelSet
    """Its labels."""
    thresholds: list[float]
    """Of each label."""
    scores: KeptScores
    """All scores."""


def final_scores(model: ModelScores) -> FinalScores:
    """The scores of a file that is over, for another thread. Not copied: those of ten hours take 20 MB."""
    return FinalScores(model.model, model.labels, [float(value) for value in model.thresholds], model.scores.to_kept())


def packed(model: FinalScores) -> bytes:
    """Scores as bytes: a minute takes some 10 kB. For a pool thread."""
    scores, content = model.scores, io.BytesIO()
    header = {"model": model.model, "labels": model.labels.to_dicts(), "thresholds": model.thresholds}
    with ZipFile(content, "w", ZIP_DEFLATED) as file:
        _write(file, "header", (np.frombuffer(json.dumps(header).encode(), np.uint8),))
        _write(file, "windows", (np.round(np.clip(scores.windows, 0, 1) * 65535).astype(np.uint16),))
        _write(file, "ends", (scores.ends,))
        _write(file, "rows", scores.rows, without_noise=True)
        _write(file, "spans_s", (scores.spans_s,))
    return content.getvalue()


def _write(file: ZipFile, name: str, parts: Sequence[NDArray[Any]], *, without_noise: bool = False) -> None:
    """Write arrays that follow one another as one, as `np.load` reads it, and as none ever lies in memory."""
    shape = (sum(map(len, parts)), *parts[0].shape[1:])
    header = {"descr": np.lib.format.dtype_to_descr(parts[0].dtype), "fortran_order": False, "shape": shape}
    with file.open(f"{name}.npy", "w") as entry:
        np.lib.format.write_array_header_1_0(entry, header)
        for part in parts:
            entry.write((np.where(part < _LEAST, part.dtype.type(0), part) if without_noise else part).tobytes())


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
        kept = KeptScores(windows, parts["ends"], (parts["rows"],), parts["spans_s"])
    labels, thresholds = LabelSet.from_dicts(header["labels"]), np.array(header["thresholds"], np.float32)
    return ModelScores(str(header["model"]), labels, thresholds, ScoreHistory.from_kept(kept))
