"""A clock that nobody sets and that runs on while the computer sleeps. Imports no torch."""

from __future__ import annotations

import sys
import time

_CLOCK = time.CLOCK_MONOTONIC if sys.platform == "darwin" else getattr(time, "CLOCK_BOOTTIME", None)
"""The system's clock that counts time asleep; None where `time.monotonic` does (Windows)."""


def steady_s() -> float:
    """Seconds since an arbitrary moment; only differences mean something. Unlike in `time.monotonic` on Linux and
    macOS, time asleep counts."""
    return time.monotonic() if _CLOCK is None else time.clock_gettime(_CLOCK)
