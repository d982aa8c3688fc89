"""Calibration finds the scale and offset that were put in, and trusts few clips little."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import UserError
from training.evaluation.calibration import (
    CLIPS_FOR_OWN_THRESHOLD,
    MIN_CLIPS_FOR_PLATT,
    fit_calibration,
    fit_temperature,
    fit_thresholds,
)
from training.evaluation.metrics import best_threshold, calibration_error


def sigmoid(logits: np.ndarray) -> np.ndarray:
    return (1 / (1 + np.exp(-logits))).astype(np.float32)


def drawn_by(probabilities: np.ndarray, seed: int = 1) -> np.ndarray:
    """Truth of clips whose labels are as probable as that."""
    return (np.random.default_rng(seed).random(probabilities.shape) < probabilities).astype(np.float32)


def true_logits(n_clips: int, n_labels: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(-1, 2, (n_clips, n_labels)).astype(np.float32)


@pytest.mark.parametrize("scale", [0.4, 1.0, 2.5])
def test_a_model_that_is_too_sure_or_too_shy_gets_its_temperature(scale: float) -> None:
    logits = true_logits(3000, 5)
    shown = (logits / scale).astype(np.float32)
    assert fit_temperature(shown, drawn_by(sigmoid(logits)), "sigmoid") == pytest.approx(scale, rel=0.05)


def test_the_temperature_of_labels_that_exclude_each_other() -> None:
    logits = true_logits(4000, 5)
    odds = np.exp(logits - logits.max(axis=1, keepdims=True))
    cumulated = (odds / odds.sum(axis=1, keepdims=True)).cumsum(axis=1)
    chosen = (np.random.default_rng(2).random((4000, 1)) < cumulated).argmax(axis=1)
    truth = np.eye(5, dtype=np.float32)[chosen]
    truth[:50] = 0  # clips of nothing known teach a softmax nothing
    pairs = fit_calibration((logits / 2).astype(np.float32), truth, "softmax")
    assert pairs[0] == (pytest.approx(2, rel=0.05), 0.0)
    assert set(pairs) == {pairs[0]}


def test_every_label_gets_its_own_scale_and_offset() -> None:
    logits = true_logits(4000, 3)
    scales, offsets = np.array([0.5, 1.0, 2.0]), np.array([0.0, 1.5, -1.0])
    pairs = fit_calibration(((logits - offsets) / scales).astype(np.float32), drawn_by(sigmoid(logits)), "sigmoid")
    np.testing.assert_allclose(np.array(pairs), np.stack([scales, offsets], axis=1), atol=0.15)


def test_calibrated_probabilities_are_calibrated_on_other_clips() -> None:
    logits = true_logits(3000, 4)
    truth = drawn_by(sigmoid(logits))
    shown = (logits * 3 + 1).astype(np.float32)
    scale, offset = np.array(fit_calibration(shown[:1500], truth[:1500], "sigmoid")).T
    before = calibration_error(sigmoid(shown[1500:]), truth[1500:], "sigmoid")
    after = calibration_error(sigmoid(shown[1500:] * scale + offset), truth[1500:], "sigmoid")
    assert after < 0.03 < before


def test_a_label_of_too_few_clips_gets_the_global_temperature() -> None:
    logits, truth = true_logits(400, 3), np.zeros((400, 3), np.float32)
    truth[:, 0] = drawn_by(sigmoid(logits[:, 0]))
    truth[: MIN_CLIPS_FOR_PLATT - 1, 1] = 1
    truth[: -(MIN_CLIPS_FOR_PLATT - 1), 2] = 1  # all but two clips have it
    pairs = fit_calibration(logits, truth, "sigmoid")
    assert pairs[1] == pairs[2]
    assert pairs[1][1] == 0.0
    assert pairs[0] != pairs[1]


def test_perfect_separation_stays_finite() -> None:
    truth = np.eye(3, dtype=np.float32)[np.arange(60) % 3]
    pairs = np.array(fit_calibration((truth * 8 - 4).astype(np.float32), truth, "sigmoid"))
    assert (pairs[:, 0] > 1).all()
    assert np.isfinite(pairs).all()
    assert np.abs(pairs).max() < 100


def test_logits_that_are_no_numbers_are_told() -> None:
    logits = true_logits(10, 2)
    logits[0, 0] = np.inf
    with pytest.raises(UserError, match="1 of 10 clips"):
        fit_calibration(logits, np.ones((10, 2), np.float32), "sigmoid")


def test_thresholds_with_the_best_f1_where_a_label_has_many_clips() -> None:
    n = 4 * CLIPS_FOR_OWN_THRESHOLD
    truth = np.tile(np.arange(n)[:, None] < n // 2, 2).astype(np.float32)
    scores = np.where(truth > 0, [0.3, 0.9], [0.2, 0.6]).astype(np.float32)
    low, high = fit_thresholds(scores, truth)
    assert 0.2 < low <= 0.3
    assert 0.6 < high <= 0.9


def test_thresholds_of_few_clips_keep_to_the_global_one() -> None:
    rng = np.random.default_rng(0)
    truth = np.zeros((300, 3), np.float32)
    truth[:100, 0], truth[100:105, 1] = 1, 1
    scores = np.clip(rng.normal(0.3 + 0.3 * truth, 0.1), 0, 1).astype(np.float32)
    scores[100:105, 1] = 0.95  # five clips that would put their threshold far up
    scores[105:110, 1] = 0.9
    everywhere, _ = best_threshold(scores, truth)
    _own, few, none = fit_thresholds(scores, truth)
    assert abs(few - everywhere) <= abs(0.95 - everywhere) * 0.1 + 0.01
    assert none == pytest.approx(everywhere)


@pytest.mark.slow
@given(st.integers(0, 2**32))
@settings(max_examples=20, deadline=None)
def test_the_order_of_the_clips_changes_nothing(seed: int) -> None:
    logits = true_logits(80, 3, seed)
    truth = drawn_by(sigmoid(logits), seed)
    order = np.random.default_rng(seed).permutation(80)
    here, there = (fit_calibration(logits[places], truth[places], "sigmoid") for places in (np.arange(80), order))
    np.testing.assert_allclose(here, there, atol=2e-3)
    assert fit_thresholds(sigmoid(logits), truth) == fit_thresholds(sigmoid(logits[order]), truth[order])
