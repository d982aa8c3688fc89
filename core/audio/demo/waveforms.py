"""Building blocks of synthetic sounds: struck resonances, shaped noise, random curves.

Signals are `(n_samples,)` at 16 kHz, frequencies in Hz, times in seconds; randomness comes from a generator argument.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.random import Generator
from numpy.typing import ArrayLike, NDArray

from core.audio.resample import MODEL_SAMPLE_RATE as SAMPLE_RATE

Signal = NDArray[np.float64]

_INAUDIBLE = np.log(1000.0)  # 60 dB


def n_samples_in(duration_s: float) -> int:
    """Samples in that many seconds."""
    return round(duration_s * SAMPLE_RATE)


def times(duration_s: float) -> Signal:
    """The time of each sample in seconds."""
    return np.arange(n_samples_in(duration_s)) / SAMPLE_RATE


def phase_of(hz: Signal) -> Signal:
    """Radians that a tone of changing pitch `hz` has run through at each sample."""
    return 2 * np.pi * np.cumsum(hz) / SAMPLE_RATE


def unit_rms(signal: Signal) -> Signal:
    """The signal scaled to an RMS of 1."""
    return signal / np.sqrt(np.mean(signal**2) + 1e-20)


def struck(hz: ArrayLike, gains: ArrayLike, decays_s: ArrayLike, duration_s: float) -> Signal:
    """Resonances struck at time 0: one decaying sine for each of `hz`, 60 dB down after its `decays_s`."""
    time_s = times(duration_s)
    signal = np.zeros(len(time_s))
    for partial_hz, gain, decay_s in zip(np.asarray(hz), np.asarray(gains), np.asarray(decays_s), strict=True):
        audible = time_s[: n_samples_in(1.5 * decay_s)]
        signal[: len(audible)] += (
            gain * np.exp(-audible * _INAUDIBLE / decay_s) * np.sin(2 * np.pi * partial_hz * audible)
        )
    return signal


def convolved(impulses: Signal, response: Signal) -> Signal:
    """Every impulse rings with `response`; as long as `impulses`."""
    size = 1 << (len(impulses) + len(response) - 2).bit_length()
    spectrum = np.fft.rfft(impulses, size) * np.fft.rfft(response, size)
    return np.fft.irfft(spectrum, size)[: len(impulses)]


def shaped(noise: Signal, gain_at: Callable[[Signal], Signal]) -> Signal:
    """Noise filtered to the spectrum `gain_at(hz)`."""
    size = 1 << (len(noise) - 1).bit_length()
    hz = np.fft.rfftfreq(size, 1 / SAMPLE_RATE)
    spectrum = np.fft.rfft(noise, size) * gain_at(hz.astype(np.float64))
    return np.fft.irfft(spectrum, size)[: len(noise)]


def band(hz: Signal, low_hz: float, high_hz: float, steepness: float) -> Signal:
    """The gain of a band-pass with soft edges at frequencies `hz`."""
    rising = 1 / (1 + (low_hz / np.maximum(hz, 1.0)) ** (2 * steepness))
    return rising / (1 + (hz / high_hz) ** (2 * steepness))


def wander(n_samples: int, rate_hz: float, rng: Generator) -> Signal:
    """A smooth random curve within [0, 1] that turns about `rate_hz` times a second."""
    n_points = int(n_samples * rate_hz / SAMPLE_RATE) + 3
    at = np.arange(n_samples) * (rate_hz / SAMPLE_RATE)
    left = at.astype(int)
    blend = 0.5 - 0.5 * np.cos(np.pi * (at - left))
    points = rng.random(n_points)
    return points[left] * (1 - blend) + points[left + 1] * blend


def smoothed(curve: Signal, over_s: float) -> Signal:
    """The running mean over `over_s` seconds."""
    width = max(1, n_samples_in(over_s))
    return np.convolve(curve, np.full(width, 1 / width), mode="same")


def with_echo(signal: Signal, echoes: Sequence[tuple[float, float]]) -> Signal:
    """The signal and its echoes, each given as delay in seconds and gain; no longer than the signal."""
    sound = signal.copy()
    for delay_s, gain in echoes:
        delay = n_samples_in(delay_s)
        sound[delay:] += gain * signal[: len(signal) - delay]
    return sound
