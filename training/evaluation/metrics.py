"""What scores are worth against the truth. Knows no model and no audio; numbers in, numbers out.

Everywhere: scores float32 `(clips, labels)`, probabilities; truth `(clips, labels)`, 1 or True where a clip has the
label, any number of labels a clip. A figure that these clips do not define (no clip has a label, say) is NaN here and
left out of `evaluate_scores`.
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
"""Of the expected calibration error (Guo et al., arXiv:1706.04599)."""
_MOST_CERTAIN_AUC = 1 - 1e-6
"""d' of a perfect ranking would be infinite, which no file and no plot takes: it ends at 6.72."""


def evaluate_scores(
    scores: Scores, truth: Truth, thresholds: NDArray[np.float32], activation: Activation = "sigmoid", *, seed: int = 0
) -> dict[str, Measured]:
    """Every figure that these clips define, with its 95 % interval over clips: that of the accuracy, a share of clips,
    is exact (`exact_interval`), the others' are by bootstrap (`bootstrap.intervals`).

    thresholds: `(labels,)`, from where a label counts as heard. Raises UserError for scores that are not numbers.
    """
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


def exact_interval(n_right: int, n_clips: int) -> tuple[float, float]:
    """The 95 % interval of a share that was counted (Clopper and Pearson 1934): 10 of 10 are 69 to 100 %, where a
    bootstrap, which only draws right ones, would say 100 to 100 %."""
    low = float(betaincinv(n_right, n_clips - n_right + 1, 0.025)) if n_right else 0.0
    high = float(betaincinv(n_right + 1, n_clips - n_right, 0.975)) if n_right < n_clips else 1.0
    return low, high


def point_figures(
    scores: Scores, truth: Truth, thresholds: NDArray[np.float32], activation: Activation = "sigmoid"
) -> dict[str, float]:
    """accuracy, map, mauc, d_prime, f1 (micro) and f1_macro at the thresholds, ece, brier: those that are defined.

    Raises UserError for scores that are not numbers.
    """
    check_scores(scores, truth)
    mauc = mean_auc(scores, truth)
    heard = scores >= thresholds
    f1, f1_macro = _f1_of_all(heard, truth)
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
    """`check_numbers`, and that the scores are probabilities."""
    check_numbers(scores, truth)
    assert 0 <= scores.min() <= scores.max() <= 1, "scores are probabilities, from 0 to 1"


def check_numbers(scores: NDArray[np.float32], truth: Truth) -> None:
    """Raises UserError for scores or logits that are not numbers; asserts that the shapes belong together."""
    assert scores.shape == truth.shape, f"scores {scores.shape}, truth {truth.shape}"
    assert len(scores), "no clips to evaluate"
    bad = ~np.isfinite(scores).all(axis=1)
    if bad.any():
        raise UserError(
            f"The model gives {int(bad.sum())} of {len(scores)} clips scores that are not numbers.",
            "Its weights are damaged, or training went astray: take an earlier checkpoint, or train at a lower rate.",
        )


def accuracy(scores: Scores, truth: Truth) -> float:
    """Share of the clips with a label whose highest score is a label of theirs."""
    labelled, correct = top_label(scores, truth)
    return float(correct.mean()) if len(labelled) else math.nan


def _n_right_of(scores: Scores, truth: Truth) -> tuple[int, int]:
    labelled, correct = top_label(scores, truth)
    return int(correct.sum()), len(labelled)


def top_label(scores: Scores, truth: Truth) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Places of the clips with a label, and whether the highest score of each is one of its labels."""
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
    """Macro mean of the area under the ROC curve over the labels that some clips have and some have not."""
    has = truth.astype(bool)
    mixed = np.flatnonzero(has.any(axis=0) & ~has.all(axis=0))
    return float(np.mean([roc_auc_score(has[:, one], scores[:, one]) for one in mixed])) if len(mixed) else math.nan


def d_prime(mauc: float) -> float:
    """sqrt(2) * Phi^-1(mAUC), from the mean AUC as AST prints it; between -6.72 and 6.72."""
    if math.isnan(mauc):
        return math.nan
    return math.sqrt(2) * NormalDist().inv_cdf(min(_MOST_CERTAIN_AUC, max(1 - _MOST_CERTAIN_AUC, mauc)))


def precision_recall_f1(heard: NDArray[np.bool_], truth: Truth) -> tuple[NDArray[np.float64], ...]:
    """Precision, recall and F1 of each label, each `(labels,)`, 0 where nothing is there to be counted."""
    known, said = _several_labels(truth, heard)
    found = precision_recall_fscore_support(
        known,
        said,
        average=None,
        zero_division=0,  # pyright: ignore[reportArgumentType]  # its stub knows only "warn"
    )
    return tuple(np.asarray(one, np.float64)[:-1] for one in found[:3])


def _f1_of_all(heard: NDArray[np.bool_], truth: Truth) -> tuple[float, float]:
    """Over all label decisions together (micro), and the mean over the labels that occur (macro)."""
    present = _occurring(truth)
    if not len(present):
        return math.nan, math.nan
    known, said = _several_labels(truth, heard)
    micro = f1_score(known, said, average="micro", zero_division=0)  # pyright: ignore[reportArgumentType]
    return float(micro), float(precision_recall_f1(heard, truth)[2][present].mean())


def _several_labels(truth: Truth, heard: NDArray[np.bool_]) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Both with a last column that is never true: a lone column would be taken for one label of two states."""
    never = np.zeros((len(truth), 1), bool)
    return np.hstack([truth.astype(bool), never]), np.hstack([heard, never])


def calibration_error(scores: Scores, truth: Truth, activation: Activation) -> float:
    """Expected calibration error over 15 equal bins: of every label's decision where labels are apart (sigmoid), of
    the highest score alone where they exclude each other (softmax)."""
    # Late: torchmetrics brings torchvision and, where it is there, transformers; a run needs it once, at its end.
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
    """Squared distance of scores and truth: mean over all label decisions (sigmoid), or summed over the labels of each
    clip that has one (softmax; Brier 1950)."""
    squares = (scores.astype(np.float64) - truth.astype(np.float64)) ** 2
    if activation == "sigmoid":
        return float(squares.mean())
    labelled = truth.any(axis=1)
    return float(squares[labelled].sum(axis=1).mean()) if labelled.any() else math.nan


def best_threshold(scores: Scores, truth: Truth) -> tuple[float, float]:
    """The one threshold for all labels with the highest micro F1, and that F1. Steps of 0.01.

    Of equally good ones the middle one: where the scores part the clips with room to spare, what was never heard (a
    silent room) should not score above a threshold at the very edge.
    """
    candidates = threshold_candidates()
    has = truth.astype(bool)
    n_heard = np.array([(scores >= one).sum() for one in candidates])
    n_right = np.array([(has & (scores >= one)).sum() for one in candidates])
    f1 = 2 * n_right / np.maximum(1, n_heard + has.sum())
    equally_good = np.flatnonzero(f1 == f1.max())
    best = equally_good[len(equally_good) // 2]
    return float(candidates[best]), float(f1[best])


def threshold_candidates() -> NDArray[np.float64]:
    """0.01 to 0.99 in steps of 0.01."""
    return np.arange(1, 100) / 100


def _occurring(truth: Truth) -> NDArray[np.int64]:
    return np.flatnonzero(truth.any(axis=0))
