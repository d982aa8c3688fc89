"""Parts that every dialog shares: push buttons and the size of the window."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QApplication, QPushButton, QWidget

_WINDOW_FRAME = QSize(16, 48)
"""Room for the frame and the title that the window manager draws around a window."""


def resize_to_fit(window: QWidget, wanted: QSize) -> None:
    """Make a window of `wanted` pixels, or as large as its parent's screen has room for."""
    parent = window.parentWidget()
    screen = parent.screen() if parent is not None else QApplication.primaryScreen()
    window.resize(wanted.boundedTo(screen.availableGeometry().size() - _WINDOW_FRAME))


def push_button(text: str, tip: str, *, is_primary: bool = False) -> QPushButton:
    """text: what stands on it; tip: what it does. is_primary: the one thing most people want here."""
    button = QPushButton(text)
    button.setToolTip(tip)
    button.setAccessibleName(text.rstrip("…"))
    # In a dialog Enter plays a clip or ends a field: no button may take it for its own.
    button.setAutoDefault(False)
    # A click leaves the focus, and its outline, where it was.
    button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
    if is_primary:
        button.setObjectName("Primary")
    return button
