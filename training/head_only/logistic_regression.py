"""Fits a last layer on frozen features: logistic regression, with a penalty chosen by cross-validation.

Labels are independent (sigmoid): a clip may have several or none. Features are the output of the head's norm, float32
`(rows, D)`. Every clip has one or more rows (views) and counts as one clip however many there are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from training.evaluation.lbfgs import lbfgs

BACKGROUND = -1
"""Stands for the clip in rows of noise and silence, which belong to no clip."""
PENALTIES = (300.0, 100.0, 30.0, 10.0, 3.0, 1.0, 0.3)
"""From underfitting to overfitting: the strongest first, because each fit starts from the one before."""
_LEAST_SPREAD = 1e-3


@dataclass(frozen=True, slots=True)
class FeatureRows:
    """Features of views with their labels."""

    features: NDArray[np.float32]
    """`(rows, D)`."""
    targets: NDArray[np.float32]
    """`(rows, labels)`, 1 where a row has the label."""
    clips: NDArray[np.int64]
    """`(rows,)`: the clip that each row is a view of, or BACKGROUND."""

    @classmethod
    def joined(cls, parts: Sequence[FeatureRows]) -> FeatureRows:
        """All rows of all `parts`."""
        return cls(
            features=np.concatenate([part.features for part in parts]),
            targets=np.concatenate([part.targets for part in parts]),
            clips=np.concatenate([part.clips for part in parts]),
        )

    def where(self, chosen: NDArray[np.bool_]) -> FeatureRows:
        """The rows where `chosen` `(rows,)`."""
        return FeatureRows(self.features[chosen], self.targets[chosen], self.clips[chosen])

    def weights(self) -> NDArray[np.float64]:
        """`(rows,)`: a clip's rows share a weight of 1; the background weighs as much as an average label's clips."""
        n_views = np.bincount(self.clips[self.clips != BACKGROUND])
        n_clips, n_labels = int((n_views > 0).sum()), self.targets.shape[1]
        is_background = self.clips == BACKGROUND
        each = n_clips / n_labels / max(1, int(is_background.sum()))
        return np.where(is_background, each, 1.0 / np.maximum(1, n_views)[np.maximum(self.clips, 0)])


class Head(NamedTuple):
    """A linear layer: weight float32 `(labels, D)` and bias float32 `(labels,)`, for features that are not scaled."""

    weight: NDArray[np.float32]
    bias: NDArray[np.float32]

    def logits(self, features: NDArray[np.float32]) -> NDArray[np.float32]:
        """`(rows, labels)`."""
        return features @ self.weight.T + self.bias


@dataclass(frozen=True, slots=True)
class CrossValidation:
    """The penalty with the lowest loss on clips of folds that the head was not fitted on."""

    penalty: float
    loss: float
    """The mean over clips."""
    heads: dict[str, Head]
    """Fitted with this penalty, by the fold left out."""

    def logits(self, features: NDArray[np.float32], folds: NDArray[np.str_]) -> NDArray[np.float32]:
        """`(clips, labels)` of features `(clips, D)`: each clip by the head that was not fitted on its fold."""
        return _out_of_fold(self.heads, features, folds)


def fit_head(rows: FeatureRows, penalty: float, start: Head | None = None) -> Head:
    """The head that minimises binary cross-entropy over labels plus penalty / 2 times its squared weights.

    The weights are penalised on standardised features, so that a penalty means the same for any backbone. start: the
    head of similar rows or a similar penalty, which saves time.
    """
    centre, spread = rows.features.mean(axis=0), np.maximum(rows.features.std(axis=0), _LEAST_SPREAD)
    x = torch.from_numpy((rows.features - centre) / spread)
    y, row_weight = torch.from_numpy(rows.targets), torch.from_numpy(rows.weights().astype(np.float32))[:, None]

    def loss(parameters: Tensor) -> Tensor:  # (D + 1, labels), the bias last
        z = x @ parameters[:-1] + parameters[-1]
        fit = F.binary_cross_entropy_with_logits(z, y, weight=row_weight, reduction="sum")
        return fit + parameters[:-1].square().sum() * (penalty / 2)

    first = torch.zeros(x.shape[1] + 1, y.shape[1])
    if start is not None:
        scaled = start.weight * spread
        first = torch.from_numpy(np.vstack([scaled.T, (start.bias + start.weight @ centre)[None]]))
    found = lbfgs(loss, first, max_iter=100, tolerance_change=1e-6).numpy()
    weight = found[:-1].T / spread
    return Head(np.ascontiguousarray(weight), found[-1] - weight @ centre)


def cross_validate(
    rows: FeatureRows,
    whole: FeatureRows,
    folds: NDArray[np.str_],
    penalties: tuple[float, ...] = PENALTIES,
) -> CrossValidation:
    """Choose the penalty. whole: one row per clip, in order, on which the loss is measured; folds: `(clips,)`.

    The background is in the training rows of every fold: it is synthetic and belongs to no recording. Penalties are
    tried from the strongest on, until the loss rises, because weaker ones take longer to fit.
    """
    results: list[CrossValidation] = []
    heads: dict[str, Head] = {}
    of_row = np.where(rows.clips == BACKGROUND, "", folds[rows.clips])
    for penalty in penalties:
        heads = {
            fold: fit_head(rows.where((of_row != fold) | (rows.clips == BACKGROUND)), penalty, heads.get(fold))
            for fold in sorted(set(folds.tolist()))
        }
        logits = _out_of_fold(heads, whole.features, folds)
        results.append(CrossValidation(penalty, mean_loss(logits, whole.targets), heads))
        if len(results) > 1 and results[-1].loss > results[-2].loss:
            break
    return min(results, key=lambda result: result.loss)


def mean_loss(logits: NDArray[np.float32], targets: NDArray[np.float32]) -> float:
    """Binary cross-entropy: summed over the labels, averaged over the clips."""
    each = F.binary_cross_entropy_with_logits(torch.from_numpy(logits), torch.from_numpy(targets), reduction="sum")
    return float(each) / len(logits)


def _out_of_fold(heads: dict[str, Head], features: NDArray[np.float32], folds: NDArray[np.str_]) -> NDArray[np.float32]:
    n_labels = len(next(iter(heads.values())).bias)
    logits = np.zeros((len(features), n_labels), np.float32)
    for fold, head in heads.items():
        logits[folds == fold] = head.logits(features[folds == fold])
    return logits
