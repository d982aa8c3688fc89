"""Draws the clips of a batch and cuts them to its length; `augmentation_chain` then augments them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Generator, Tensor
from torch.utils.data import Dataset

from core.audio.frame_rate import FRAMES_PER_SECOND
from core.audio.log_mel import SILENCE, LogMelConfig
from core.errors import UserError
from training.batches import augment
from training.batches.augmentation_chain import AugmentationChain
from training.batches.seeding import generator_for
from training.config.recipe import TrainConfig
from training.data.clip_frames import ClipFrames

Place = tuple[int, int]
"""(epoch, from 1; batch of that epoch, from 0)."""


@dataclass(frozen=True, slots=True)
class SceneTargets:
    """What is known of mixed scenes beside the labels of the whole window."""

    known: Tensor
    """Bool `(B, labels)`, whether a label's presence in the window is known."""
    columns: Tensor
    """Int8 `(B, columns, labels)`: SOUNDING, SILENT or UNSURE (see `training.scenes.activity`)."""
    scores: Tensor | None = None
    """A teacher's probabilities `(B, patches, classes)` of each of its patches."""
    embeddings: Tensor | None = None
    """Its embeddings `(B, patches, width)`."""

    def part(self, index: int, n_parts: int) -> SceneTargets:
        """As `Batch.part`."""
        return self._each(lambda whole: whole.tensor_split(n_parts)[index])

    def to(self, device: torch.device) -> SceneTargets:
        """The same on `device`."""
        return self._each(lambda tensor: tensor.to(device))

    def _each(self, change: Callable[[Tensor], Tensor]) -> SceneTargets:
        scores, embeddings = self.scores, self.embeddings
        return SceneTargets(
            change(self.known),
            change(self.columns),
            None if scores is None else change(scores),
            None if embeddings is None else change(embeddings),
        )


@dataclass(frozen=True, slots=True)
class Batch:
    """Windows of sound and what is to be learned from them."""

    log_mel: Tensor
    """Normalised `(B, T, mels)`."""
    targets: Tensor
    """`(B, labels)`, 0 to 1."""
    clips: Tensor
    """`(B,)` indices into the data."""
    scenes: SceneTargets | None = None
    """More of what is known, where the windows are mixed scenes."""

    def part(self, index: int, n_parts: int) -> Batch:
        """One of `n_parts` nearly equal parts: a process's share, or a step of accumulation."""
        log_mel, targets, clips = (
            whole.tensor_split(n_parts)[index] for whole in (self.log_mel, self.targets, self.clips)
        )
        return Batch(log_mel, targets, clips, None if self.scenes is None else self.scenes.part(index, n_parts))


class TrainingBatches(Dataset[Batch]):
    """The batches of a run by their place: cut, joined and augmented, the same in every process and in any order.

    Each epoch has a new order of clips; those that do not fill its last batch are unused in that epoch.
    """

    def __init__(self, clips: ClipFrames, config: TrainConfig, log_mel: LogMelConfig) -> None:
        self._clips, self._config, self._log_mel = clips, config, log_mel
        self._chain = AugmentationChain(config.augmentation, log_mel)
        self._longest = int(clips.lengths.max())
        self._per_epoch = max(1, self._clips_per_epoch() // config.optimisation.batch_size)
        self._order: tuple[int, Tensor] = (0, torch.empty(0, dtype=torch.int64))
        refuse_joined_windows(config, self._longest)

    def __len__(self) -> int:
        """Batches per epoch."""
        return self._per_epoch

    def __getitem__(self, place: Place) -> Batch:
        epoch, index = place
        generator = generator_for(self._config.running.seed, "batch", epoch, index)
        first = index * self._config.optimisation.batch_size
        indices = self.order(epoch)[first : first + self._config.optimisation.batch_size]
        weights = torch.tensor(self._config.augmentation.length_weights)
        choice = int(torch.multinomial(weights, 1, generator=generator))
        n_frames = round(self._config.augmentation.lengths_s[choice] * FRAMES_PER_SECOND)
        x, y = self._cut(indices, min(n_frames, self._longest), generator)
        if self._joins(n_frames):
            x, y = _join(x, y, n_frames, generator)
        x, y = self._chain(x, y, self.strength(epoch), generator)
        x = (x - self._log_mel.mean) / (2 * self._log_mel.std)
        return Batch(self._chain.after_normalisation(x, generator), y, indices)

    def strength(self, epoch: int) -> float:
        """How strongly to augment in an epoch, 0 to 1."""
        ramp = self._config.augmentation.ramp_epochs
        return min(1.0, (epoch - 1) / ramp) if ramp else 1.0

    def order(self, epoch: int) -> Tensor:
        """Indices of the clips of an epoch, in order, by the recipe's sampler."""
        if self._order[0] != epoch:
            generator = generator_for(self._config.running.seed, "order", epoch)
            match self._config.data.sampler:
                case "shuffle":
                    order = torch.randperm(len(self._clips), generator=generator)
                case "weighted":
                    order = draw_weighted(self._clips.targets, generator)
                case "capped":
                    order = draw_capped(self._clips.targets, self._config.data.clips_per_label, generator)
            self._order = epoch, order
        return self._order[1]

    def _clips_per_epoch(self) -> int:
        if self._config.data.sampler != "capped":
            return len(self._clips)
        # With several labels per clip, the number differs between epochs: this is one that every epoch reaches.
        return n_capped(self._clips.targets, self._config.data.clips_per_label)

    def _cut(self, indices: Tensor, n_frames: int, generator: Generator) -> tuple[Tensor, Tensor]:
        """Take the loudest of three random cuts of each clip, so that a short cut of a bark contains the bark."""
        cuts = []
        for index in indices.tolist():
            frames = torch.from_numpy(self._clips.frames_of(index).astype(np.float32))
            starts = torch.randint(max(1, len(frames) - n_frames + 1), (3,), generator=generator).tolist()
            candidates = [frames[start : start + n_frames] for start in starts]
            cuts.append(max(candidates, key=lambda cut: float(cut.mean(dim=1).amax())))
        x = torch.full((len(cuts), n_frames, self._log_mel.n_mels), SILENCE)
        for row, cut in zip(x, cuts, strict=True):
            row[:] = augment.fill_short(cut, n_frames, generator)
        return x, torch.from_numpy(self._clips.targets)[indices]

    def _joins(self, n_frames: int) -> bool:
        return _is_longer(n_frames, self._longest)


def _is_longer(n_frames: int, longest: int) -> bool:
    """Whether a window is clearly longer than the longest clip; 5 s of sound have only 498 whole frames."""
    return n_frames > longest * 1.1


def refuse_joined_windows(config: TrainConfig, longest: int) -> None:
    """Raise UserError if windows would join clips, but the loss allows one label per window. longest: frames of the
    longest training clip."""
    window_s = max(config.augmentation.lengths_s)
    if config.optimisation.loss == "ce" and _is_longer(round(window_s * FRAMES_PER_SECOND), longest):
        raise UserError(
            f"Windows of {window_s:g} s join two clips, but cross-entropy needs exactly one label per window.",
            f"Use loss = bce, or lengths up to {longest / FRAMES_PER_SECOND:g} s.",
        )


class ErrorsAsValues(Dataset["Batch | UserError"]):
    """Returns a UserError in place of a batch, because torch passes exceptions from worker processes on as text."""

    def __init__(self, batches: Dataset[Batch]) -> None:
        self._batches = batches

    def __getitem__(self, place: Place) -> Batch | UserError:
        try:
            return self._batches[place]
        except UserError as error:
            return error


def _join(x: Tensor, y: Tensor, n_frames: int, generator: Generator) -> tuple[Tensor, Tensor]:
    """Make windows longer than a clip from several clips in a row, with the labels of all."""
    joined, labels = x, y
    while joined.shape[1] < n_frames:
        partner = torch.randperm(len(x), generator=generator)
        joined, labels = torch.cat([joined, x[partner]], dim=1), torch.maximum(labels, y[partner])
    return joined[:, :n_frames], labels


def draw_weighted(targets: NDArray[np.float32], generator: Generator) -> Tensor:
    """Draw as many clips as there are, with replacement. A clip's weight is the sum over its labels of
    1000 / (clips of the label + 0.01), as in AST's released code."""
    per_label = 1000.0 / (targets.sum(axis=0, dtype=np.float64) + 0.01)
    weights = torch.from_numpy(targets @ per_label)
    if not weights.any():
        raise UserError("No clip has a label, so none can be drawn by label.", "Set sampler = shuffle.")
    return torch.multinomial(weights, len(targets), replacement=True, generator=generator)


def draw_capped(targets: NDArray[np.float32], cap: int, generator: Generator) -> Tensor:
    """Draw clips in random order, each at most once, skipping those whose labels all have `cap` clips already. Clips
    without labels count as a label of their own."""
    labels = _labels_or_none(targets)
    taken = np.zeros(targets.shape[1] + 1, np.int64)
    chosen = []
    for index in torch.randperm(len(targets), generator=generator).tolist():
        if (taken[labels[index]] < cap).any():
            taken[labels[index]] += 1
            chosen.append(index)
    return torch.tensor(chosen)


def n_capped(targets: NDArray[np.float32], cap: int) -> int:
    """A number of clips that `draw_capped` reaches in any order; exact if clips have one label each."""
    labels = _labels_or_none(targets)
    n_by_first_label = np.bincount([int(of_clip[0]) for of_clip in labels], minlength=targets.shape[1] + 1)
    n_with_several = sum(len(of_clip) > 1 for of_clip in labels)
    return max(1, int(np.minimum(n_by_first_label, cap).sum()) - n_with_several)


def _labels_or_none(targets: NDArray[np.float32]) -> list[NDArray[np.int64]]:
    """The labels of each clip; for clips without labels, one index after the last label."""
    return [np.flatnonzero(row) if row.any() else np.array([len(row)]) for row in targets]


def evaluation_batches(
    clips: ClipFrames, log_mel: LogMelConfig, batch_size: int, share: tuple[int, int] = (0, 1)
) -> Iterator[Batch]:
    """Yield every clip whole and not augmented; clips of one length share a batch. share (i, n): only every n-th batch,
    starting with batch i."""
    lengths = np.asarray(clips.lengths)
    by_length = np.argsort(lengths, kind="stable")
    edges = np.flatnonzero(np.diff(lengths[by_length])) + 1
    groups = [part for group in np.split(by_length, edges) for part in _parts(group, batch_size)]
    for members in groups[share[0] :: share[1]]:
        frames = np.stack([clips.frames_of(int(i)) for i in members]).astype(np.float32)
        y = torch.from_numpy(clips.targets[members])
        yield Batch(torch.from_numpy(log_mel.normalise(frames)), y, torch.from_numpy(members))


def _parts(members: NDArray[np.int64], size: int) -> list[NDArray[np.int64]]:
    return [members[first : first + size] for first in range(0, len(members), size)]
