"""A stretch of the kept live sound, to be played."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from core.audio.kept.pieces import to_float
from core.audio.kept.ring import SoundRing
from core.audio.playback.player import PlayableSound


def ring_sound(ring: SoundRing, start_s: float, stop_s: float) -> PlayableSound:
    """What is kept from start_s to stop_s (stream seconds), gaps as silence, without those at its ends.

    For a pool thread. Raises UserError where nothing is kept of it.
    """
    rate = ring.require_rate(start_s, stop_s)
    begin_s, end_s = ring.extent(start_s, stop_s)

    def blocks() -> Iterator[NDArray[np.float32]]:
        return map(to_float, ring.sound(begin_s, end_s, rate))

    return PlayableSound(begin_s, rate, blocks)
