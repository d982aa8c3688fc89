"""Finds the part of a clip in which its sound is, by the energy."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from core.audio.resample import MODEL_SAMPLE_RATE as SAMPLE_RATE

FRAME = SAMPLE_RATE // 100
"""Samples in a step of 10 ms, as long as a log-mel hop: a part begins and ends on such a step."""
_LOUDEST_FRAMES = 5
_LONGEST_PAUSE = 50
_QUIETEST = 1e-12


def active_part(clip: NDArray[np.float32]) -> NDArray[np.float32] | None:
    """The stretch of `clip` `(n,)` at 16 kHz around its loudest moment, pauses of up to half a second included; None
    of silence."""
    steps = clip[: len(clip) // FRAME * FRAME].reshape(-1, FRAME).astype(np.float64)
    if len(steps) < _LOUDEST_FRAMES:
        return None
    energy = (steps**2).mean(axis=1)
    loudest = np.convolve(energy, np.full(_LOUDEST_FRAMES, 1 / _LOUDEST_FRAMES), mode="valid").max()
    if loudest < 1e-8:
        return None
    first, end = _around(int(energy.argmax()), energy >= _least_energy(energy, loudest))
    return clip[first * FRAME : end * FRAME]


def _least_energy(energy: NDArray[np.float64], loudest: float) -> float:
    """What counts as sound: up to 30 dB under the loudest 50 ms, but 6 dB over the recording's own noise, as far as
    that lies well under the sound."""
    level_db, top_db = 10 * np.log10(np.maximum(energy, _QUIETEST)), 10 * np.log10(loudest)
    noise_db = float(np.percentile(level_db, 10))
    return 10 ** (max(top_db - 30, min(noise_db + 6, top_db - 12)) / 10)


def _around(place: int, sounds: NDArray[np.bool_]) -> tuple[int, int]:
    """First step and the step after the last one of the stretch that holds `place`."""
    active = np.flatnonzero(sounds)
    breaks = np.flatnonzero(np.diff(active) > _LONGEST_PAUSE)
    starts, ends = active[np.r_[0, breaks + 1]], active[np.r_[breaks, len(active) - 1]] + 1
    which = int(np.searchsorted(starts, place, side="right")) - 1
    return int(starts[which]), int(ends[which])
