"""What a recipe does to a batch of raw log-mel, one augmentation after the other. Knows no clips and no model."""

from __future__ import annotations

import torch
from torch import Generator, Tensor

from core.audio.log_mel import SILENCE, LogMelConfig
from training.batches import augment
from training.config.recipe import TrainConfig

SOFTEST_FLOOR_DB, LOUDEST_FLOOR_DB = -90.0, -45.0
"""Noise floor of a clip of nothing, dBFS: from a quiet recorder to a noisy laptop."""


class AugmentationChain:
    """The recipe's augmentations in their order: move, disfigure, mix, set the level, lay noise under, mask."""

    def __init__(self, config: TrainConfig, log_mel: LogMelConfig) -> None:
        self._config, self._log_mel = config, log_mel
        self._noise = augment.NoiseBank(log_mel)

    def __call__(self, x: Tensor, y: Tensor, strength: float, generator: Generator) -> tuple[Tensor, Tensor]:
        """Raw log-mel x `(B, T, mels)` and targets y `(B, labels)`; strength: the share of the recipe in force."""
        x = self._move(x, strength, generator)
        x, y = self._mix(x, y, strength, generator)
        x = self._set_level(x, strength, generator)
        return self._mask(x, strength, generator), y

    def after_normalisation(self, x: Tensor, generator: Generator) -> Tensor:
        """What the Speech Commands recipe adds to normalised log-mel."""
        return augment.cell_noise(x, self._config.cell_noise, generator) if self._config.cell_noise else x

    def _move(self, x: Tensor, strength: float, generator: Generator) -> Tensor:
        config, n, n_frames = self._config, len(x), x.shape[1]
        if config.roll_frames < 0:
            x = augment.roll(x, torch.randint(n_frames, (n,), generator=generator))
        elif config.roll_frames:
            x = augment.roll(x, torch.randint(-config.roll_frames, config.roll_frames, (n,), generator=generator))
        if config.warp_time or config.warp_mels:
            x = augment.warp(x, strength * config.warp_time, strength * config.warp_mels, generator)
        if config.tilt_db:
            x = augment.tilt(x, strength * config.tilt_db, generator)
        if config.lowpass:
            x = augment.lowpass(x, strength * config.lowpass, generator)
        return x

    def _mix(self, x: Tensor, y: Tensor, strength: float, generator: Generator) -> tuple[Tensor, Tensor]:
        config = self._config
        if config.overlay:
            x, y = augment.overlay(x, y, strength * config.overlay, config.overlay_db, generator)
        if config.mixup:
            x, y = augment.mixup(x, y, strength * config.mixup, config.mixup_alpha, generator, fold=config.mixup_fold)
        if config.background:
            quiet = torch.rand(len(x), generator=generator) < config.background
            x = torch.where(quiet[:, None, None], torch.tensor(SILENCE), x)
            y = torch.where(quiet[:, None], 0.0, y)
        return x, y

    def _set_level(self, x: Tensor, strength: float, generator: Generator) -> Tensor:
        config = self._config
        if config.gain_db:
            x = augment.gain(x, augment.uniform(generator, -config.gain_db, 0.0, len(x)))
        return self._add_noise_floor(x, strength, generator) if config.noise_db else x

    def _add_noise_floor(self, x: Tensor, strength: float, generator: Generator) -> Tensor:
        """A steady noise, `noise_db` to 15 dB under each clip's loudest frame: a fixed level would drown quiet
        clips and leave their labels. Silent clips (background) get one of their own level."""
        config, n = self._config, len(x)
        noise = self._noise.draw(n, x.shape[1], generator)
        loudest, usual = x.logsumexp(dim=2).amax(dim=1), noise.logsumexp(dim=2).mean(dim=1)
        highest = -config.noise_db + strength * (config.noise_db - 15.0)
        under = augment.uniform(generator, -config.noise_db, highest, n)
        alone = augment.uniform(generator, SOFTEST_FLOOR_DB, LOUDEST_FLOOR_DB, n)
        is_silent = x.amax(dim=(1, 2)) <= SILENCE + 1e-3
        level_db = torch.where(is_silent, alone, under + (loudest - usual) / augment.NEPERS_PER_DB)
        return augment.add_powers(x, augment.gain(noise, level_db))

    def _mask(self, x: Tensor, strength: float, generator: Generator) -> Tensor:
        config = self._config
        fill = self._log_mel.mean if config.mask_fill == "mean" else 0.0
        for _ in range(config.masks_each):
            if config.freq_masks:
                x = augment.mask(x, strength * config.freq_masks, 2, fill, generator)
            if config.time_masks:
                x = augment.mask(x, strength * config.time_masks, 1, fill, generator)
        return x
