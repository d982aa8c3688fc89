"""Applies a recipe's augmentations to batches of raw log-mel, one after the other."""

from __future__ import annotations

import torch
from torch import Generator, Tensor

from core.audio.log_mel import SILENCE, LogMelConfig
from training.batches import augment
from training.config.augmentation import AugmentationSettings

SOFTEST_FLOOR_DB, LOUDEST_FLOOR_DB = -90.0, -45.0
"""Range of the noise floor of clips without sound, dBFS: from a quiet recorder to a noisy laptop."""


class AugmentationChain:
    """Applies a recipe's augmentations in order: shift and filter, mix, change the level, add a noise floor, mask."""

    def __init__(self, settings: AugmentationSettings, log_mel: LogMelConfig) -> None:
        self._settings, self._log_mel = settings, log_mel
        self._noise = augment.NoiseBank(log_mel)

    def __call__(self, x: Tensor, y: Tensor, strength: float, generator: Generator) -> tuple[Tensor, Tensor]:
        """Augment raw log-mel x `(B, T, mels)` and targets y `(B, labels)`. strength: 0 to 1, scales the recipe's
        amounts."""
        x = self._shift_and_filter(x, strength, generator)
        x, y = self._mix(x, y, strength, generator)
        x = self._set_level(x, strength, generator)
        return self._mask(x, strength, generator), y

    def after_normalisation(self, x: Tensor, generator: Generator) -> Tensor:
        """Add the noise of the Speech Commands recipe to normalised log-mel `(B, T, mels)`."""
        return augment.cell_noise(x, self._settings.cell_noise, generator) if self._settings.cell_noise else x

    def _shift_and_filter(self, x: Tensor, strength: float, generator: Generator) -> Tensor:
        settings, n, n_frames = self._settings, len(x), x.shape[1]
        if settings.roll_frames < 0:
            x = augment.roll(x, torch.randint(n_frames, (n,), generator=generator))
        elif settings.roll_frames:
            x = augment.roll(x, torch.randint(-settings.roll_frames, settings.roll_frames, (n,), generator=generator))
        if settings.warp_time or settings.warp_mels:
            x = augment.warp(x, strength * settings.warp_time, strength * settings.warp_mels, generator)
        if settings.tilt_db:
            x = augment.tilt(x, strength * settings.tilt_db, generator)
        if settings.lowpass:
            x = augment.lowpass(x, strength * settings.lowpass, generator)
        return x

    def _mix(self, x: Tensor, y: Tensor, strength: float, generator: Generator) -> tuple[Tensor, Tensor]:
        settings = self._settings
        if settings.overlay:
            x, y = augment.overlay(x, y, strength * settings.overlay, settings.overlay_db, generator)
        if settings.mixup:
            x, y = augment.mixup(
                x, y, strength * settings.mixup, settings.mixup_alpha, generator, fold=settings.mixup_fold
            )
        if settings.background:
            is_background = torch.rand(len(x), generator=generator) < settings.background
            x = torch.where(is_background[:, None, None], torch.tensor(SILENCE), x)
            y = torch.where(is_background[:, None], 0.0, y)
        return x, y

    def _set_level(self, x: Tensor, strength: float, generator: Generator) -> Tensor:
        settings = self._settings
        if settings.gain_db:
            x = augment.gain(x, augment.uniform(generator, -settings.gain_db, 0.0, len(x)))
        return self._add_noise_floor(x, strength, generator) if settings.noise_db else x

    def _add_noise_floor(self, x: Tensor, strength: float, generator: Generator) -> Tensor:
        """Add steady noise, `noise_db` to 15 dB below each clip's loudest frame: a fixed level would drown quiet clips,
        whose labels stay. Silent clips (background) get a random level instead."""
        settings, n = self._settings, len(x)
        noise = self._noise.draw(n, x.shape[1], generator)
        loudest, mean_level = x.logsumexp(dim=2).amax(dim=1), noise.logsumexp(dim=2).mean(dim=1)
        highest = -settings.noise_db + strength * (settings.noise_db - 15.0)
        below = augment.uniform(generator, -settings.noise_db, highest, n)
        absolute = augment.uniform(generator, SOFTEST_FLOOR_DB, LOUDEST_FLOOR_DB, n)
        is_silent = x.amax(dim=(1, 2)) <= SILENCE + 1e-3
        level_db = torch.where(is_silent, absolute, below + (loudest - mean_level) / augment.NEPERS_PER_DB)
        return augment.add_powers(x, augment.gain(noise, level_db))

    def _mask(self, x: Tensor, strength: float, generator: Generator) -> Tensor:
        settings = self._settings
        fill = self._log_mel.mean if settings.mask_fill == "mean" else 0.0
        for _ in range(settings.masks_each):
            if settings.freq_masks:
                x = augment.mask(x, strength * settings.freq_masks, 2, fill, generator)
            if settings.time_masks:
                x = augment.mask(x, strength * settings.time_masks, 1, fill, generator)
        return x
