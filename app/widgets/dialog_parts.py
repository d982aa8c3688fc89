"""Parts that dialogs and panels share: push buttons, cards, empty pages, and a size that fits the screen."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QApplication, QFrame, QPushButton, QVBoxLayout, QWidget

from app.style.plain_text import PlainLabel

_WINDOW_FRAME = QSize(16, 48)
"""Space for the frame and title bar that the window manager adds."""


def resize_to_fit(window: QWidget, wanted: QSize) -> None:
    """Resize a window to `wanted` pixels, or to what fits on its parent's screen."""
    parent = window.parentWidget()
    screen = parent.screen() if parent is not None else QApplication.primaryScreen()
    window.resize(wanted.boundedTo(screen.availableGeometry().size() - _WINDOW_FRAME))


def push_button(text: str, tip: str, *, is_primary: bool = False) -> QPushButton:
    """A button with a text and a tooltip. is_primary: highlighted as the main action."""
    button = QPushButton(text)
    button.setToolTip(tip)
    button.setAccessibleName(text.rstrip("…"))
    # In a dialog, Enter plays a clip or finishes a field; it must not press a button.
    button.setAutoDefault(False)
    # A click leaves the keyboard focus where it was.
    button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
    if is_primary:
        button.setObjectName("Primary")
    return button


def card(*widgets: QWidget) -> QFrame:
    """A frame with rounded corners around widgets, one below the other; the last one takes the spare room."""
    frame = QFrame()
    frame.setObjectName("Card")
    column = QVBoxLayout(frame)
    column.setContentsMargins(1, 1, 1, 4)
    for widget in widgets:
        column.addWidget(widget, 1 if widget is widgets[-1] else 0)
    return frame


def empty_page(text: str, button: QPushButton) -> QWidget:
    """What a panel shows while it has nothing to show: a hint, and the button to begin with below it."""
    hint = PlainLabel(text)
    hint.setObjectName("Muted")
    hint.setWordWrap(True)
    hint.setAlignment(Qt.AlignmentFlag.AlignCenter)
    page = QWidget()
    column = QVBoxLayout(page)
    column.setSpacing(10)
    column.addStretch(1)
    column.addWidget(hint)
    column.addWidget(button, 0, Qt.AlignmentFlag.AlignHCenter)
    column.addStretch(1)
    return page
