"""Augmentation of raw log-mel batches. Pure functions on tensors; chance comes in as a generator.

Power domain: log-mel x stands for the power exp(x), so a gain adds a constant and sounds add as powers.
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
    """Uniform numbers from `low` to `high` of `shape`."""
    return low + (high - low) * torch.rand(*shape, generator=generator)


def add_powers(x: Tensor, y: Tensor) -> Tensor:
    """Log-mel of two sounds at once, as far as their phases are unrelated."""
    return torch.logaddexp(x, y)


def gain(x: Tensor, gain_db: Tensor) -> Tensor:
    """x `(B, T, M)` louder by `gain_db` `(B,)`; digital silence stays at the floor."""
    return (x + gain_db[:, None, None] * NEPERS_PER_DB).clamp_min(SILENCE)


def roll(x: Tensor, shifts: Tensor) -> Tensor:
    """Rotate each clip of x `(B, T, M)` in time by `shifts` `(B,)` frames."""
    index = (torch.arange(x.shape[1])[None, :] - shifts[:, None]) % x.shape[1]
    return x.gather(1, index[:, :, None].expand(-1, -1, x.shape[2]))


def mixup(
    x: Tensor, y: Tensor, share: float, alpha: float, generator: Generator, fold: bool = True
) -> tuple[Tensor, Tensor]:
    """Mix a `share` of the clips with another one of the batch (Zhang et al., arXiv:1710.09412).

    x `(B, T, M)`, y `(B, labels)`. The weight is drawn from Beta(alpha, alpha); targets mix by it.
    fold: it is folded to at least one half, so that the clip keeps the upper hand over its partner, and weighs powers.
    Without: as AST was trained, it is taken as drawn and weighs waveforms, hence its square weighs powers.
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
    """n draws from Beta(alpha, alpha); torch's own sampler takes no generator, numpy's gets its seed from ours."""
    seed = int(torch.randint(2**62, (1,), generator=generator))
    return torch.from_numpy(np.random.default_rng(seed).beta(alpha, alpha, n)).float()


def overlay(x: Tensor, y: Tensor, share: float, level_db: float, generator: Generator) -> tuple[Tensor, Tensor]:
    """Lay another clip of the batch over a `share` of the clips; both are heard, so targets are the union.

    x `(B, T, M)`, y `(B, labels)`. The loudest frame of what is added lies 0 to `level_db` under the clip's own: any
    softer, and it would be a label that nobody hears. Silence neither takes nor gives.
    """
    n_batch = len(x)
    partner = torch.randperm(n_batch, generator=generator)
    softer_db = uniform(generator, 0.0, level_db, n_batch)
    is_laid = torch.rand(n_batch, generator=generator) < share
    has_sound = x.amax(dim=(1, 2)) > SILENCE + 1e-3
    is_laid &= has_sound & has_sound[partner]
    loudest = x.logsumexp(dim=2).amax(dim=1)
    change_db = (loudest - loudest[partner]) / NEPERS_PER_DB - softer_db
    both = add_powers(x, gain(x[partner], change_db))
    return torch.where(is_laid[:, None, None], both, x), torch.where(is_laid[:, None], torch.maximum(y, y[partner]), y)


def fill_short(frames: Tensor, n_frames: int, generator: Generator) -> Tensor:
    """A clip `(T, M)` shorter than the window, as `(n_frames, M)`: by turns of chance once, at a random place in
    silence, or again and again with one random gap of up to its own length between."""
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
    """A random smooth filter: gains of up to `tilt_db` at `n_points` places over frequency, linear between
    (FilterAugment, Nam et al., arXiv:2110.03282, linear type)."""
    points = uniform(generator, -tilt_db, tilt_db, len(x), 1, n_points)
    curve = F.interpolate(points, size=x.shape[2], mode="linear", align_corners=True)
    return (x + curve * NEPERS_PER_DB).clamp_min(SILENCE)


def lowpass(x: Tensor, share: float, generator: Generator, config: LogMelConfig | None = None) -> Tensor:
    """A `share` of the clips x `(B, T, M)` loses what lies above a cut-off, log-uniform from 2 to 7 kHz, at 24 to
    96 dB an octave: whether a recording is band-limited must say nothing about what is heard in it."""
    centres = torch.from_numpy(mel_centres_hz(config or LogMelConfig(n_mels=x.shape[2]))).float()
    cutoff_hz = uniform(generator, math.log(2000), math.log(7000), len(x)).exp()
    slope_db = uniform(generator, 24.0, 96.0, len(x))
    is_cut = torch.rand(len(x), generator=generator) < share
    octaves_above = (centres[None, :] / cutoff_hz[:, None]).log2().clamp_min(0.0)
    loss_db = torch.where(is_cut, slope_db, 0.0)[:, None] * octaves_above
    return (x - loss_db[:, None, :] * NEPERS_PER_DB).clamp_min(SILENCE)


def warp(x: Tensor, stretch: float, shift_bins: float, generator: Generator) -> Tensor:
    """Stretch time by up to `stretch` (share) around the middle and shift by up to `shift_bins` mel bins."""
    n_batch, n_frames, n_mels = x.shape
    theta = torch.zeros(n_batch, 2, 3)
    theta[:, 0, 0] = 1
    theta[:, 0, 2] = 2 * uniform(generator, -shift_bins, shift_bins, n_batch) / n_mels
    theta[:, 1, 1] = 1 + uniform(generator, -stretch, stretch, n_batch)
    grid = F.affine_grid(theta, [n_batch, 1, n_frames, n_mels], align_corners=False)
    return F.grid_sample(x.unsqueeze(1), grid, padding_mode="reflection", align_corners=False).squeeze(1)


def mask(x: Tensor, widest: float, dim: int, fill: float, generator: Generator) -> Tensor:
    """SpecAugment (Park et al., arXiv:1904.08779): one band of frames (dim 1) or bins (dim 2) each.

    Its width is a whole number under `widest`, all alike likely, its place uniform. Short windows are an exception to
    what was published: at most half of one is hidden.
    """
    length = x.shape[dim]
    width = uniform(generator, 0, min(widest, length // 2), len(x)).floor()
    start = (torch.rand(len(x), generator=generator) * (length - width)).floor()
    at = torch.arange(length)[None, :]
    hidden = (at >= start[:, None]) & (at < (start + width)[:, None])
    return x.masked_fill(hidden[:, :, None] if dim == 1 else hidden[:, None, :], fill)


def cell_noise(x: Tensor, most: float, generator: Generator) -> Tensor:
    """AST's noise for Speech Commands on normalised x `(B, T, M)`: each cell up by U[0, 1) times one U[0, `most`) a
    clip (published: 0.1)."""
    height = uniform(generator, 0.0, most, len(x), 1, 1)
    return x + height * torch.rand(x.shape, generator=generator)


class NoiseBank:
    """Log-mel of white, pink and brown noise at 0 dBFS RMS, to lay under clips as a noise floor."""

    def __init__(self, config: LogMelConfig, seconds: float = 40.0, seed: int = 0) -> None:
        generator = torch.Generator().manual_seed(seed)
        n = int(seconds * config.sample_rate)
        spectrum = torch.fft.rfft(torch.randn(n, generator=generator))
        # Flat under 50 Hz: otherwise nearly all of brown noise would lie where nothing hears it.
        frequency = torch.linspace(0, config.sample_rate / 2, len(spectrum)).clamp_min(50.0)
        colours = []
        for exponent in (0.0, 0.5, 1.0):
            noise = torch.fft.irfft(spectrum * frequency**-exponent, n=n)
            colours.append(torch.from_numpy(LogMel(config)((noise / noise.square().mean().sqrt()).numpy())))
        self.frames = torch.stack(colours)  # (3, T, M)

    def draw(self, n_clips: int, n_frames: int, generator: Generator) -> Tensor:
        """`(n_clips, n_frames, M)` at 0 dBFS: a random place of a random colour each."""
        colour = torch.randint(len(self.frames), (n_clips,), generator=generator)
        start = torch.randint(self.frames.shape[1] - n_frames + 1, (n_clips,), generator=generator)
        return torch.stack([self.frames[c, s : s + n_frames] for c, s in zip(colour, start, strict=True)])
