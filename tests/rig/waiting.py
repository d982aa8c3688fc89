"""Waiting for a condition instead of for a time. Knows no process and no window."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

Found = TypeVar("Found")

PATIENCE_S = 240
"""How long a test waits for what must happen. Only a failure takes so long; a busy machine is none."""


def wait_for(
    look: Callable[[], Found | None], timeout_s: float, what: str, pause: Callable[[float], None] = time.sleep
) -> Found:
    """The first true answer of `look`, asked 50 times a second. Raises AssertionError naming `what` when there is none.

    pause: how to let 0.02 s go by; a test that lives in a GUI thread passes one that turns the event loop.
    """
    until_s = time.monotonic() + timeout_s
    while True:
        found = look()
        if found:
            return found
        if time.monotonic() > until_s:
            raise AssertionError(f"waited {timeout_s:g} s in vain for {what}; last answer: {found!r}")
        pause(0.02)
