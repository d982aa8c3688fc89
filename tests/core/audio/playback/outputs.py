"""An output without a sound card: a test takes its samples and says how many have been heard."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from core.audio.playback.output import Fill


class HandOutput:
    """Takes samples when `take` is called. sample_rate: None for what was asked for."""

    def __init__(self, wanted_rate: int, fill: Fill, sample_rate: int | None = None) -> None:
        self.sample_rate = sample_rate or wanted_rate
        self.is_alive, self.is_closed = True, False
        self.taken = np.zeros(0, np.float32)
        self.heard: float | None = None
        """How many frames have been heard; None for all that were taken."""
        self._fill = fill

    def frames_heard(self) -> float:
        return float(len(self.taken)) if self.heard is None else self.heard

    def close(self) -> None:
        self.is_closed = True

    def take(self, n_frames: int) -> NDArray[np.float32]:
        """As the sound card's callback does."""
        block = np.zeros(n_frames, np.float32)
        self._fill(block)
        self.taken = np.concatenate([self.taken, block])
        return block
