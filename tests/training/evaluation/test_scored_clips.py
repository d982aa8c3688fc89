"""The report of scored clips: each clip's prediction and best true label, each label's figures."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from core.errors import UserError
from training.data.layouts.clip_parts import WHOLE, Part
from training.evaluation.scored_clips import ScoredClips, class_results, clip_results, report_on

SCORES = np.array([[0.9, 0.2, 0.1], [0.4, 0.7, 0.6], [0.3, 0.1, 0.2]], np.float32)
TRUTH = np.array([[1, 0, 0], [1, 0, 1], [0, 0, 0]], np.float32)


def scored(scores: np.ndarray = SCORES, parts: tuple[Part, ...] = ()) -> ScoredClips:
    return ScoredClips(
        paths=tuple(Path(f"{name}.wav") for name in "abc"),
        labels=("Bell", "Dog", "Rain"),
        scores=scores,
        truth=TRUTH,
        thresholds=np.array([0.5, 0.5, 0.5], np.float32),
        activation="sigmoid",
        parts=parts,
    )


def test_each_clip_has_its_prediction_and_the_score_of_its_best_true_label() -> None:
    right, wrong, none = clip_results(scored())
    assert Path(right.path).is_absolute()
    assert (right.truth, right.predicted) == ((0,), 0)
    assert (right.score, right.truth_score) == pytest.approx((0.9, 0.9))
    assert (wrong.truth, wrong.predicted) == ((0, 2), 1)
    assert (wrong.score, wrong.truth_score) == pytest.approx((0.7, 0.6))
    assert (none.truth, none.predicted, none.truth_score) == ((), 0, 0.0)


def test_parts_of_files_keep_their_times() -> None:
    results = clip_results(scored(parts=(WHOLE, Part(1.0, 2.5), Part(3.0, None))))
    assert [(clip.start_s, clip.end_s) for clip in results] == [(WHOLE.start_s, WHOLE.end_s), (1.0, 2.5), (3.0, None)]


def test_each_label_has_its_figures_in_order() -> None:
    bell, dog, rain = class_results(scored())
    assert [row.label for row in (bell, dog, rain)] == ["Bell", "Dog", "Rain"]
    assert (bell.n_clips, bell.precision, bell.recall) == (2, 1.0, 0.5)
    assert (dog.n_clips, dog.precision, dog.recall, dog.average_precision) == (0, 0.0, 0.0, 0.0)
    assert (rain.n_clips, rain.f1, rain.average_precision) == (1, 1.0, 1.0)


def test_the_report_has_all_of_it_and_refuses_scores_that_are_not_finite() -> None:
    words = {"model": "Owl", "data": "sounds", "split": "fold 1", "merge": "off"}
    report = report_on(scored(), **words)
    assert (report.model, report.data, report.split, report.merge) == ("Owl", "sounds", "fold 1", "off")
    assert report.metrics["accuracy"].value == 0.5
    assert (len(report.classes), len(report.clips)) == (3, 3)
    broken = SCORES.copy()
    broken[1, 1] = np.nan
    with pytest.raises(UserError, match="1 of 3 clips"):
        report_on(scored(broken), **words)
