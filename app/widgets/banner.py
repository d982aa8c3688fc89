"""A banner above the panels: one message, a button that fixes the problem, and a button that hides the banner."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt, QTimer, Signal, Slot
from PySide6.QtWidgets import QFrame, QHBoxLayout, QPushButton, QWidget

from app.style.plain_text import PlainLabel

Action = Callable[[], None]
DONE_MS = 10_000
"""So long a message of what was done is shown."""


class Banner(QFrame):
    """Shows one message at a time; hidden until `show_message`."""

    cleared = Signal()
    """The message was dismissed, acted on, or withdrawn. No payload."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("Banner")
        self._action: Action | None = None
        self._leaves = QTimer(self)
        self._leaves.setSingleShot(True)
        self._leaves.timeout.connect(self.clear)
        self.text = PlainLabel()
        self.text.setWordWrap(True)
        self.button = QPushButton()
        self.button.clicked.connect(self._on_clicked)
        self.close_button = QPushButton("Dismiss")
        self.close_button.setToolTip("Hide this message")
        self.close_button.setAccessibleName("Dismiss this message")
        self.close_button.clicked.connect(self.clear)
        for button in (self.button, self.close_button):
            # A click leaves the keyboard focus where it was.
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(14, 8, 8, 8)
        layout.addWidget(self.text, 1)
        layout.addWidget(self.button)
        layout.addWidget(self.close_button)
        self.button.setToolTip("Try to fix this problem")
        self.button.setAccessibleName("Fix this problem")
        self.hide()

    def show_done(self, text: str) -> None:
        """Say for a while that something was done, without the colour of a warning."""
        self.show_message(text)
        self._colour("done")
        self._leaves.start(DONE_MS)

    def show_message(self, text: str, button: str = "", action: Action | None = None) -> None:
        """Show a message; with the text of a `button`, also a button that runs `action` and hides the banner."""
        self._leaves.stop()
        self._colour("warning")
        self._action = action
        if self.text.text() != text:
            self.text.setText(text)
            self.setAccessibleName("Message")
            self.setAccessibleDescription(text)
        self.button.setText(button)
        self.button.setToolTip(button)
        self.button.setAccessibleName(button or "Fix this problem")
        self.button.setVisible(bool(button))
        self.show()

    @Slot()
    def clear(self) -> None:
        """Hide the banner and forget its action."""
        self._action = None
        self._leaves.stop()
        self.hide()
        self.cleared.emit()

    def _colour(self, kind: str) -> None:
        if self.property("kind") != kind:
            self.setProperty("kind", kind)
            # Only then does Qt look at the style sheet again.
            self.style().unpolish(self)
            self.style().polish(self)

    @Slot()
    def _on_clicked(self) -> None:
        action = self._action
        self.clear()
        if action is not None:
            action()
