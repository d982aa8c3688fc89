"""Limits how often something is done, such as reporting progress."""

from __future__ import annotations

import time


class Throttle:
    """Says when something is due that is to be done at most every `every_s` seconds. For one thread."""

    def __init__(self, every_s: float, *, is_due_at_once: bool = True) -> None:
        self._every_s = every_s
        self._last_s = time.monotonic() - (every_s if is_due_at_once else 0.0)

    def is_due(self) -> bool:
        """Whether `every_s` seconds have passed since the last restart."""
        return self.elapsed_s() >= self._every_s

    def elapsed_s(self) -> float:
        """Seconds since the last restart, at first since it was made."""
        return time.monotonic() - self._last_s

    def restart(self) -> None:
        """It is being done now: it is due again in `every_s` seconds."""
        self._last_s = time.monotonic()
