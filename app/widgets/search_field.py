"""A search field that Esc clears and leaves."""

from __future__ import annotations

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QKeyEvent, QKeySequence
from PySide6.QtWidgets import QLineEdit


class SearchField(QLineEdit):
    """A search field that Esc clears and leaves, even where Esc is also a shortcut of the window."""

    left = Signal()
    """Esc was pressed: focus returns to where it was. No payload."""
    left_downwards = Signal()
    """Down or Return was pressed: focus moves to the list. No payload."""

    def __init__(self, name: str, placeholder: str, tip: str) -> None:
        super().__init__()
        self.setPlaceholderText(placeholder)
        self.setClearButtonEnabled(True)
        # Files dropped here go to the window.
        self.setAcceptDrops(False)
        self.setAccessibleName(name)
        self.setToolTip(tip)

    def event(self, arg__1: QEvent) -> bool:
        if isinstance(arg__1, QKeyEvent) and arg__1.type() == QEvent.Type.ShortcutOverride and self._is_wanted(arg__1):
            arg__1.accept()
            return True
        return super().event(arg__1)

    def keyPressEvent(self, arg__1: QKeyEvent) -> None:
        if self._is_wanted(arg__1):
            self.clear()
            self.left.emit()
            return
        if arg__1.key() in {Qt.Key.Key_Down, Qt.Key.Key_Return, Qt.Key.Key_Enter}:
            self.left_downwards.emit()
            return
        super().keyPressEvent(arg__1)

    def _is_wanted(self, event: QKeyEvent) -> bool:
        return event.matches(QKeySequence.StandardKey.Cancel)
