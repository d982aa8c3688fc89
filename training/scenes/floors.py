"""Noise floors: what a microphone hears in a room where nothing happens, made or recorded."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.fft
from numpy.typing import NDArray

_fft: Any = scipy.fft
"""Its stubs promise nothing of what it returns."""

_HUM_HZ = (50.0, 60.0)
_HUM_SHARE = 0.2
_FADE_S = 0.05
_FLAT_BELOW_HZ = 50.0
"""Otherwise nearly all of brown noise would lie where nothing hears it."""


def noise_floor(n_samples: int, sample_rate: int, level_db: float, rng: np.random.Generator) -> NDArray[np.float32]:
    """Noise of `n_samples` at an RMS of `level_db` dBFS, its spectrum between white and brown; one in five has mains
    hum with five harmonics in it."""
    size = _fft.next_fast_len(n_samples, real=True)
    frequency = np.maximum(np.arange(size // 2 + 1) * (sample_rate / size), _FLAT_BELOW_HZ).astype(np.float32)
    shape = frequency ** np.float32(-rng.uniform(0.0, 1.0))
    real, imaginary = rng.standard_normal((2, len(shape)), dtype=np.float32)
    noise = _fft.irfft((real + 1j * imaginary) * shape, size)[:n_samples].astype(np.float32)
    noise /= max(1e-12, float(np.sqrt(np.square(noise).mean())))
    if rng.random() < _HUM_SHARE:
        noise = noise + _hum(n_samples, sample_rate, rng)
        noise /= float(np.sqrt(np.square(noise).mean()))
    return noise * np.float32(10 ** (level_db / 20))


def recorded_floor(
    recording: NDArray[np.float32], n_samples: int, sample_rate: int, level_db: float, rng: np.random.Generator
) -> NDArray[np.float32]:
    """A recorded room `(n,)` as a floor of `n_samples` at an RMS of `level_db` dBFS: from a random place on, again and
    again where it is short, each time faded into the next over 50 ms; with a made floor 6 to 30 dB under it, so that
    no two are alike."""
    room = recording / np.float32(max(1e-9, float(np.sqrt(np.square(recording).mean()))))
    fade = min(round(_FADE_S * sample_rate), len(room) // 3)
    rise = np.sin(np.linspace(0, np.pi / 2, fade, dtype=np.float32))
    room[:fade] *= rise
    room[len(room) - fade :] *= rise[::-1]
    step = len(room) - fade
    skipped = int(rng.integers(0, step))
    noise = np.zeros(skipped + n_samples + len(room), np.float32)
    for start in range(0, skipped + n_samples, step):
        noise[start : start + len(room)] += room
    noise = noise[skipped : skipped + n_samples] + noise_floor(n_samples, sample_rate, rng.uniform(-30.0, -6.0), rng)
    noise /= max(1e-9, float(np.sqrt(np.square(noise).mean())))
    return noise * np.float32(10 ** (level_db / 20))


def _hum(n_samples: int, sample_rate: int, rng: np.random.Generator) -> NDArray[np.float32]:
    times = np.arange(n_samples, dtype=np.float32) * np.float32(2 * np.pi * rng.choice(_HUM_HZ) / sample_rate)
    heights = rng.uniform(0, 1, 6) / np.arange(1, 7)
    phases = rng.uniform(0, 2 * np.pi, 6)
    hum = sum(heights[i] * np.sin(times * np.float32(i + 1) + np.float32(phases[i])) for i in range(6))
    return (np.asarray(hum) * rng.uniform(0.2, 2.0)).astype(np.float32)
