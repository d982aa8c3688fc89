"""Augments batches of raw log-mel: pure functions on tensors, which draw from a given random generator.

A log-mel value x stands for the power exp(x), so a gain adds a constant, and sounds are mixed by adding their powers.
"""

from __future__ import annotations

import math

import numpy as np
import torch
import torch.nn.functional as F
from torch import Generator, Tensor

from core.audio.log_mel import SILENCE, LogMel, LogMelConfig, mel_centres_hz

NEPERS_PER_DB = math.log(10) / 10


def uniform(generator: Generator, low: float, high: float, *shape: int) -> Tensor:
    """Random numbers of `shape`, uniform from `low` to `high`."""
    return low + (high - low) * torch.rand(*shape, generator=generator)


def add_powers(x: Tensor, y: Tensor) -> Tensor:
    """Log-mel of two sounds together, which assumes that their phases are unrelated."""
    return torch.logaddexp(x, y)


def gain(x: Tensor, gain_db: Tensor) -> Tensor:
    """Amplify x `(B, T, M)` by `gain_db` `(B,)`; digital silence stays at the floor."""
    return (x + gain_db[:, None, None] * NEPERS_PER_DB).clamp_min(SILENCE)


def roll(x: Tensor, shifts: Tensor) -> Tensor:
    """Rotate each clip of x `(B, T, M)` in time by `shifts` `(B,)` frames."""
    index = (torch.arange(x.shape[1])[None, :] - shifts[:, None]) % x.shape[1]
    return x.gather(1, index[:, :, None].expand(-1, -1, x.shape[2]))


def mixup(
    x: Tensor, y: Tensor, share: float, alpha: float, generator: Generator, fold: bool = True
) -> tuple[Tensor, Tensor]:
    """Mix a `share` of the clips with another clip of the batch (Zhang et al., arXiv:1710.09412).

    x `(B, T, M)`, y `(B, labels)`. The weight w is drawn from Beta(alpha, alpha); targets are mixed with w.
    fold: use max(w, 1 - w), so that the clip dominates its partner, as the weight of powers. Otherwise use w as drawn
    as the weight of waveforms, as AST was trained; powers are then weighted by its square.
    """
    n_batch = len(x)
    partner = torch.randperm(n_batch, generator=generator)
    weight = _beta(alpha, n_batch, generator)
    weight = torch.maximum(weight, 1 - weight) if fold else weight
    weight = torch.where(torch.rand(n_batch, generator=generator) < share, weight, 1.0)
    exponent = 1 if fold else 2
    log_weight = exponent * weight.clamp_min(1e-6).log()[:, None, None]
    log_rest = exponent * (1 - weight).clamp_min(1e-6).log()[:, None, None]
    mixed = add_powers(x + log_weight, x[partner] + log_rest).clamp_min(SILENCE)
    x = torch.where((weight < 1)[:, None, None], mixed, x)
    return x, weight[:, None] * y + (1 - weight[:, None]) * y[partner]


def _beta(alpha: float, n: int, generator: Generator) -> Tensor:
    """n draws from Beta(alpha, alpha), by numpy with a seed from `generator`: torch's sampler takes no generator."""
    seed = int(torch.randint(2**62, (1,), generator=generator))
    return torch.from_numpy(np.random.default_rng(seed).beta(alpha, alpha, n)).float()


def overlay(x: Tensor, y: Tensor, share: float, level_db: float, generator: Generator) -> tuple[Tensor, Tensor]:
    """Add another clip of the batch to a `share` of the clips; both are audible, so the targets are the union.

    x `(B, T, M)`, y `(B, labels)`. The loudest frame of the added clip is 0 to `level_db` below that of the clip: if it
    were softer, its label would be inaudible. Silent clips are neither added nor added to.
    """
    n_batch = len(x)
    partner = torch.randperm(n_batch, generator=generator)
    below_db = uniform(generator, 0.0, level_db, n_batch)
    is_mixed = torch.rand(n_batch, generator=generator) < share
    has_sound = x.amax(dim=(1, 2)) > SILENCE + 1e-3
    is_mixed &= has_sound & has_sound[partner]
    loudest = x.logsumexp(dim=2).amax(dim=1)
    change_db = (loudest - loudest[partner]) / NEPERS_PER_DB - below_db
    both = add_powers(x, gain(x[partner], change_db))
    return torch.where(is_mixed[:, None, None], both, x), torch.where(
        is_mixed[:, None], torch.maximum(y, y[partner]), y
    )


def fill_short(frames: Tensor, n_frames: int, generator: Generator) -> Tensor:
    """Extend a clip `(T, M)` shorter than the window to `(n_frames, M)`: with equal probability, the clip appears once
    at a random place in silence, or repeatedly with random gaps of one length, up to that of the clip."""
    n_own = len(frames)
    assert 0 < n_own <= n_frames, f"a clip of {n_own} frames does not fit into {n_frames}"
    window = frames.new_full((n_frames, frames.shape[1]), SILENCE)
    is_once = bool(torch.rand((), generator=generator) < 0.5)
    period = n_frames if is_once else n_own + _below(n_own + 1, generator)
    first = _below(min(period, n_frames) - n_own + 1, generator)
    for start in range(first, n_frames - n_own + 1, period):
        window[start : start + n_own] = frames
    return window


def _below(bound: int, generator: Generator) -> int:
    return int(torch.randint(bound, (), generator=generator))


def tilt(x: Tensor, tilt_db: float, generator: Generator, n_points: int = 4) -> Tensor:
    """Apply a random smooth filter: gains of up to ±`tilt_db` at `n_points` frequencies, with linear interpolation
    (FilterAugment, Nam et al., arXiv:2110.03282, linear type)."""
    points = uniform(generator, -tilt_db, tilt_db, len(x), 1, n_points)
    curve = F.interpolate(points, size=x.shape[2], mode="linear", align_corners=True)
    return (x + curve * NEPERS_PER_DB).clamp_min(SILENCE)


def lowpass(x: Tensor, share: float, generator: Generator, config: LogMelConfig | None = None) -> Tensor:
    """Low-pass filter a `share` of the clips x `(B, T, M)`, with a cut-off from 2 to 7 kHz (log-uniform) and a slope of
    24 to 96 dB per octave: the model must not learn a label from the bandwidth of its recordings."""
    centres = torch.from_numpy(mel_centres_hz(config or LogMelConfig(n_mels=x.shape[2]))).float()
    cutoff_hz = uniform(generator, math.log(2000), math.log(7000), len(x)).exp()
    slope_db = uniform(generator, 24.0, 96.0, len(x))
    is_cut = torch.rand(len(x), generator=generator) < share
    octaves_above = (centres[None, :] / cutoff_hz[:, None]).log2().clamp_min(0.0)
    loss_db = torch.where(is_cut, slope_db, 0.0)[:, None] * octaves_above
    return (x - loss_db[:, None, :] * NEPERS_PER_DB).clamp_min(SILENCE)


def warp(x: Tensor, stretch: float, shift_bins: float, generator: Generator) -> Tensor:
    """Stretch time by up to ±`stretch` (a share) around the middle, and shift by up to ±`shift_bins` mel bins."""
    n_batch, n_frames, n_mels = x.shape
    theta = torch.zeros(n_batch, 2, 3)
    theta[:, 0, 0] = 1
    theta[:, 0, 2] = 2 * uniform(generator, -shift_bins, shift_bins, n_batch) / n_mels
    theta[:, 1, 1] = 1 + uniform(generator, -stretch, stretch, n_batch)
    grid = F.affine_grid(theta, [n_batch, 1, n_frames, n_mels], align_corners=False)
    return F.grid_sample(x.unsqueeze(1), grid, padding_mode="reflection", align_corners=False).squeeze(1)


def mask(x: Tensor, widest: float, dim: int, fill: float, generator: Generator) -> Tensor:
    """Mask one band of frames (dim 1) or bins (dim 2) per clip (SpecAugment, Park et al., arXiv:1904.08779).

    Its width is a whole number below `widest`; width and place are uniform. Unlike there, at most half of a short
    window is masked."""
    length = x.shape[dim]
    width = uniform(generator, 0, min(widest, length // 2), len(x)).floor()
    start = (torch.rand(len(x), generator=generator) * (length - width)).floor()
    at = torch.arange(length)[None, :]
    hidden = (at >= start[:, None]) & (at < (start + width)[:, None])
    return x.masked_fill(hidden[:, :, None] if dim == 1 else hidden[:, None, :], fill)


def cell_noise(x: Tensor, highest: float, generator: Generator) -> Tensor:
    """Add AST's noise for Speech Commands to normalised x `(B, T, M)`: to each cell U[0, 1) times a factor that is
    drawn for each clip from U[0, `highest`) (published: 0.1)."""
    factor = uniform(generator, 0.0, highest, len(x), 1, 1)
    return x + factor * torch.rand(x.shape, generator=generator)


class NoiseBank:
    """Holds log-mel of white, pink and brown noise at 0 dBFS RMS, to add to clips as a noise floor."""

    def __init__(self, config: LogMelConfig, seconds: float = 40.0, seed: int = 0) -> None:
        generator = torch.Generator().manual_seed(seed)
        n = int(seconds * config.sample_rate)
        spectrum = torch.fft.rfft(torch.randn(n, generator=generator))
        # Flat below 50 Hz: otherwise nearly all energy of brown noise would be below the lowest mel bins.
        frequency = torch.linspace(0, config.sample_rate / 2, len(spectrum)).clamp_min(50.0)
        colours = []
        for exponent in (0.0, 0.5, 1.0):
            noise = torch.fft.irfft(spectrum * frequency**-exponent, n=n)
            colours.append(torch.from_numpy(LogMel(config)((noise / noise.square().mean().sqrt()).numpy())))
        self.frames = torch.stack(colours)  # (3, T, M)

    def draw(self, n_clips: int, n_frames: int, generator: Generator) -> Tensor:
        """Noise at 0 dBFS, `(n_clips, n_frames, M)`: a random section of a random colour for each clip."""
        colour = torch.randint(len(self.frames), (n_clips,), generator=generator)
        start = torch.randint(self.frames.shape[1] - n_frames + 1, (n_clips,), generator=generator)
        return torch.stack([self.frames[c, s : s + n_frames] for c, s in zip(colour, start, strict=True)])
