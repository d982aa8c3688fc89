"""Figures equal their definitions, with several labels a clip or none; what is not defined is not there."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import UserError
from training.evaluation import metrics

pytestmark = pytest.mark.slow

SCORES = np.array([[0.9, 0.1, 0.2], [0.2, 0.8, 0.1], [0.6, 0.3, 0.5], [0.4, 0.7, 0.1]], np.float32)
TRUTH = np.array([[1, 0, 0], [0, 1, 0], [0, 1, 1], [0, 0, 0]], np.float32)
"""The third clip has two labels and its highest score is neither; the fourth has none."""
HALF = np.full(3, 0.5, np.float32)


def test_a_case_counted_by_hand() -> None:
    figures = metrics.point_figures(SCORES, TRUTH, HALF)
    assert figures["accuracy"] == pytest.approx(2 / 3)
    # label 1 ranks its two clips first and third: (1 + 2/3) / 2
    assert figures["map"] == pytest.approx((1 + 5 / 6 + 1) / 3)
    assert figures["mauc"] == pytest.approx((1 + 3 / 4 + 1) / 3)
    assert figures["d_prime"] == pytest.approx(math.sqrt(2) * 1.3829941, abs=1e-5)
    # heard: 0 in clips 0 and 2, 1 in clips 1 and 3, 2 in clip 2 (0.5 counts): 3 right of 5 heard, of 4 true
    assert figures["f1"] == pytest.approx(2 * 3 / (5 + 4))
    assert figures["f1_macro"] == pytest.approx((2 / 3 + 1 / 2 + 1) / 3)
    assert figures["brier"] == pytest.approx(float(((SCORES - TRUTH) ** 2).sum()) / 12)


def test_d_prime_is_asts() -> None:
    assert metrics.d_prime(0.9786) == pytest.approx(2.864, abs=2e-3)  # the released AudioSet log
    assert metrics.d_prime(0.5) == pytest.approx(0)
    assert metrics.d_prime(1.0) == pytest.approx(6.72, abs=0.01)


def test_calibration_error_is_the_mean_gap_of_confidence_and_outcome() -> None:
    scores = np.array([[0.9], [0.9], [0.9], [0.3]], np.float32)
    truth = np.array([[1], [1], [0], [0]], np.float32)
    expected = 3 / 4 * abs(0.9 - 2 / 3) + 1 / 4 * 0.3
    assert metrics.calibration_error(scores, truth, "sigmoid") == pytest.approx(expected, abs=1e-6)


def test_with_softmax_only_the_highest_score_is_calibrated() -> None:
    scores = np.array([[0.8, 0.1, 0.1], [0.1, 0.8, 0.1]], np.float32)
    truth = np.array([[1, 0, 0], [1, 0, 0]], np.float32)
    assert metrics.calibration_error(scores, truth, "softmax") == pytest.approx(0.3, abs=1e-6)
    assert metrics.brier_score(scores, truth, "softmax") == pytest.approx((0.06 + 1.46) / 2)


def test_labels_that_all_or_no_clips_have() -> None:
    truth = np.array([[1, 0, 1], [1, 0, 0], [1, 0, 0], [1, 0, 0]], np.float32)
    figures = metrics.point_figures(SCORES, truth, HALF)
    assert figures["map"] == pytest.approx((1 + 1 / 2) / 2)  # label 0 everywhere, label 2's clip second
    assert figures["mauc"] == pytest.approx(2 / 3)  # of label 2 alone


def test_clips_without_any_label_define_little() -> None:
    measured = metrics.evaluate_scores(SCORES, np.zeros_like(TRUTH), HALF)
    assert measured.keys() == {"ece", "brier"}


def test_one_clip() -> None:
    measured = metrics.evaluate_scores(SCORES[:1], TRUTH[:1], HALF)
    assert measured["accuracy"].figures == pytest.approx((1.0, 0.025, 1.0))
    assert "mauc" not in measured
    assert all(math.isfinite(metric.low) and math.isfinite(metric.high) for metric in measured.values())


def test_one_label() -> None:
    heard, truth = np.array([[True], [True], [False]]), np.array([[1], [0], [0]], np.float32)
    scores = np.where(heard, 0.9, 0.1).astype(np.float32)
    assert metrics.point_figures(scores, truth, HALF[:1])["f1"] == pytest.approx(2 / 3)


def test_scores_that_are_no_numbers_are_told() -> None:
    bad = SCORES.copy()
    bad[1, 2] = np.nan
    with pytest.raises(UserError, match="1 of 4 clips"):
        metrics.evaluate_scores(bad, TRUTH, HALF)


def test_the_best_single_threshold() -> None:
    threshold, f1 = metrics.best_threshold(SCORES[:3], np.eye(3, dtype=np.float32))
    assert 0.30 < threshold <= 0.5  # three found, and 0.6 for label 0 as the one false alarm
    assert f1 == pytest.approx(2 * 3 / (2 * 3 + 1))


@st.composite
def scored_clips(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray]:
    """Scores on a coarse grid, so that many are equal, and any truth with at least one label somewhere."""
    n_clips, n_labels = draw(st.integers(2, 25)), draw(st.integers(1, 5))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    scores = rng.integers(0, draw(st.integers(2, 30)), (n_clips, n_labels)) / 30
    truth = rng.random((n_clips, n_labels)) < draw(st.floats(0.05, 0.95))
    truth[0, 0] = True
    return scores.astype(np.float32), truth


@given(scored_clips())
@settings(max_examples=40, deadline=None)
def test_ranking_figures_equal_their_definitions(clips: tuple[np.ndarray, np.ndarray]) -> None:
    scores, truth = clips
    precisions, areas = [], []
    for score, has in zip(scores.T, truth.T, strict=True):
        own, others = score[has], score[~has]
        if len(own):
            precisions.append(np.mean([(own >= positive).sum() / (score >= positive).sum() for positive in own]))
        if len(own) and len(others):
            areas.append(np.mean([(positive > others).mean() + (positive == others).mean() / 2 for positive in own]))
    assert metrics.mean_average_precision(scores, truth) == pytest.approx(np.mean(precisions))
    if areas:
        assert metrics.mean_auc(scores, truth) == pytest.approx(np.mean(areas))


@given(scored_clips(), st.integers(0, 1000))
@settings(max_examples=40, deadline=None)
def test_the_order_of_the_clips_changes_nothing(clips: tuple[np.ndarray, np.ndarray], seed: int) -> None:
    scores, truth = clips
    thresholds = np.full(truth.shape[1], 0.5, np.float32)
    order = np.random.default_rng(seed).permutation(len(scores))
    for activation in ("sigmoid", "softmax"):
        here = metrics.point_figures(scores, truth, thresholds, activation)
        there = metrics.point_figures(scores[order], truth[order], thresholds, activation)
        assert here == pytest.approx(there, abs=1e-6)


@given(scored_clips())
@settings(max_examples=40, deadline=None)
def test_a_perfect_model_is_perfect(clips: tuple[np.ndarray, np.ndarray]) -> None:
    truth = clips[1]
    thresholds = np.full(truth.shape[1], 0.5, np.float32)
    figures = metrics.point_figures(truth.astype(np.float32), truth, thresholds)
    assert [figures[name] for name in ("accuracy", "map", "f1", "f1_macro")] == pytest.approx([1.0] * 4)
    assert (figures["ece"], figures["brier"]) == (0, 0)
    assert figures.get("mauc", 1.0) == 1.0
