"""The new last layer is logistic regression, and cross-validation keeps each clip and all its views out of its test."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from training.head_only.logistic_regression import BACKGROUND, FeatureRows, cross_validate, fit_head, mean_loss


def rows_of(features: NDArray[np.float64], labels: NDArray[np.int64], n_labels: int, n_views: int = 1) -> FeatureRows:
    """One clip a row of `features`, each with `n_views` views that are all the same."""
    targets = np.zeros((len(labels), n_labels), np.float32)
    targets[np.arange(len(labels)), labels] = 1
    views = np.repeat(np.arange(len(labels)), n_views)
    return FeatureRows(features.astype(np.float32)[views], targets[views], views)


def test_it_is_scikit_learns_logistic_regression_label_by_label() -> None:
    random = np.random.default_rng(0)
    labels = np.arange(60) % 3
    rows = rows_of(random.normal(0, 1, (60, 5)) + 2 * random.normal(0, 1, (3, 5))[labels], labels, 3)
    head = fit_head(rows, penalty=4.0)
    spread = rows.features.std(axis=0)
    for label in range(3):
        theirs = LogisticRegression(C=1 / 4.0, tol=1e-6).fit(rows.features / spread, rows.targets[:, label])
        assert head.weight[label] * spread == pytest.approx(theirs.coef_[0], abs=2e-3)
        assert head.logits(rows.features)[:, label] == pytest.approx(
            theirs.decision_function(rows.features / spread), abs=1e-2
        )


def test_a_clip_counts_once_however_many_views_it_has() -> None:
    random = np.random.default_rng(1)
    once = rows_of(random.normal(0, 1, (20, 4)), np.arange(20) % 2, 2)
    again = once.clips < 5
    more = FeatureRows.joined([once, *[once.where(again)] * 7])
    assert more.weights()[more.clips == 3] == pytest.approx(1 / 8)
    assert more.weights().sum() == pytest.approx(20)


def test_views_of_a_clip_that_is_tested_teach_nothing() -> None:
    """Labels by the toss of a coin: a fit that has seen a clip knows it, the one that tests it can only guess."""
    random = np.random.default_rng(2)
    features, labels = random.normal(0, 1, (80, 120)), random.integers(0, 2, 80)
    rows, whole = rows_of(features, labels, 2, n_views=4), rows_of(features, labels, 2)
    folds = np.array([str(i % 5) for i in range(80)])
    seen = fit_head(rows, 0.1).logits(whole.features).argmax(axis=1)
    unseen = cross_validate(rows, whole, folds, (0.1,)).logits(whole.features, folds).argmax(axis=1)
    assert (seen == labels).mean() == 1.0
    assert 0.3 < (unseen == labels).mean() < 0.7


def test_the_penalty_has_the_least_loss_on_unseen_clips() -> None:
    random = np.random.default_rng(3)
    labels = np.arange(60) % 3
    noisy = rows_of(random.normal(0, 1, (60, 40)) + random.normal(0, 0.5, (3, 40))[labels], labels, 3)
    folds = np.array([str(i % 5) for i in range(60)])
    chosen = cross_validate(noisy, noisy, folds)
    losses = {
        penalty: mean_loss(cross_validate(noisy, noisy, folds, (penalty,)).logits(noisy.features, folds), noisy.targets)
        for penalty in (300.0, chosen.penalty, 0.3)
    }
    assert chosen.loss == pytest.approx(min(losses.values()), rel=1e-2)
    assert losses[0.3] > chosen.loss < losses[300.0]


def test_the_background_scores_low_everywhere() -> None:
    random = np.random.default_rng(4)
    clips = rows_of(random.normal(0, 1, (40, 6)) + 3 * np.eye(6)[np.arange(40) % 2], np.arange(40) % 2, 2)
    quiet = random.normal(-3, 0.1, (10, 6)).astype(np.float32)
    background = FeatureRows(quiet, np.zeros((10, 2), np.float32), np.full(10, BACKGROUND))
    head = fit_head(FeatureRows.joined([clips, background]), 1.0)
    assert head.logits(quiet).max() < -1
    assert (head.logits(clips.features).argmax(axis=1) == np.arange(40) % 2).mean() > 0.9
