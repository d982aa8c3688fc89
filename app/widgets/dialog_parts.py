"""A push button that says what it is and what it does. Does nothing itself."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QPushButton


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
