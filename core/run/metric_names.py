"""Names the metrics of an evaluation as people read them, in the order in which they are shown."""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class MetricName:
    """How a metric is presented to people."""

    title: str
    is_share: bool
    """Whether it is shown in percent."""
    meaning: str
    """What it says, without a full stop."""


METRIC_NAMES = {
    "accuracy": MetricName("Accuracy", True, "the share of clips whose highest score is one of their labels"),
    "map": MetricName("mAP", True, "mean average precision; 100 % when no wrong clip ranks above a right one"),
    "f1": MetricName("F1", True, "the harmonic mean of precision and recall, over all clips"),
    "f1_macro": MetricName("Macro F1", True, "the mean F1 of all classes"),
    "mauc": MetricName("mAUC", True, "mean AUC: how often a right clip ranks above a wrong one; 50 % is chance"),
    "d_prime": MetricName("d′", False, "mAUC converted to a distance; 0 is chance"),
    "ece": MetricName(
        "Calibration error", True, "how far the probabilities are from the observed frequencies; 0 % is best"
    ),
    "brier": MetricName("Brier score", False, "the mean squared error of the probabilities; 0 is best"),
}
"""By the names that reports, logs and ledgers store."""
FIRST_METRICS = ("accuracy", "map", "f1")
"""Shown first; the others are details."""
_VARIANTS = {
    "_unmerged": "without merging",
    "_uncalibrated": "without calibration",
    "_low": "lower bound",
    "_high": "upper bound",
}
"""Endings of the names of further figures of a metric."""


def metric_title(name: str) -> str:
    """The title of any figure of a run: `accuracy_unmerged` is "Accuracy without merging". An unknown one is its
    own."""
    for ending, words in _VARIANTS.items():
        base = name.removesuffix(ending)
        if base != name and base in METRIC_NAMES:
            return f"{METRIC_NAMES[base].title} {words}"
    return METRIC_NAMES[name].title if name in METRIC_NAMES else name


def first_metrics(measured: Container[str]) -> tuple[str, ...]:
    """Those of FIRST_METRICS that were measured."""
    return tuple(name for name in FIRST_METRICS if name in measured)


def further_metrics(measured: Container[str]) -> tuple[str, ...]:
    """All others that were measured, in their order."""
    return tuple(name for name in METRIC_NAMES if name in measured and name not in FIRST_METRICS)
