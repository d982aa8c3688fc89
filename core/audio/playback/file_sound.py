"""The sound of a file, to be played."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.audio.decoding.decode import decode_blocks
from core.audio.playback.player import PlayableSound

_RATE = 48_000
_SILENCE = 1 << 16


def file_sound(path: Path, start_s: float = 0.0, stop_s: float | None = None) -> PlayableSound:
    """The part of a file from start_s to stop_s on the file's clock (None: to its end), gaps as silence.

    What is damaged is left out. Reading it raises UserError where the file cannot be opened.
    """
    return PlayableSound(start_s, _RATE, lambda: _blocks(path, start_s, stop_s))


def _blocks(path: Path, start_s: float, stop_s: float | None) -> Iterator[NDArray[np.float32]]:
    position = round(start_s * _RATE)
    stop = math.inf if stop_s is None else round(stop_s * _RATE)
    for block in decode_blocks(path, _RATE):
        if block.start_sample >= stop:
            break
        samples = block.samples[max(position - block.start_sample, 0) :]
        begin = max(position, block.start_sample)
        while len(samples) and position < begin:
            gap = min(begin - position, _SILENCE)
            yield np.zeros(gap, np.float32)
            position += gap
        if len(samples):
            samples = samples[: int(min(stop - begin, len(samples)))]
            yield samples
            position += len(samples)
