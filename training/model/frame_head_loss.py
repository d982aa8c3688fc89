"""Trains the frame head, which says when each label sounds, from labels of whole clips: its loss and initialisation.

A clip's label says that it sounds somewhere in the clip. Linear-softmax pooling (Wang, Li, Metze, arXiv:1810.09050)
pools the probabilities of the columns into one, y = sum p^2 / sum p: confident columns weigh most, and for a label
that is present the loss raises the columns above y / 2 and lowers the others.

That alone is not enough for a transformer: attention gives every column the content of all the others, so a head that
says "dog" everywhere in a clip with a dog has no loss. Therefore each training window is spliced: part of it is
replaced by another clip of the batch. A label is wrong in the columns of a clip that does not have it, and only the
content of the column itself shows which clip it belongs to.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.functional import logsigmoid

from core.audio.frame_rate import FRAMES_PER_SECOND
from core.errors import UserError
from core.labels import LabelSet
from core.model.architecture import ModelConfig, TransformerConfig
from core.model.checkpoints.checkpoint import Checkpoint, CheckpointConfig
from core.model.checkpoints.probabilities import Calibration
from core.model.networks.build import Network
from core.model.networks.spectrogram_transformer import AudioSpectrogramTransformer
from core.model.networks.token_grid import column_times_s
from training.config.recipe import TrainConfig
from training.text import join_names

_LOG_OF_NOTHING = -1e4
"""Stands for log 0 in columns that a sum leaves out; minus infinity would give NaN gradients."""


@dataclass(frozen=True, slots=True)
class SplicedClips:
    """Windows of which part belongs to another clip.

    log_mel: normalised `(B, T, mels)`. targets: `(B, labels)`, of each window as a whole clip. present: `(B, labels)`,
    1 where the clip of at least one column has the label. where: bool `(B, columns, labels)`, the columns whose clip
    has the label.
    """

    log_mel: Tensor
    targets: Tensor
    present: Tensor
    where: Tensor


def splice_clips(log_mel: Tensor, targets: Tensor, config: ModelConfig, loss: str) -> SplicedClips:
    """Replace 20 to 80 % of each window by the same stretch of another clip of the batch; it may overhang either end.

    log_mel: `(B, T, mels)`; targets: `(B, labels)`, 0 to 1. A window has the labels of both clips ("bce"), or each in
    proportion to its share ("ce"). Draws from torch's global generator.
    """
    assert isinstance(config, TransformerConfig), "no other network has columns"
    n_clips, n_frames = log_mel.shape[:2]
    partner = torch.randperm(n_clips)
    length = (0.2 + 0.6 * torch.rand(n_clips, 1)) * n_frames
    first = torch.rand(n_clips, 1) * (n_frames + length) - length

    def is_other(frames: Tensor) -> Tensor:
        return ((frames >= first) & (frames < first + length)).to(log_mel.device)

    of_other = is_other(torch.arange(n_frames)[None])  # (B, T)
    centres = torch.from_numpy(column_times_s(config, n_frames))[None] * FRAMES_PER_SECOND
    column_of_other = is_other(centres)[:, :, None]  # (B, columns, 1)
    theirs = targets[partner]
    of_columns = torch.where(column_of_other, theirs[:, None], targets[:, None])  # (B, columns, labels)
    present = of_columns.amax(dim=1)
    share = of_other.float().mean(dim=1, keepdim=True)
    return SplicedClips(
        torch.where(of_other[:, :, None], log_mel[partner], log_mel),
        present if loss == "bce" else torch.lerp(targets, theirs, share),
        present,
        of_columns > 0,
    )


def linear_softmax(logits: Tensor, where: Tensor) -> tuple[Tensor, Tensor]:
    """ln y and ln (1 - y), `(B, labels)`, of columns' logits `(B, columns, labels)`, over the columns where `where`.

    Computed in logarithms throughout: otherwise columns that are certain of silence would give 0 / 0.
    """
    logits = logits.float()
    log_p, log_not_p = logsigmoid(logits), logsigmoid(-logits)

    def summed(logarithms: Tensor) -> Tensor:
        return logarithms.masked_fill(~where, _LOG_OF_NOTHING).logsumexp(dim=1)

    total = summed(log_p)
    return summed(2 * log_p) - total, summed(log_p + log_not_p) - total


def summed_frame_loss(logits: Tensor, clips: SplicedClips) -> Tensor:
    """Binary cross-entropy, summed over clips and labels like the loss of whole clips.

    Each label counts twice: pooled over the columns that may have it, against its presence, and pooled over the columns
    that cannot have it, against 0. A label's share of the window plays no part: a column either has it or not.

    logits: `(B, columns, labels)` of `clips.log_mel`.
    """
    log_y, log_not_y = linear_softmax(logits, clips.where)
    there = -(clips.present * log_y + (1 - clips.present) * log_not_y)
    elsewhere = -linear_softmax(logits, ~clips.where)[1]
    return (
        torch.where(clips.where.any(dim=1), there, 0.0).sum()
        + torch.where((~clips.where).any(dim=1), elsewhere, 0.0).sum()
    )


def prepare_frame_head(
    model: Network, config: TrainConfig, labels: LabelSet, initial_checkpoint: Checkpoint | None
) -> None:
    """Initialise a new head so that it predicts one label in `n_labels`. With `freeze`, only the frame head is trained.

    Raises UserError for a frozen model that lacks some of the data's labels: its last layer is kept.
    """
    assert isinstance(model, AudioSpectrogramTransformer), "no other network has a frame head"
    assert model.frame_head is not None, "frame_loss > 0 adds the head"
    if initial_checkpoint is None or "frame_head.1.bias" not in initial_checkpoint.weights:
        layer = model.frame_head[1]
        assert isinstance(layer, nn.Linear)
        nn.init.constant_(layer.bias, -math.log(len(labels)))
    if not config.start.freeze:
        return
    if initial_checkpoint is None:
        problem = "Training only a frame head requires a trained model, and this recipe starts from random weights."
        raise UserError(problem, "Set init=CHECKPOINT, or freeze=false.")
    initial = initial_checkpoint.config
    loss = "ce" if initial.activation == "softmax" else "bce"
    if config.optimisation.loss != loss:
        problem = f"{initial.name} gives {initial.activation} probabilities, and its last layer is kept."
        raise UserError(problem, f"Set loss={loss}.")
    known = {label.id for label in initial.labels}
    unknown = [label.name for label in labels if label.id not in known]
    if unknown:
        raise UserError(
            f"{initial.name} does not know {join_names(unknown, 5)}, and its last layer is kept.",
            "Train it on these labels first (few-clips or fine-tune), or set freeze=false.",
        )
    model.requires_grad_(False)
    model.frame_head.requires_grad_(True)


def calibration_of_kept_head(initial: CheckpointConfig, labels: LabelSet) -> tuple[Calibration, tuple[float, ...]]:
    """The calibration and thresholds of the initial checkpoint for `labels`, all of which it has."""
    place = {label.id: label.index for label in initial.labels}
    rows = [place[label.id] for label in labels]
    calibration = tuple(initial.calibration[row] for row in rows) if initial.calibration else ()
    return calibration, tuple(initial.thresholds[row] for row in rows)


def freeze_norms_and_dropout(model: Network) -> None:
    """Set the frozen parts of a model in training to evaluation mode: no dropout, and batch norms keep their
    statistics."""
    for part in model.children():
        if not any(parameter.requires_grad for parameter in part.parameters()):
            part.eval()
