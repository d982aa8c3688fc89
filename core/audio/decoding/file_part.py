"""A part of a file as one continuous sound: gaps as silence, damage left out."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.audio.decoding.late_start import blocks_from
from core.audio.decoding.open import open_media, sound_track

_SILENCE = 1 << 16


def sound_rate(path: Path) -> int:
    """The sample rate of the track that is decoded, Hz. Raises UserError."""
    with open_media(path) as container:
        return sound_track(container).rate


def part_blocks(path: Path, start_s: float, stop_s: float | None, sample_rate: int) -> Iterator[NDArray[np.float32]]:
    """Blocks float32 `(n,)` from start_s to stop_s on the file's clock (None: to its end). Raises UserError."""
    position = round(start_s * sample_rate)
    stop = math.inf if stop_s is None else round(stop_s * sample_rate)
    for block in blocks_from(path, start_s, sample_rate):
        if block.start_sample >= stop:
            break
        samples = block.samples[max(position - block.start_sample, 0) :]
        begin = max(position, block.start_sample)
        samples = samples[: int(min(stop - begin, len(samples)))]
        while len(samples) and position < begin:
            gap = min(begin - position, _SILENCE)
            yield np.zeros(gap, np.float32)
            position += gap
        if len(samples):
            yield samples
            position += len(samples)
