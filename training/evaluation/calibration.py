"""Fits a model's calibration on validation clips: from logits to trustworthy probabilities, and each label's threshold.

logits float32 `(clips, labels)`; truth `(clips, labels)`, 1 where a clip has the label.
"""

from __future__ import annotations

import math

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from core.model.checkpoints.probabilities import Calibration
from training.evaluation.lbfgs import lbfgs
from training.evaluation.metrics import (
    Activation,
    Scores,
    Truth,
    best_threshold,
    check_numbers,
    check_scores,
    threshold_candidates,
)

MIN_CLIPS_FOR_PLATT = 3
"""A label gets its own scale and offset from this many clips with it and as many without it."""
CLIPS_FOR_OWN_THRESHOLD = 50
"""A label with this many clips keeps its own best threshold; with fewer it is pulled towards that of all labels."""
_SPREAD_OF_SCALES, _SPREAD_OF_OFFSETS = 0.5, 2.0
"""Standard deviations of the Gaussian prior on a label's scale (logarithm) and offset (logits), around the global
temperature. With this prior, four clips a label improve the figures on other clips: see `training/LOG.md`."""


def fit_temperature(
    logits: NDArray[np.float32], truth: Truth, activation: Activation, known: NDArray[np.bool_] | None = None
) -> float:
    """The one factor for all logits (1 / T of Guo et al., arXiv:1706.04599) that minimises the negative log-likelihood.

    A standard Gaussian prior on its logarithm keeps it finite where the scores separate the clips perfectly. With
    softmax, clips without a label are ignored, and several labels share a clip equally. known: `(clips, labels)`, the
    decisions that count; with softmax all do.
    """
    z, y = _tensors(logits, truth)
    weight = None if known is None else torch.from_numpy(known.astype(np.float64))
    if activation == "softmax":
        labelled = y.any(dim=1)
        z, y = z[labelled], y[labelled] / y[labelled].sum(dim=1, keepdim=True)

    def loss(log_scale: Tensor) -> Tensor:
        scaled = z * log_scale.exp()
        if activation == "sigmoid":
            fit = F.binary_cross_entropy_with_logits(scaled, y, weight, reduction="sum")
        else:
            fit = F.cross_entropy(scaled, y, reduction="sum")
        return fit + log_scale.square().sum() / 2

    return math.exp(lbfgs(loss, torch.zeros(1, dtype=torch.float64)).item())


def fit_calibration(
    logits: NDArray[np.float32], truth: Truth, activation: Activation, unknown: NDArray[np.bool_] | None = None
) -> Calibration:
    """A scale and an offset for each label; probability = activation(scale * logit + offset).

    Sigmoid: Platt scaling of each label (Platt, 1999) with a prior around the global temperature; a label with too few
    clips gets only that temperature. Softmax: the global temperature for all labels, because anything else would shift
    the labels against each other. unknown: `(clips, labels)`, where nobody says whether a clip has the label: these
    count for nothing. Raises UserError for logits that are not finite.
    """
    check_numbers(logits, truth)
    known = np.ones(truth.shape, bool) if unknown is None else ~unknown
    scale = fit_temperature(logits, truth, activation, known)
    n_positive = truth.astype(bool).sum(axis=0)
    is_own = np.minimum(n_positive, known.sum(axis=0) - n_positive) >= MIN_CLIPS_FOR_PLATT
    pairs = np.tile([scale, 0.0], (logits.shape[1], 1))
    if activation == "sigmoid" and is_own.any():
        pairs[is_own] = _fit_platt(logits[:, is_own], truth[:, is_own], known[:, is_own], math.log(scale))
    return tuple((round(float(a), 4), round(float(b), 4)) for a, b in pairs)


def _fit_platt(
    logits: NDArray[np.float32], truth: Truth, known: NDArray[np.bool_], log_scale: float
) -> NDArray[np.float64]:
    """`(labels, 2)`: scale (always positive, so that the order of clips is kept) and offset."""
    z, y = _tensors(logits, truth)
    weight = torch.from_numpy(known.astype(np.float64))

    def loss(parameters: Tensor) -> Tensor:
        logs, offsets = parameters
        fit = F.binary_cross_entropy_with_logits(z * logs.exp() + offsets, y, weight, reduction="sum")
        penalty = ((logs - log_scale) / _SPREAD_OF_SCALES).square() + (offsets / _SPREAD_OF_OFFSETS).square()
        return fit + penalty.sum() / 2

    start = torch.zeros(2, z.shape[1], dtype=torch.float64)
    start[0] = log_scale
    logs, offsets = lbfgs(loss, start)
    return torch.stack([logs.exp(), offsets], dim=1).numpy()


def _tensors(logits: NDArray[np.float32], truth: Truth) -> tuple[Tensor, Tensor]:
    return torch.from_numpy(logits.astype(np.float64)), torch.from_numpy(truth.astype(np.float64))


def fit_thresholds(scores: Scores, truth: Truth) -> tuple[float, ...]:
    """The threshold of each label with the best F1 on these clips, rounded to two decimals.

    A label with fewer than 50 clips is pulled towards the global threshold (best micro F1) in proportion; a label
    without clips gets the global threshold. Of equally good thresholds, the nearest to the global one is taken.
    """
    check_scores(scores, truth)
    overall, _ = best_threshold(scores, truth)
    candidates, has = threshold_candidates(), truth.astype(bool)
    n_positive = has.sum(axis=0)
    f1 = np.stack([2 * (has & detected).sum(axis=0) / np.maximum(1, detected.sum(axis=0) + n_positive)
                   for detected in (scores >= threshold for threshold in candidates)])  # fmt: skip
    distance = np.where(f1 == f1.max(axis=0), np.abs(candidates - overall)[:, None], np.inf)
    own = candidates[distance.argmin(axis=0)]
    trust = np.minimum(1, n_positive / CLIPS_FOR_OWN_THRESHOLD)
    return tuple(round(float(threshold), 2) for threshold in trust * own + (1 - trust) * overall)
