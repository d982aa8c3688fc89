"""Which clips make a batch, cut to which length, and what chance does to them. Knows no model."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Generator, Tensor

from core.audio.log_mel import FRAMES_PER_SECOND, SILENCE, LogMelConfig
from core.errors import UserError
from training import augment
from training.config import TrainConfig
from training.datasets import ClipFrames


@dataclass(frozen=True, slots=True)
class Batch:
    """log_mel: normalised `(B, T, mels)`; targets: `(B, labels)`; clips: indices into the data."""

    log_mel: Tensor
    targets: Tensor
    clips: Tensor


class TrainingBatches:
    """An epoch's batches: clips in random order, none twice, one random length a batch, augmented. Clips that do not
    fill the last batch wait for another epoch.

    All chance comes from `generator`, whose state the run saves: a resumed run draws what it would have drawn.
    """

    def __init__(
        self, clips: ClipFrames, n_labels: int, config: TrainConfig, log_mel: LogMelConfig, generator: Generator
    ) -> None:
        self._clips, self._n_labels, self._config, self._log_mel = clips, n_labels, config, log_mel
        self._generator = generator
        self._noise = augment.NoiseBank(log_mel)
        self._longest = int(clips.lengths.max())
        if config.loss == "ce" and self._joins(round(max(config.lengths_s) * FRAMES_PER_SECOND)):
            raise UserError(
                f"Windows of {max(config.lengths_s):g} s join two clips, and cross-entropy has one label a window.",
                f"Use loss = bce, or lengths up to {self._longest / FRAMES_PER_SECOND:g} s.",
            )
        self.strength = 1.0
        """Share of the recipe's augmentation in force, set by the loop before each epoch."""

    def __len__(self) -> int:
        return len(self._clips) // self._config.batch_size or 1

    def __iter__(self) -> Iterator[Batch]:
        order = torch.randperm(len(self._clips), generator=self._generator)
        for i in range(len(self)):
            yield self._batch(order[i * self._config.batch_size : (i + 1) * self._config.batch_size])

    def _batch(self, indices: Tensor) -> Batch:
        weights = torch.tensor(self._config.length_weights)
        choice = int(torch.multinomial(weights, 1, generator=self._generator))
        n_frames = round(self._config.lengths_s[choice] * FRAMES_PER_SECOND)
        x, y = self._cut(indices, min(n_frames, self._longest))
        if self._joins(n_frames):
            x, y = self._join(x, y, n_frames)
        x, y = self._augment(x, y)
        return Batch((x - self._log_mel.mean) / (2 * self._log_mel.std), y, indices)

    def _cut(self, indices: Tensor, n_frames: int) -> tuple[Tensor, Tensor]:
        """The loudest of three random cuts of each clip: a short cut of a bark should hold the bark."""
        cuts = []
        for index in indices.tolist():
            own = np.asarray(self._clips.frames[index, : self._clips.lengths[index]])
            frames = torch.from_numpy(own.astype(np.float32))
            starts = torch.randint(max(1, len(frames) - n_frames + 1), (3,), generator=self._generator).tolist()
            candidates = [frames[start : start + n_frames] for start in starts]
            cuts.append(max(candidates, key=lambda cut: float(cut.mean(dim=1).amax())))
        y = torch.zeros(len(indices), self._n_labels)
        y[torch.arange(len(indices)), torch.from_numpy(self._clips.labels)[indices]] = 1.0
        x = torch.full((len(cuts), n_frames, self._log_mel.n_mels), SILENCE)
        for row, cut in zip(x, cuts, strict=True):
            row[: len(cut)] = cut
        return x, y

    def _join(self, x: Tensor, y: Tensor, n_frames: int) -> tuple[Tensor, Tensor]:
        """Windows longer than a clip: one clip after the other, with the labels of all."""
        joined, labels = x, y
        while joined.shape[1] < n_frames:
            partner = torch.randperm(len(x), generator=self._generator)
            joined, labels = torch.cat([joined, x[partner]], dim=1), torch.maximum(labels, y[partner])
        return joined[:, :n_frames], labels

    def _joins(self, n_frames: int) -> bool:
        """5 s of sound are 498 whole frames: a little short is the clip itself, not a reason to join two."""
        return n_frames > self._longest * 1.1

    def _augment(self, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        config, generator, n, strength = self._config, self._generator, len(x), self.strength
        x = augment.roll(x, torch.randint(x.shape[1], (n,), generator=generator))
        if config.warp_time or config.warp_mels:
            x = augment.warp(x, strength * config.warp_time, strength * config.warp_mels, generator)
        if config.tilt_db:
            x = augment.tilt(x, strength * config.tilt_db, generator)
        if config.mixup:
            x, y = augment.mixup(x, y, strength * config.mixup, config.mixup_alpha, generator)
        if config.background:
            quiet = torch.rand(n, generator=generator) < config.background
            x = torch.where(quiet[:, None, None], torch.tensor(SILENCE), x)
            y = torch.where(quiet[:, None], 0.0, y)
        if config.gain_db:
            x = augment.gain(x, augment.uniform(generator, -config.gain_db, 0.0, n))
        if config.noise_db:
            x = self._add_noise_floor(x)
        for _ in range(2):
            if config.time_masks:
                x = augment.mask(x, strength * config.time_masks, 1, self._log_mel.mean, generator)
            if config.freq_masks:
                x = augment.mask(x, strength * config.freq_masks, 2, self._log_mel.mean, generator)
        return x, y

    def _add_noise_floor(self, x: Tensor) -> Tensor:
        """A steady noise, `noise_db` to 15 dB under each clip's loudest frame: a fixed level would drown quiet
        clips and leave their labels. Silent clips (background) get one of -90 to -45 dBFS."""
        config, n = self._config, len(x)
        noise = self._noise.draw(n, x.shape[1], self._generator)
        loudest, usual = x.logsumexp(dim=2).amax(dim=1), noise.logsumexp(dim=2).mean(dim=1)
        highest = -config.noise_db + self.strength * (config.noise_db - 15.0)
        under = augment.uniform(self._generator, -config.noise_db, highest, n)
        alone = augment.uniform(self._generator, -90.0, -45.0, n)
        is_silent = x.amax(dim=(1, 2)) <= SILENCE + 1e-3
        level_db = torch.where(is_silent, alone, under + (loudest - usual) / augment.NEPERS_PER_DB)
        return augment.add_powers(x, augment.gain(noise, level_db))


def evaluation_batches(clips: ClipFrames, n_labels: int, log_mel: LogMelConfig, batch_size: int) -> Iterator[Batch]:
    """Every clip whole and unchanged, in order; clips of one length share a batch."""
    by_length: dict[int, list[int]] = {}
    for i, length in enumerate(clips.lengths.tolist()):
        by_length.setdefault(length, []).append(i)
    for length, members in by_length.items():
        for first in range(0, len(members), batch_size):
            indices = torch.tensor(members[first : first + batch_size])
            frames = clips.frames[indices.numpy(), :length].astype(np.float32)
            y = torch.zeros(len(indices), n_labels)
            y[torch.arange(len(indices)), torch.from_numpy(clips.labels)[indices]] = 1.0
            yield Batch(torch.from_numpy(log_mel.normalise(frames)), y, indices)
