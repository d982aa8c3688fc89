"""Computes how well scores match the truth: accuracy, mAP, AUC, F1, calibration error and Brier score.

Scores are probabilities, float32 `(clips, labels)`; truth is `(clips, labels)`, 1 or True where a clip has the label,
and a clip has any number of labels. A figure that is undefined for these clips (because no clip has a label, for
example) is NaN here and left out by `evaluate_scores`.
"""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.special import betaincinv
from sklearn.metrics import average_precision_score, f1_score, precision_recall_fscore_support, roc_auc_score

from core.errors import UserError
from core.run.evaluation_report import Measured
from training.evaluation.bootstrap import intervals

Scores = NDArray[np.float32]
Truth = NDArray[np.float32] | NDArray[np.bool_]
Activation = Literal["sigmoid", "softmax"]

N_BINS = 15
"""For the expected calibration error (Guo et al., arXiv:1706.04599)."""
_MAX_AUC = 1 - 1e-6
"""A perfect ranking would have an infinite d', which no file and no plot can hold: it is capped at 6.72."""


def evaluate_scores(
    scores: Scores,
    truth: Truth,
    thresholds: NDArray[np.float32],
    activation: Activation = "sigmoid",
    *,
    unknown: NDArray[np.bool_] | None = None,
    seed: int = 0,
) -> dict[str, Measured]:
    """Every figure that is defined for these clips, with its 95 % interval over clips.

    The interval of the accuracy, a share of clips, is exact (`exact_interval`); the others are by bootstrap
    (`bootstrap.intervals`). thresholds: `(labels,)`, the score from which a label counts as detected. unknown: `(clips,
    labels)`, where nobody says whether a clip has a label: it counts as a label that the clip has not and that was
    scored 0, which no figure blames or praises but mAUC, d', calibration error and Brier score, a little. Raises
    UserError for scores that are not finite.
    """
    check_numbers(scores, truth)
    scores = known_scores(scores, unknown)
    figures = point_figures(scores, truth, thresholds, activation)
    spans = intervals(scores, truth.astype(bool), thresholds, activation, np.random.default_rng(seed))
    measured: dict[str, Measured] = {}
    for name, value in figures.items():
        if name == "accuracy":
            measured[name] = Measured(value, *exact_interval(*_n_right_of(scores, truth)))
        elif name == "d_prime":
            measured[name] = Measured(value, *(d_prime(figures["mauc"] + offset) for offset in spans["mauc"]))
        else:
            low, high = (min(1.0, max(0.0, value + offset)) for offset in spans[name])
            measured[name] = Measured(value, low, high)
    return measured


def known_scores(scores: Scores, unknown: NDArray[np.bool_] | None) -> Scores:
    """The scores, 0 where nobody says whether a clip has the label."""
    return scores if unknown is None else np.where(unknown, np.float32(0), scores)


def exact_interval(n_right: int, n_clips: int) -> tuple[float, float]:
    """The exact 95 % interval of a share (Clopper and Pearson 1934): 10 of 10 give 69 to 100 %; a bootstrap, which
    can only draw correct clips there, would give 100 to 100 %."""
    low = float(betaincinv(n_right, n_clips - n_right + 1, 0.025)) if n_right else 0.0
    high = float(betaincinv(n_right + 1, n_clips - n_right, 0.975)) if n_right < n_clips else 1.0
    return low, high


def point_figures(
    scores: Scores, truth: Truth, thresholds: NDArray[np.float32], activation: Activation = "sigmoid"
) -> dict[str, float]:
    """The defined ones of accuracy, map, mauc, d_prime, f1 (micro) and f1_macro at the thresholds, ece and brier.

    Raises UserError for scores that are not finite.
    """
    check_scores(scores, truth)
    mauc = mean_auc(scores, truth)
    detected = scores >= thresholds
    f1, f1_macro = _f1_of_all(detected, truth)
    figures = {
        "accuracy": accuracy(scores, truth),
        "map": mean_average_precision(scores, truth),
        "mauc": mauc,
        "d_prime": d_prime(mauc),
        "f1": f1,
        "f1_macro": f1_macro,
        "ece": calibration_error(scores, truth, activation),
        "brier": brier_score(scores, truth, activation),
    }
    return {name: value for name, value in figures.items() if math.isfinite(value)}


def check_scores(scores: Scores, truth: Truth) -> None:
    """`check_numbers`, and asserts that the scores are probabilities."""
    check_numbers(scores, truth)
    assert 0 <= scores.min() <= scores.max() <= 1, "scores must be probabilities, from 0 to 1"


def check_numbers(scores: NDArray[np.float32], truth: Truth) -> None:
    """Raises UserError for scores or logits that are not finite; asserts that the shapes match."""
    assert scores.shape == truth.shape, f"scores {scores.shape}, truth {truth.shape}"
    assert len(scores), "no clips to evaluate"
    bad = ~np.isfinite(scores).all(axis=1)
    if bad.any():
        raise UserError(
            f"The model's scores of {int(bad.sum())} of {len(scores)} clips are not finite numbers.",
            "Its weights are damaged or its training diverged: use an earlier checkpoint, or a lower learning rate.",
        )


def accuracy(scores: Scores, truth: Truth) -> float:
    """Share of the labelled clips whose highest score is one of their labels."""
    labelled, correct = top_label(scores, truth)
    return float(correct.mean()) if len(labelled) else math.nan


def _n_right_of(scores: Scores, truth: Truth) -> tuple[int, int]:
    labelled, correct = top_label(scores, truth)
    return int(correct.sum()), len(labelled)


def top_label(scores: Scores, truth: Truth) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Indices of the labelled clips, and whether the highest score of each is one of its labels."""
    labelled = np.flatnonzero(truth.any(axis=1))
    return labelled, truth[labelled, scores[labelled].argmax(axis=1)].astype(bool)


def mean_average_precision(scores: Scores, truth: Truth) -> float:
    """Macro mean of scikit-learn's average precision over the labels that occur (AST's mAP)."""
    values = average_precisions(scores, truth)[_occurring(truth)]
    return float(values.mean()) if len(values) else math.nan


def average_precisions(scores: Scores, truth: Truth) -> NDArray[np.float64]:
    """`(labels,)`; 0 for labels that no clip has."""
    values = np.zeros(scores.shape[1])
    for label in _occurring(truth):
        values[label] = average_precision_score(truth[:, label], scores[:, label])
    return values


def mean_auc(scores: Scores, truth: Truth) -> float:
    """Macro mean of the area under the ROC curve, over the labels that some clips have and some do not."""
    has = truth.astype(bool)
    mixed = np.flatnonzero(has.any(axis=0) & ~has.all(axis=0))
    if not len(mixed):
        return math.nan
    return float(np.mean([roc_auc_score(has[:, label], scores[:, label]) for label in mixed]))


def d_prime(mauc: float) -> float:
    """sqrt(2) * Phi^-1(mAUC), of the mean AUC as AST prints it; between -6.72 and 6.72."""
    if math.isnan(mauc):
        return math.nan
    return math.sqrt(2) * NormalDist().inv_cdf(min(_MAX_AUC, max(1 - _MAX_AUC, mauc)))


def precision_recall_f1(detected: NDArray[np.bool_], truth: Truth) -> tuple[NDArray[np.float64], ...]:
    """Precision, recall and F1 of each label, `(labels,)` each; 0 where they are undefined."""
    known, said = _several_labels(truth, detected)
    found = precision_recall_fscore_support(
        known,
        said,
        average=None,
        zero_division=0,  # pyright: ignore[reportArgumentType]  # its stub knows only "warn"
    )
    return tuple(np.asarray(figure, np.float64)[:-1] for figure in found[:3])


def _f1_of_all(detected: NDArray[np.bool_], truth: Truth) -> tuple[float, float]:
    """F1 of all decisions together (micro), and its mean over the labels that occur (macro)."""
    present = _occurring(truth)
    if not len(present):
        return math.nan, math.nan
    known, said = _several_labels(truth, detected)
    micro = f1_score(known, said, average="micro", zero_division=0)  # pyright: ignore[reportArgumentType]
    return float(micro), float(precision_recall_f1(detected, truth)[2][present].mean())


def _several_labels(truth: Truth, detected: NDArray[np.bool_]) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Both with an extra last column of False: scikit-learn would treat a single column as one binary label."""
    never = np.zeros((len(truth), 1), bool)
    return np.hstack([truth.astype(bool), never]), np.hstack([detected, never])


def calibration_error(scores: Scores, truth: Truth, activation: Activation) -> float:
    """Expected calibration error over 15 equal bins: of every label's decision where labels are independent (sigmoid),
    of the highest score only where they are exclusive (softmax)."""
    # Imported here: torchmetrics imports torchvision and, if installed, transformers; a run needs it once, at its end.
    from torchmetrics.functional.classification import binary_calibration_error

    if activation == "sigmoid":
        confidence, is_right = scores.ravel(), truth.astype(bool).ravel()
    else:
        labelled, is_right = top_label(scores, truth)
        confidence = scores[labelled].max(axis=1)
    if not len(confidence):
        return math.nan
    error = binary_calibration_error(
        torch.from_numpy(confidence.astype(np.float64)), torch.from_numpy(is_right).long(), n_bins=N_BINS, norm="l1"
    )
    return float(error)


def brier_score(scores: Scores, truth: Truth, activation: Activation) -> float:
    """Squared distance between scores and truth (Brier 1950): the mean over all label decisions (sigmoid), or the mean
    over labelled clips of the sum over labels (softmax)."""
    squares = (scores.astype(np.float64) - truth.astype(np.float64)) ** 2
    if activation == "sigmoid":
        return float(squares.mean())
    labelled = truth.any(axis=1)
    return float(squares[labelled].sum(axis=1).mean()) if labelled.any() else math.nan


def best_threshold(scores: Scores, truth: Truth) -> tuple[float, float]:
    """The threshold for all labels with the highest micro F1, and that F1. In steps of 0.01.

    Of equally good thresholds the middle one is taken: where the scores separate the clips with a margin, unseen input
    such as a silent room should not exceed a threshold at the edge of that margin.
    """
    candidates = threshold_candidates()
    has = truth.astype(bool)
    n_detected = np.array([(scores >= threshold).sum() for threshold in candidates])
    n_right = np.array([(has & (scores >= threshold)).sum() for threshold in candidates])
    f1 = 2 * n_right / np.maximum(1, n_detected + has.sum())
    equally_good = np.flatnonzero(f1 == f1.max())
    best = equally_good[len(equally_good) // 2]
    return float(candidates[best]), float(f1[best])


def threshold_candidates() -> NDArray[np.float64]:
    """0.01 to 0.99 in steps of 0.01."""
    return np.arange(1, 100) / 100


def _occurring(truth: Truth) -> NDArray[np.int64]:
    return np.flatnonzero(truth.any(axis=0))
