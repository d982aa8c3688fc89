"""Turns the scores of held-out clips into the report that people read and whose clips the window plays."""

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
    known_scores,
    precision_recall_f1,
)


@dataclass(frozen=True, slots=True)
class ScoredClips:
    """Held-out clips with a model's scores."""

    paths: tuple[Path, ...]
    labels: tuple[str, ...]
    """Names, one per column."""
    scores: Scores
    """Probabilities `(clips, labels)`."""
    truth: Truth
    """`(clips, labels)`."""
    thresholds: NDArray[np.float32]
    """`(labels,)`."""
    activation: Activation
    """Whether the labels are independent (sigmoid) or exclusive (softmax)."""
    parts: tuple[Part, ...] = ()
    """Of each path; empty where all clips are whole files."""
    unknown: NDArray[np.bool_] | None = None
    """`(clips, labels)`, where nobody says whether a clip has the label; None where all is known."""

    @property
    def known_scores(self) -> Scores:
        """The scores, 0 where nobody knows what is right."""
        return known_scores(self.scores, self.unknown)


def report_on(scored: ScoredClips, *, model: str, data: str, split: str, merge: str) -> EvaluationReport:
    """The whole report; the other arguments are shown to people. Raises UserError for scores that are not finite."""
    return EvaluationReport(
        model=model,
        data=data,
        split=split,
        merge=merge,
        labels=scored.labels,
        metrics=evaluate_scores(
            scored.scores, scored.truth, scored.thresholds, scored.activation, unknown=scored.unknown
        ),
        classes=class_results(scored),
        clips=clip_results(scored),
    )


def class_results(scored: ScoredClips) -> tuple[ClassResult, ...]:
    """One row per label, in order."""
    truth = scored.truth.astype(bool)
    rows = zip(
        scored.labels,
        truth.sum(axis=0).tolist(),
        *precision_recall_f1(scored.known_scores >= scored.thresholds, truth),
        average_precisions(scored.known_scores, truth),
        scored.thresholds,
        strict=True,
    )
    return tuple(
        ClassResult(label, n_clips, *(float(figure) for figure in figures)) for label, n_clips, *figures in rows
    )


def clip_results(scored: ScoredClips) -> tuple[ClipResult, ...]:
    """One row per clip, in order, with its absolute path."""
    results = []
    parts = scored.parts or (WHOLE,) * len(scored.paths)
    for path, part, scores, truth in zip(scored.paths, parts, scored.known_scores, scored.truth, strict=True):
        present, highest = np.flatnonzero(truth), int(scores.argmax())
        truth_score = float(scores[present].max()) if len(present) else 0.0
        results.append(
            ClipResult(
                path=str(path.absolute()),
                truth=tuple(present.tolist()),
                predicted=highest,
                score=float(scores[highest]),
                truth_score=truth_score,
                start_s=part.start_s,
                end_s=part.end_s,
            )
        )
    return tuple(results)
