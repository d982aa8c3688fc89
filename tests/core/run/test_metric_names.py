"""Every metric has one name, and the first ones come first."""

from __future__ import annotations

import numpy as np
import pytest

from core.run.metric_names import FIRST_METRICS, METRIC_NAMES, first_metrics, further_metrics, metric_title
from training.evaluation.metrics import evaluate_scores


def test_every_metric_of_an_evaluation_has_a_name() -> None:
    scores = np.array([[0.9, 0.2], [0.3, 0.8], [0.7, 0.6], [0.1, 0.4]], np.float32)
    truth = np.array([[1, 0], [0, 1], [1, 0], [0, 1]], np.float32)
    measured = evaluate_scores(scores, truth, np.array([0.5, 0.5], np.float32))
    assert set(measured) == set(METRIC_NAMES)
    assert {*first_metrics(measured), *further_metrics(measured)} == set(measured)


def test_metrics_come_in_order_and_only_those_measured() -> None:
    assert first_metrics({"brier", "f1", "accuracy"}) == ("accuracy", "f1")
    assert further_metrics({"ece", "f1", "mauc", "accuracy_unmerged"}) == ("mauc", "ece")
    assert first_metrics(METRIC_NAMES) == FIRST_METRICS


def test_titles_differ() -> None:
    assert len({metric.title for metric in METRIC_NAMES.values()}) == len(METRIC_NAMES)


@pytest.mark.parametrize(
    ("name", "title"),
    [
        ("map", METRIC_NAMES["map"].title),
        ("accuracy_unmerged", f"{METRIC_NAMES['accuracy'].title} without merging"),
        ("ece_uncalibrated", f"{METRIC_NAMES['ece'].title} without calibration"),
        ("map_of_epochs", "map_of_epochs"),
        ("loss_low", "loss_low"),
    ],
)
def test_every_figure_of_a_run_has_a_title(name: str, title: str) -> None:
    assert metric_title(name) == title
