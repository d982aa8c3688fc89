"""What a room and a microphone do to a sound, as one filter on its spectrum: tilt, lost treble, reverberation."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.fft
from numpy.typing import NDArray

_fft: Any = scipy.fft
"""Its stubs promise nothing of what it returns."""

_TILT_POINTS = 5
_LOWEST_HZ = 60.0


def filtered(
    samples: NDArray[np.float32],
    sample_rate: int,
    rng: np.random.Generator,
    *,
    tilt_db: float = 0.0,
    is_lowpassed: bool = False,
    reverb_s: float = 0.0,
) -> NDArray[np.float32]:
    """`samples` `(n,)` through a random filter of the given kinds, `(n + tail,)` with the tail of its reverberation.

    tilt_db: gains of up to so much at five places over frequency (octaves), linear between. is_lowpassed: what lies
    above a cut-off between 2 and 7 kHz goes at 24 to 96 dB an octave. reverb_s: reverberation time (RT60); an
    exponentially decaying noise follows the direct sound, 0 to 12 dB under it.
    """
    tail = round(reverb_s * sample_rate)
    n = len(samples) + tail
    size = _fft.next_fast_len(n, real=True)
    spectrum = _fft.rfft(samples, size)
    octaves = np.log2(np.maximum(np.arange(len(spectrum)) * sample_rate / size, _LOWEST_HZ) / _LOWEST_HZ)
    gain_db = np.zeros(len(spectrum), np.float32)
    if tilt_db:
        places = np.linspace(0, np.log2(sample_rate / 2 / _LOWEST_HZ), _TILT_POINTS)
        gain_db += np.interp(octaves, places, rng.uniform(-tilt_db, tilt_db, _TILT_POINTS)).astype(np.float32)
    if is_lowpassed:
        cutoff = np.log2(np.exp(rng.uniform(np.log(2000), np.log(7000))) / _LOWEST_HZ)
        gain_db -= (rng.uniform(24, 96) * np.maximum(0, octaves - cutoff)).astype(np.float32)
    if tilt_db or is_lowpassed:
        spectrum *= 10 ** (gain_db / 20)
    if tail:
        spectrum *= _fft.rfft(_room(tail, sample_rate, rng), size)
    return _fft.irfft(spectrum, size)[:n].astype(np.float32)


def _room(n: int, sample_rate: int, rng: np.random.Generator) -> NDArray[np.float32]:
    """An impulse response: the direct sound, and noise that has decayed by 60 dB after `n` samples."""
    times = np.arange(n, dtype=np.float32)
    response = rng.standard_normal(n, dtype=np.float32) * np.exp(times * np.float32(-6.91 / n))
    response[: round(0.004 * sample_rate)] = 0  # nothing returns sooner from walls
    energy = float(np.square(response).sum())
    response *= np.float32(10 ** (-rng.uniform(0, 12) / 20) / np.sqrt(max(energy, 1e-12)))
    response[0] = 1.0
    return response
