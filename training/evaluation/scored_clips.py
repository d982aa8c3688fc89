"""Scores of held-out clips as the report that people read and the window plays. Knows no model and no file format."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.run.evaluation_report import ClassResult, ClipResult, EvaluationReport
from training.data.layouts.clip_parts import WHOLE, Part
from training.evaluation.metrics import (
    Activation,
    Scores,
    Truth,
    average_precisions,
    evaluate_scores,
    precision_recall_f1,
)


@dataclass(frozen=True, slots=True)
class ScoredClips:
    """Held-out clips with what a model says of them.

    paths, parts: the clips'; no parts where all are whole files. labels: names, one a column. scores: probabilities
    `(clips, labels)`, truth the same shape. thresholds: `(labels,)`. activation: whether the labels are apart or
    exclude each other.
    """

    paths: tuple[Path, ...]
    labels: tuple[str, ...]
    scores: Scores
    truth: Truth
    thresholds: NDArray[np.float32]
    activation: Activation
    parts: tuple[Part, ...] = ()


def report_on(scored: ScoredClips, *, model: str, data: str, split: str, merge: str) -> EvaluationReport:
    """The whole report; the last four are words for people. Raises UserError for scores that are not numbers."""
    return EvaluationReport(
        model=model,
        data=data,
        split=split,
        merge=merge,
        labels=scored.labels,
        metrics=evaluate_scores(scored.scores, scored.truth, scored.thresholds, scored.activation),
        classes=class_results(scored),
        clips=clip_results(scored),
    )


def class_results(scored: ScoredClips) -> tuple[ClassResult, ...]:
    """One row a label, in order."""
    truth = scored.truth.astype(bool)
    rows = zip(
        scored.labels,
        truth.sum(axis=0).tolist(),
        *precision_recall_f1(scored.scores >= scored.thresholds, truth),
        average_precisions(scored.scores, truth),
        scored.thresholds,
        strict=True,
    )
    return tuple(
        ClassResult(label, n_clips, *(float(figure) for figure in figures)) for label, n_clips, *figures in rows
    )


def clip_results(scored: ScoredClips) -> tuple[ClipResult, ...]:
    """One row a clip, in order, by its absolute path."""
    results = []
    parts = scored.parts or (WHOLE,) * len(scored.paths)
    for path, part, scores, truth in zip(scored.paths, parts, scored.scores, scored.truth, strict=True):
        present, highest = np.flatnonzero(truth), int(scores.argmax())
        truth_score = float(scores[present].max()) if len(present) else 0.0
        results.append(
            ClipResult(
                *(str(path.absolute()), tuple(present.tolist()), highest, float(scores[highest]), truth_score),
                *(part.start_s, part.end_s),
            )
        )
    return tuple(results)
