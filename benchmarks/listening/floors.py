"""Makes the noise of rooms: three synthetic kinds, and recorded ones joined to any length."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from core.audio.demo.waveforms import Signal, shaped, unit_rms
from core.audio.resample import MODEL_SAMPLE_RATE as SAMPLE_RATE

STRETCH_S = 60.0
"""A floor keeps its kind and level that long."""
_CROSSFADE_S = 1.0
_RECORDED_CROSSFADE_S = 0.2


def pink(n_samples: int, rng: Generator) -> Signal:
    """Noise with equal power in every octave above 30 Hz, as of many things at once."""
    return shaped(rng.standard_normal(n_samples), lambda hz: 1 / np.sqrt(np.maximum(hz, 30.0)))


def hiss(n_samples: int, rng: Generator) -> Signal:
    """White noise, as of a microphone's amplifier."""
    return rng.standard_normal(n_samples)


def hum(n_samples: int, rng: Generator) -> Signal:
    """Mains hum of 50 or 60 Hz with harmonics, over the rumble of a ventilator."""
    rumble = unit_rms(shaped(rng.standard_normal(n_samples), lambda hz: 1 / np.maximum(hz, 40.0)))
    time_s = np.arange(n_samples) / SAMPLE_RATE
    mains_hz = float(rng.choice([50.0, 60.0]))
    tones = sum(
        np.sin(2 * np.pi * (mains_hz * n * time_s + rng.random())) * rng.uniform(0.3, 1.0) / n for n in range(1, 9)
    )
    return rumble + unit_rms(np.asarray(tones, np.float64))


FLOORS: dict[str, Callable[[int, Generator], Signal]] = {"pink": pink, "hiss": hiss, "hum": hum}


def floor(n_samples: int, kinds: Sequence[str], level_dbfs: tuple[float, float], rng: Generator) -> NDArray[np.float32]:
    """Noise `(n_samples,)` that has another of the `kinds` and another RMS level within `level_dbfs` every minute."""
    return _joined(
        n_samples, round(STRETCH_S * SAMPLE_RATE), _CROSSFADE_S, lambda n: _leveled(n, kinds, level_dbfs, rng)
    )


def _leveled(n_samples: int, kinds: Sequence[str], level_dbfs: tuple[float, float], rng: Generator) -> Signal:
    noise = FLOORS[kinds[int(rng.integers(len(kinds)))]](n_samples, rng)
    return unit_rms(noise) * 10 ** (rng.uniform(*level_dbfs) / 20)


def recorded_floor(
    n_samples: int, recordings: Sequence[NDArray[np.float32]], level_dbfs: tuple[float, float], rng: Generator
) -> NDArray[np.float32]:
    """Recordings one after the other in random order, each at an RMS level within `level_dbfs`."""
    sound = np.zeros(n_samples, np.float32)
    start, fade = 0, round(_RECORDED_CROSSFADE_S * SAMPLE_RATE)
    while start < n_samples:
        piece = unit_rms(recordings[int(rng.integers(len(recordings)))].astype(np.float64))
        piece = _faded(piece * 10 ** (rng.uniform(*level_dbfs) / 20), fade)[: n_samples - start]
        sound[start : start + len(piece)] += piece.astype(np.float32)
        start += max(1, len(piece) - fade)
    return sound


def _joined(n_samples: int, stretch: int, crossfade_s: float, make: Callable[[int], Signal]) -> NDArray[np.float32]:
    """Stretches that fade into one another. Noises that know nothing of each other add by power, so sine and cosine
    keep the level."""
    fade = round(crossfade_s * SAMPLE_RATE)
    sound = np.zeros(n_samples + fade, np.float32)
    for start in range(0, n_samples, stretch):
        piece = _faded(make(min(stretch, n_samples - start) + fade), fade, at_start=start > 0)
        sound[start : start + len(piece)] += piece.astype(np.float32)
    return sound[:n_samples]


def _faded(piece: Signal, fade: int, *, at_start: bool = True) -> Signal:
    """The piece with its ends faded, each over at most half of it."""
    fade = min(fade, len(piece) // 2)
    rise = np.sin(np.linspace(0, np.pi / 2, fade, endpoint=False))
    piece = piece.copy()
    if at_start:
        piece[:fade] *= rise
    piece[len(piece) - fade :] *= rise[::-1]
    return piece
