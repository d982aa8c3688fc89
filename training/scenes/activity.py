"""Finds when a sound can be heard: its level every 10 ms, and three states per frame."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from core.audio.frame_rate import FRAMES_PER_SECOND

SOUNDING, SILENT, UNSURE = 1, 0, -1
"""A frame holds the sound, does not, or nobody can say: it fades, or something else covers it."""
_SOUNDING_DB, _SILENT_DB = 20.0, 35.0
"""Under the sound's loudest frame: down to here it sounds, and from there on it is silent."""
_COVERED_DB = 12.0
"""So far under everything else, a sound may not be heard."""
_JOINED_FRAMES = 25
"""Pauses up to here belong to the sound: between two keystrokes nobody says that the typing ended."""
_NOTHING_DB = -110.0


def frame_levels_db(samples: NDArray[np.float32], n_frames: int, hop: int) -> NDArray[np.float64]:
    """RMS level of every 10 ms, averaged over three of them, dBFS, `(n_frames,)`; -110 where there is nothing.

    samples: `(n,)`, as a stretch of the scene from its beginning. hop: samples in 10 ms.
    """
    power = np.zeros(n_frames)
    whole = min(n_frames, len(samples) // hop)
    power[:whole] = np.square(samples[: whole * hop].reshape(whole, hop), dtype=np.float64).mean(axis=1)
    smooth = np.convolve(power, np.ones(3) / 3, mode="same") if n_frames >= 3 else power
    return 10 * np.log10(np.maximum(smooth, 10 ** (_NOTHING_DB / 10)))


def active_span(samples: NDArray[np.float32], hop: int) -> tuple[int, int]:
    """First sample, and the one after the last, of the part of a clip that sounds; all of it where that is nothing."""
    n_frames = len(samples) // hop
    if n_frames < 3:
        return 0, len(samples)
    levels = frame_levels_db(samples, n_frames, hop)
    sounding = np.flatnonzero(levels > max(levels.max() - _SOUNDING_DB, _NOTHING_DB + 1))
    if not len(sounding):
        return 0, len(samples)
    return max(0, sounding[0] - 1) * hop, min(len(samples), (sounding[-1] + 2) * hop)


def activity(levels_db: NDArray[np.float64], others_db: NDArray[np.float64], peak_db: float) -> NDArray[np.int8]:
    """SOUNDING, SILENT or UNSURE for each frame, `(n_frames,)`.

    levels_db: of the sound in the scene. others_db: of everything else at the same time. peak_db: of the sound's
    loudest frame, which may lie outside the scene.
    """
    state = np.full(len(levels_db), UNSURE, np.int8)
    state[levels_db > peak_db - _SOUNDING_DB] = SOUNDING
    state[levels_db < max(peak_db - _SILENT_DB, _NOTHING_DB + 1)] = SILENT
    _join(state)
    state[(state == SOUNDING) & (levels_db < others_db - _COVERED_DB)] = UNSURE
    return state


def _join(state: NDArray[np.int8]) -> None:
    """Fill short pauses in place."""
    sounding = np.flatnonzero(state == SOUNDING)
    for before, after in pairwise(sounding):
        if 1 < after - before <= _JOINED_FRAMES:
            state[before:after] = SOUNDING


def column_states(state: NDArray[np.int8], centres_s: NDArray[np.float64], stride_frames: int) -> NDArray[np.int8]:
    """The state of each of a model's columns, `(columns,)`: SOUNDING where half of its frames are, SILENT where all
    are, else UNSURE.

    state: `(n_frames,)`; what lies beyond its end is silent where its last frame is. centres_s: `(columns,)`.
    """
    first = np.round(np.asarray(centres_s) * FRAMES_PER_SECOND - stride_frames / 2).astype(np.int64)
    index = (first[:, None] + np.arange(stride_frames)[None, :]).clip(0, len(state) - 1)
    frames = state[index]
    columns = np.full(len(first), UNSURE, np.int8)
    columns[(frames == SOUNDING).mean(axis=1) >= 0.5] = SOUNDING
    columns[(frames == SILENT).all(axis=1)] = SILENT
    return columns
