"""Fits, on validation clips, what turns a model's logits into probabilities one can believe, and from which probability
a label counts as heard. Knows no model.

logits float32 `(clips, labels)`; truth `(clips, labels)`, 1 where a clip has the label.
"""

from __future__ import annotations

import math

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from core.model.checkpoints.checkpoint import Calibration
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

FEWEST_FOR_PLATT = 3
"""Clips that must have a label, and that must not, for a scale and an offset of its own."""
ENOUGH_FOR_OWN_THRESHOLD = 50
"""Clips of a label from which its own best threshold stands; with fewer it is drawn to that of all labels."""
_SPREAD_OF_SCALES, _SPREAD_OF_OFFSETS = 0.5, 2.0
"""How far labels are expected to lie from the global temperature (log scale, logits): a Gaussian prior. With it four
clips a label are enough to help on others: see `training/LOG.md`."""


def fit_temperature(logits: NDArray[np.float32], truth: Truth, activation: Activation) -> float:
    """The one factor for all logits (1 / T of Guo et al., arXiv:1706.04599) with the least negative log-likelihood.

    A Gaussian prior of one on its logarithm keeps it finite where the scores separate the clips perfectly. With
    softmax the clips without a label say nothing; several labels share a clip equally.
    """
    z, y = _tensors(logits, truth)
    if activation == "softmax":
        labelled = y.any(dim=1)
        z, y = z[labelled], y[labelled] / y[labelled].sum(dim=1, keepdim=True)

    def loss(log_scale: Tensor) -> Tensor:
        scaled = z * log_scale.exp()
        fit = F.binary_cross_entropy_with_logits if activation == "sigmoid" else F.cross_entropy
        return fit(scaled, y, reduction="sum") + log_scale.square().sum() / 2

    return math.exp(lbfgs(loss, torch.zeros(1, dtype=torch.float64)).item())


def fit_calibration(logits: NDArray[np.float32], truth: Truth, activation: Activation) -> Calibration:
    """A scale and an offset for each label; probability = activation(scale * logit + offset).

    Sigmoid: Platt scaling of each label (Platt, 1999), held to the global temperature by a prior, and that
    temperature alone for a label of too few clips. Softmax: the global temperature for all labels, because anything
    else would move one label against another. Raises UserError for logits that are not numbers.
    """
    check_numbers(logits, truth)
    scale = fit_temperature(logits, truth, activation)
    n_positive = truth.astype(bool).sum(axis=0)
    is_own = np.minimum(n_positive, len(truth) - n_positive) >= FEWEST_FOR_PLATT
    pairs = np.tile([scale, 0.0], (logits.shape[1], 1))
    if activation == "sigmoid" and is_own.any():
        pairs[is_own] = _fit_platt(logits[:, is_own], truth[:, is_own], math.log(scale))
    return tuple((round(float(a), 4), round(float(b), 4)) for a, b in pairs)


def _fit_platt(logits: NDArray[np.float32], truth: Truth, log_scale: float) -> NDArray[np.float64]:
    """`(labels, 2)`: scale (kept positive: more logit is never less probable) and offset."""
    z, y = _tensors(logits, truth)

    def loss(parameters: Tensor) -> Tensor:
        logs, offsets = parameters
        fit = F.binary_cross_entropy_with_logits(z * logs.exp() + offsets, y, reduction="sum")
        away = ((logs - log_scale) / _SPREAD_OF_SCALES).square() + (offsets / _SPREAD_OF_OFFSETS).square()
        return fit + away.sum() / 2

    start = torch.zeros(2, z.shape[1], dtype=torch.float64)
    start[0] = log_scale
    logs, offsets = lbfgs(loss, start)
    return torch.stack([logs.exp(), offsets], dim=1).numpy()


def _tensors(logits: NDArray[np.float32], truth: Truth) -> tuple[Tensor, Tensor]:
    return torch.from_numpy(logits.astype(np.float64)), torch.from_numpy(truth.astype(np.float64))


def fit_thresholds(scores: Scores, truth: Truth) -> tuple[float, ...]:
    """For each label the threshold of the best F1 on these clips, two decimals.

    A label of fewer than 50 clips is drawn to the global threshold (best micro F1) in proportion; one of none gets it.
    Of equally good thresholds the one nearest to the global counts.
    """
    check_scores(scores, truth)
    everywhere, _ = best_threshold(scores, truth)
    candidates, has = threshold_candidates(), truth.astype(bool)
    n_positive = has.sum(axis=0)
    f1 = np.stack([2 * (has & heard).sum(axis=0) / np.maximum(1, heard.sum(axis=0) + n_positive)
                   for heard in (scores >= one for one in candidates)])  # fmt: skip
    distance = np.where(f1 == f1.max(axis=0), np.abs(candidates - everywhere)[:, None], np.inf)
    own = candidates[distance.argmin(axis=0)]
    trust = np.minimum(1, n_positive / ENOUGH_FOR_OWN_THRESHOLD)
    return tuple(round(float(one), 2) for one in trust * own + (1 - trust) * everywhere)
