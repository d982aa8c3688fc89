"""The loss of mixed scenes: labels whose times the mixing knows, and a teacher that hears the same waveform.

Four terms, each a sum over labels and a mean over times: of the whole window; of each column whose state is known; of
each of the teacher's patches, over whose columns the student's probabilities are pooled by linear softmax (see
`frame_head_loss`); and the cosine distance from the teacher's embedding of each patch. Where both a label and the
teacher speak, the target is their blend (CMKD, arXiv:2203.06760; see `distillation`); where one of them is silent, it
is the other; where both are, there is no loss.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from core.labels import LabelSet
from training.batches.sampling import SceneTargets
from training.config.recipe import TrainConfig
from training.model.distillation import blend
from training.model.frame_head_loss import linear_softmax
from training.model.training_network import NetworkOutput
from training.scenes.patches import patch_columns
from training.scenes.yamnet import HOP_S, PATCH_S

_SOUNDING, _UNSURE = 1, -1


@dataclass(frozen=True, slots=True)
class TaughtLabels:
    """Which labels a teacher knows."""

    labels: Tensor
    """Indices of the student's labels that it knows, `(K,)`."""
    classes: Tensor
    """Its own classes for them, `(K,)`."""

    @classmethod
    def of(cls, student: LabelSet, teacher: LabelSet) -> TaughtLabels:
        """Matched by id."""
        theirs = {label.id: label.index for label in teacher}
        shared = [(label.index, theirs[label.id]) for label in student if label.id in theirs]
        return cls(*(torch.tensor(column, dtype=torch.int64) for column in zip(*shared, strict=True)))


@dataclass(frozen=True, slots=True)
class Targets:
    """A target for every label, and whether there is any."""

    values: Tensor
    """0 to 1, `(…, labels)`."""
    known: Tensor
    """Bool, of the same shape."""


def blended(labels: Targets, scores: Tensor | None, taught: TaughtLabels | None, label_weight: float) -> Targets:
    """The targets of labels and teacher together. scores: `(…, classes)` of the teacher; None without one."""
    if scores is None or taught is None:
        return labels
    values, known = labels.values.clone(), labels.known.clone()
    own, theirs = values[..., taught.labels], scores[..., taught.classes]
    values[..., taught.labels] = torch.where(known[..., taught.labels], blend(own, theirs, label_weight), theirs)
    known[..., taught.labels] = True
    return Targets(values, known)


def patch_states(columns: Tensor, inside: Tensor) -> Targets:
    """Labels in patches `(B, patches, labels)` from the states of columns, int8 `(B, columns, labels)`: present where
    they sound in any column, absent where they are silent in all, else unknown."""
    sounds = torch.einsum("pc,bcl->bpl", inside.float(), (columns == _SOUNDING).float()) > 0
    unsure = torch.einsum("pc,bcl->bpl", inside.float(), (columns == _UNSURE).float()) > 0
    return Targets(sounds.float(), sounds | ~unsure)


def summed_bce(logits: Tensor, targets: Targets) -> Tensor:
    """Binary cross-entropy of the known labels, summed over clips and labels and averaged over the times between."""
    loss = F.binary_cross_entropy_with_logits(logits.float(), targets.values, reduction="none")
    loss = torch.where(targets.known, loss, 0.0)
    return loss.sum() if loss.ndim == 2 else loss.mean(dim=1).sum()


def pooled_loss(logits: Tensor, targets: Targets, inside: Tensor) -> Tensor:
    """The loss of patches: columns' logits `(B, columns, labels)` pooled by linear softmax over each patch, against
    targets `(B, patches, labels)`; summed over clips and labels, averaged over patches."""
    total = logits.new_zeros(())
    for patch, members in enumerate(inside):
        own = logits[:, members]
        log_y, log_not_y = linear_softmax(own, torch.ones_like(own, dtype=torch.bool))
        values = targets.values[:, patch]
        loss = -(values * log_y + (1 - values) * log_not_y)
        total = total + torch.where(targets.known[:, patch], loss, 0.0).sum()
    return total / len(inside)


def embedding_loss(guessed: Tensor, inside: Tensor, embeddings: Tensor) -> Tensor:
    """Cosine distance, summed over clips, averaged over patches. guessed: `(B, columns, width)`; embeddings: the
    teacher's, `(B, patches, width)`."""
    share = inside.float() / inside.sum(dim=1, keepdim=True)
    means = torch.einsum("pc,bcd->bpd", share, guessed.float())
    # The square root evens out a few channels that are large in every sound.
    return (1 - F.cosine_similarity(means, embeddings.sqrt(), dim=-1)).mean(dim=1).sum()


def column_targets(scenes: SceneTargets) -> Targets:
    """The known states of columns as targets `(B, columns, labels)`."""
    return Targets((scenes.columns == _SOUNDING).float(), scenes.columns != _UNSURE)


class SceneLoss:
    """The loss of a batch of scenes, by a recipe.

    taught: which labels the teacher knows; None without a teacher of waveforms. centres_s: gives the times of a
    window's columns by its number of frames.
    """

    def __init__(
        self, config: TrainConfig, taught: TaughtLabels | None, centres_s: Callable[[int], NDArray[np.float64]]
    ) -> None:
        self._config, self._taught, self._centres_s = config, taught, centres_s

    def __call__(self, output: NetworkOutput, targets: Tensor, scenes: SceneTargets, n_frames: int) -> Tensor:
        """targets: `(B, labels)`, of the whole windows; on the same device as `output` and `scenes`."""
        assert output.columns is not None, "scenes are trained with a frame head"
        optimisation, settings = self._config.optimisation, self._config.scenes
        weight, scores = optimisation.label_weight, scenes.scores
        loudest = None if scores is None else scores.amax(dim=1)
        loss = summed_bce(output.logits, blended(Targets(targets, scenes.known), loudest, self._taught, weight))
        loss = loss + optimisation.frame_loss * summed_bce(output.columns, column_targets(scenes))
        if scores is None:
            return loss
        centres_s = torch.from_numpy(self._centres_s(n_frames)).to(output.columns.device)
        inside = patch_columns(centres_s, scores.shape[1], PATCH_S, HOP_S)
        of_patches = blended(patch_states(scenes.columns, inside), scores, self._taught, weight)
        loss = loss + settings.patch_loss * pooled_loss(output.columns, of_patches, inside)
        if output.embeddings is None or scenes.embeddings is None:
            return loss
        return loss + settings.embedding_loss * embedding_loss(output.embeddings, inside, scenes.embeddings)
