"""How large a window opens. Knows the screen and nothing of what is in the window."""

from __future__ import annotations

from PySide6.QtCore import QSize
from PySide6.QtWidgets import QApplication, QWidget

_FRAME = QSize(16, 48)
"""Room for the frame and the title that the window manager draws around a window."""


def resize_to_fit(window: QWidget, wanted: QSize) -> None:
    """Make a window of `wanted` pixels, or as large as its parent's screen has room for."""
    parent = window.parentWidget()
    screen = parent.screen() if parent is not None else QApplication.primaryScreen()
    window.resize(wanted.boundedTo(screen.availableGeometry().size() - _FRAME))
