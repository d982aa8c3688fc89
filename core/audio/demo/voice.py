"""Synthesises speech-like babble from formants: syllables without words."""

from __future__ import annotations

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from core.audio.demo.waveforms import Signal, band, n_samples_in, phase_of, shaped, smoothed, unit_rms, wander

# The first four formants in Hz of a, e, i, o, u, ɐ, ø
_VOWELS_HZ = np.array(
    [
        (750, 1200, 2500, 3500),
        (450, 1950, 2600, 3600),
        (290, 2250, 3000, 3700),
        (460, 850, 2450, 3300),
        (320, 760, 2300, 3300),
        (600, 1300, 2450, 3400),
        (400, 1500, 2200, 3300),
    ]
)
_BANDWIDTHS_HZ = np.array([80.0, 100.0, 140.0, 220.0])
_FORMANT_GAINS = np.array([1.0, 0.6, 0.35, 0.2])
_SYLLABLES_PER_S = 4.6
_HIGHEST_HZ = 5000.0


def babble(duration_s: float, rng: Generator) -> Signal:
    """One voice speaking in phrases of a second or two, with vowels, hisses and pauses."""
    n_samples = n_samples_in(duration_s)
    n_syllables = int(duration_s * _SYLLABLES_PER_S) + 2
    place = np.arange(n_samples) * (n_syllables - 1) / n_samples
    loudness = _syllable_loudness(place, rng, n_syllables)
    voice = unit_rms(_voiced(place, rng, n_syllables, duration_s)) * loudness
    return voice + 0.35 * _hisses(place, rng, n_syllables)


def _syllable_loudness(place: Signal, rng: Generator, n_syllables: int) -> Signal:
    stress = rng.uniform(0.5, 1.0, n_syllables)
    stress[rng.integers(4, 7) :: 7] = 0.0  # a breath after each phrase
    shape = np.sin(np.pi * (place % 1.0)) ** 0.7
    return smoothed(stress[place.astype(int)] * shape, 0.02)


def _voiced(place: Signal, rng: Generator, n_syllables: int, duration_s: float) -> Signal:
    """A buzzing glottis seen through moving formants, harmonic by harmonic."""
    n_samples = len(place)
    vowels = _VOWELS_HZ[rng.integers(0, len(_VOWELS_HZ), n_syllables)]
    middles = np.arange(n_syllables) + 0.35
    formants_hz = np.stack([np.interp(place, middles, vowels[:, formant]) for formant in range(vowels.shape[1])])
    falling = 1.12 - 0.25 * (place % 7) / 7  # the pitch falls within each phrase
    pitch_hz = 125 * falling * (0.92 + 0.16 * wander(n_samples, 3.0, rng)) * (1 + 0.012 * wander(n_samples, 60, rng))
    glottis = phase_of(pitch_hz)
    signal = np.zeros(n_samples)
    for harmonic in range(1, int(_HIGHEST_HZ / 125)):
        gain = _throat_gain(harmonic * pitch_hz[::64], formants_hz[:, ::64]) / harmonic**0.8
        signal += np.repeat(gain, 64)[:n_samples] * np.sin(harmonic * glottis)
    return signal


def _throat_gain(hz: Signal, formants_hz: NDArray[np.float64]) -> Signal:
    """Resonance of the throat at `hz` `(n,)` for formants `(4, n)`."""
    off = (hz - formants_hz) / _BANDWIDTHS_HZ[:, None]
    return (_FORMANT_GAINS[:, None] / (1 + off**2)).sum(axis=0) + 0.005


def _hisses(place: Signal, rng: Generator, n_syllables: int) -> Signal:
    """An s, sh or f at the beginning of some syllables."""
    within = place % 1.0
    is_hissed = rng.random(n_syllables) < 0.4
    envelope = smoothed((is_hissed[place.astype(int)] & ((within > 0.86) | (within < 0.08))).astype(float), 0.02)
    noise = shaped(rng.standard_normal(len(place)), lambda hz: band(hz, 3600, 7500, 2.0))
    return unit_rms(noise) * envelope
