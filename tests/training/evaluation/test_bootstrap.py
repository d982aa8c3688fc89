"""Drawing clips anew by weights equals really drawing them; the interval is repeatable and as wide as theory has it."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binomtest

from training.evaluation import bootstrap, metrics


def some_clips(n_clips: int = 60, n_labels: int = 4) -> tuple[np.ndarray, np.ndarray]:
    """Scores with ties and up to several labels a clip."""
    rng = np.random.default_rng(5)
    truth = rng.random((n_clips, n_labels)) < 0.3
    scores = np.clip(rng.normal(0.3, 0.2, (n_clips, n_labels)) + 0.2 * truth, 0, 1)
    return np.round(scores, 1).astype(np.float32), truth


@pytest.mark.parametrize("activation", ["sigmoid", "softmax"])
def test_weights_give_what_drawn_clips_give(activation: metrics.Activation) -> None:
    scores, truth = some_clips()
    thresholds = np.full(4, 0.35, np.float32)  # between two of the rounded scores
    drawn = np.random.default_rng(1).integers(0, len(scores), (5, len(scores)))
    weights = np.stack([np.bincount(indices, minlength=len(scores)) for indices in drawn]).astype(np.float32)
    draws = bootstrap.resampled(scores, truth, thresholds, activation, weights)
    for i, clips in enumerate(drawn):
        expected = metrics.point_figures(scores[clips], truth[clips], thresholds, activation)
        del expected["d_prime"]
        assert {name: values[i] for name, values in draws.items()} == pytest.approx(expected, abs=1e-4)


def test_a_label_in_many_clips_is_ranked_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    scores, truth = some_clips()
    weights = bootstrap.draw_weights(len(scores), 3, np.random.default_rng(0))
    whole = bootstrap.resampled(scores, truth, np.full(4, 0.5, np.float32), "sigmoid", weights)
    monkeypatch.setattr(bootstrap, "_MAX_POSITIVES_AT_ONCE", 7)
    parts = bootstrap.resampled(scores, truth, np.full(4, 0.5, np.float32), "sigmoid", weights)
    np.testing.assert_allclose(whole["map"], parts["map"], rtol=1e-6)
    np.testing.assert_allclose(whole["mauc"], parts["mauc"], rtol=1e-6)


def test_intervals_hold_the_value_and_are_repeatable() -> None:
    scores, truth = some_clips()
    thresholds = np.full(4, 0.45, np.float32)
    first, again = (metrics.evaluate_scores(scores, truth, thresholds, seed=3) for _ in range(2))
    assert first == again
    assert all(measured.low <= measured.value <= measured.high for measured in first.values())
    assert all(measured.low >= 0 and measured.high <= 1 for name, measured in first.items() if name != "d_prime")


def test_the_interval_of_accuracy_is_the_binomial_one() -> None:
    n = np.arange(200)
    scores = np.eye(4, dtype=np.float32)[n % 4]
    truth = np.eye(4, dtype=np.float32)[np.where(n < 120, n % 4, (n + 1) % 4)]
    measured = metrics.evaluate_scores(scores, truth, np.full(4, 0.5, np.float32))["accuracy"]
    assert measured.value == pytest.approx(0.6)
    assert measured.high - measured.low == pytest.approx(2 * 1.96 * np.sqrt(0.6 * 0.4 / 200), abs=0.03)


@pytest.mark.parametrize(
    ("n_right", "n_clips", "low", "high"),
    [
        (10, 10, 0.6915, 1.0),
        (0, 10, 0.0, 0.3085),
        (9, 10, 0.5550, 0.9975),
        (1, 1, 0.025, 1.0),
        (50, 100, 0.3983, 0.6017),
    ],
)
def test_the_interval_of_a_share_is_clopper_and_pearsons(n_right: int, n_clips: int, low: float, high: float) -> None:
    exact = binomtest(n_right, n_clips).proportion_ci(0.95, "exact")
    assert metrics.exact_interval(n_right, n_clips) == pytest.approx((exact.low, exact.high))
    assert metrics.exact_interval(n_right, n_clips) == pytest.approx((low, high), abs=1e-4)


def test_ten_clips_that_are_all_right_leave_room_for_doubt() -> None:
    truth = np.eye(2, dtype=np.float32)[np.arange(11) % 2]
    truth[10] = 0  # a clip without a label is none of those that are right or wrong
    measured = metrics.evaluate_scores(truth, truth, np.full(2, 0.5, np.float32))
    assert measured["accuracy"].figures == pytest.approx((1.0, 0.6915, 1.0), abs=1e-4)


def test_as_many_draws_as_there_is_time_for() -> None:
    assert bootstrap.number_of_draws(np.ones((2000, 1), bool)) == bootstrap.N_DRAWS
    assert bootstrap.number_of_draws(np.ones((20_000, 10), bool)) == bootstrap.MIN_DRAWS
