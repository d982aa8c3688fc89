"""Finds out whether there is a screen for a window."""

from __future__ import annotations

import os
import sys


def has_display() -> bool:
    """Whether Qt can open a window: on Linux it aborts the process without a display, unless a platform without one is
    chosen by name."""
    named = os.environ.get("QT_QPA_PLATFORM", "")
    has_screen = bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
    return sys.platform in ("win32", "darwin") or has_screen or named in ("offscreen", "minimal", "vnc")
