"""Slows a stream that is available at once down to real time."""

from __future__ import annotations

import time
from collections.abc import Callable


class Pace:
    """Says when a moment of the stream is due: `speed` seconds of it pass per second; inf never waits."""

    def __init__(
        self,
        speed: float = 1.0,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        if not speed > 0:
            raise ValueError(f"The speed must be positive, not {speed}.")
        self._speed = speed
        self._clock = clock
        self._sleep = sleep
        self._started_s = clock()

    def start(self) -> None:
        """Moment 0 of the stream is now."""
        self._started_s = self._clock()

    def wait_for(self, moment_s: float, timeout_s: float) -> bool:
        """Wait until `moment_s` is due, at most `timeout_s` seconds; returns whether it is due."""
        wait_s = self._started_s + moment_s / self._speed - self._clock()
        if wait_s > timeout_s:
            self._sleep(timeout_s)
            return False
        if wait_s > 0:
            self._sleep(wait_s)
        return True
