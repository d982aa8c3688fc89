"""Whether there is a screen for a window. Knows no Qt."""

from __future__ import annotations

import os
import sys


def has_display() -> bool:
    """On Linux Qt aborts the process without a display; a platform asked for by name needs none."""
    named = os.environ.get("QT_QPA_PLATFORM", "")
    has_screen = bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
    return sys.platform in ("win32", "darwin") or has_screen or named in ("offscreen", "minimal", "vnc")
