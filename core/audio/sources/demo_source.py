"""The demo scene as an endless source, for computers without a microphone."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np

from core.audio.block import AudioBlock
from core.audio.demo.scene import demo_scene
from core.audio.resample import MODEL_SAMPLE_RATE
from core.audio.sources.real_time import Pace
from core.errors import UserError

_BLOCK_S = 0.04


class DemoSource:
    """Delivers the scene in real time, again and again, while `start_sample` keeps counting."""

    is_live = False

    def __init__(
        self, *, clock: Callable[[], float] = time.monotonic, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self.name = "Demo scene"
        self.sample_rate = MODEL_SAMPLE_RATE
        self.dropped_blocks = 0
        self.latency_s = 0.0
        self.trouble: UserError | None = None
        self._pace = Pace(1.0, clock, sleep)
        self._scene = np.zeros(0, dtype=np.float32)
        self._position = 0

    def open(self) -> None:
        """Compose the scene and start from its beginning."""
        self._scene = demo_scene()
        self._position = 0
        self._pace.start()

    def read(self, timeout_s: float) -> AudioBlock | None:
        """The next block once it is due, or None after `timeout_s`."""
        if not len(self._scene):
            raise RuntimeError("The demo scene must be opened before it is read.")
        first = self._position % len(self._scene)
        samples = self._scene[first : first + round(_BLOCK_S * self.sample_rate)]
        if not self._pace.wait_for((self._position + len(samples)) / self.sample_rate, timeout_s):
            return None
        block = AudioBlock(samples.copy(), self._position, self.sample_rate)
        self._position += len(samples)
        return block

    def close(self) -> None:
        """Release the scene. Harmless when called twice or before `open`."""
        self._scene = np.zeros(0, dtype=np.float32)
