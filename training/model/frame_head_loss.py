"""Trains the head that tells when, from labels of whole clips: its loss, and what it begins with. Knows no loop.

A clip's label says that it sounds somewhere. Linear-softmax pooling (Wang, Li, Metze, arXiv:1810.09050) makes one
probability of those of many columns, y = sum p^2 / sum p: the columns that are sure weigh most, and the loss raises
those of a label that is there which are above y / 2, and lowers the others.

That alone is not enough for a transformer: attention tells every column what sounds in all the others, so that a head
which says "dog" everywhere in a clip with a dog has no loss. Therefore each training window is spliced: for a while it
is another clip of the batch. Where neither clip's label can be, the label is wrong, and only hearing the column itself
tells which clip it is of.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.functional import logsigmoid

from core.audio.log_mel import FRAMES_PER_SECOND
from core.errors import UserError
from core.labels import LabelSet
from core.model.architecture import ModelConfig, TransformerConfig
from core.model.checkpoints.checkpoint import Calibration, Checkpoint, CheckpointConfig
from core.model.networks.build import Network
from core.model.networks.frame_head import column_times_s
from core.model.networks.spectrogram_transformer import AudioSpectrogramTransformer
from training.config.recipe import TrainConfig
from training.text import listed

_LOG_OF_NOTHING = -1e4
"""For columns left out of a sum; minus infinity would make gradients of nothing into no numbers."""


@dataclass(frozen=True, slots=True)
class SplicedClips:
    """Windows of which a part is another clip's.

    log_mel: normalised `(B, T, mels)`. targets: `(B, labels)`, of the windows as clips. present: `(B, labels)`, 1
    where the clip of any column has the label, however short it is. where: bool `(B, columns, labels)`, the columns
    whose clip has it.
    """

    log_mel: Tensor
    targets: Tensor
    present: Tensor
    where: Tensor


def splice_clips(log_mel: Tensor, targets: Tensor, config: ModelConfig, loss: str) -> SplicedClips:
    """Put a part of 20 to 80 % of another clip of the batch over each, at its own time; both may hang over the ends.

    log_mel: `(B, T, mels)`; targets: `(B, labels)`, 0 to 1. A window has the labels of both clips ("bce"), or each by
    its share ("ce"). Chance is torch's own.
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

    In logarithms all through: columns that are sure of silence would else divide nothing by nothing.
    """
    logits = logits.float()
    log_p, log_not_p = logsigmoid(logits), logsigmoid(-logits)

    def summed(logarithms: Tensor) -> Tensor:
        return logarithms.masked_fill(~where, _LOG_OF_NOTHING).logsumexp(dim=1)

    total = summed(log_p)
    return summed(2 * log_p) - total, summed(log_p + log_not_p) - total


def summed_frame_loss(logits: Tensor, clips: SplicedClips) -> Tensor:
    """Binary cross-entropy of each label twice, summed over clips and labels as the loss of whole clips is: pooled over
    the columns that may have it, against whether it is there, and over those that cannot, against 0. A label's share of
    the window is nothing to a column: where it is, it is there whole.

    logits: `(B, columns, labels)` of `clips.log_mel`.
    """
    log_y, log_not_y = linear_softmax(logits, clips.where)
    there = -(clips.present * log_y + (1 - clips.present) * log_not_y)
    elsewhere = -linear_softmax(logits, ~clips.where)[1]
    return (
        torch.where(clips.where.any(dim=1), there, 0.0).sum()
        + torch.where((~clips.where).any(dim=1), elsewhere, 0.0).sum()
    )


def prepare_frame_head(model: Network, config: TrainConfig, labels: LabelSet, start: Checkpoint | None) -> None:
    """A new head begins where one label in `n_labels` is heard. With `freeze` it is all of the model that learns.

    Raises UserError for a frozen model that does not know the data's labels: its last layer stays as it is.
    """
    assert isinstance(model, AudioSpectrogramTransformer), "no other network has a frame head"
    assert model.frame_head is not None, "a frame_loss gives the model its head"
    if start is None or "frame_head.1.bias" not in start.weights:
        layer = model.frame_head[1]
        assert isinstance(layer, nn.Linear)
        nn.init.constant_(layer.bias, -math.log(len(labels)))
    if not config.freeze:
        return
    if start is None:
        problem = "A frame head alone is trained on a model that has learnt, and this one begins at random."
        raise UserError(problem, "Set init=CHECKPOINT, or freeze=false.")
    loss = "ce" if start.config.activation == "softmax" else "bce"
    if config.loss != loss:
        problem = f"{start.config.name} gives {start.config.activation} probabilities, and its last layer stays."
        raise UserError(problem, f"Set loss={loss}.")
    known = {label.id for label in start.config.labels}
    unknown = [label.name for label in labels if label.id not in known]
    if unknown:
        raise UserError(
            f"{start.config.name} does not know {listed(unknown, 5)}, and its last layer stays as it is.",
            "Teach it these labels first (few-clips or fine-tune), or set freeze=false.",
        )
    model.requires_grad_(False)
    model.frame_head.requires_grad_(True)


def kept_answers(start: CheckpointConfig, labels: LabelSet) -> tuple[Calibration, tuple[float, ...]]:
    """The calibration and thresholds of `start` for `labels`, all of which it knows."""
    place = {label.id: label.index for label in start.labels}
    rows = [place[label.id] for label in labels]
    calibration = tuple(start.calibration[row] for row in rows) if start.calibration else ()
    return calibration, tuple(start.thresholds[row] for row in rows)


def keep_still(model: Network) -> None:
    """In a model that is otherwise in training: without dropout, and with batch norms as they are, all that is
    frozen."""
    for part in model.children():
        if not any(parameter.requires_grad for parameter in part.parameters()):
            part.eval()
