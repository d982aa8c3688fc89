"""One sentence about trouble and one button that mends it. Knows no kind of trouble."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QFrame, QHBoxLayout, QPushButton, QWidget

from app.style.plain_text import PlainLabel

Mend = Callable[[], None]


class Banner(QFrame):
    """Hidden until `say`; says one thing at a time. cleared: it was dismissed, or is no longer so."""

    cleared = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("Banner")
        self._mend: Mend | None = None
        self.text = PlainLabel()
        self.text.setWordWrap(True)
        self.button = QPushButton()
        self.button.clicked.connect(self._on_clicked)
        self.close_button = QPushButton("Dismiss")
        self.close_button.setToolTip("Hide this message")
        self.close_button.setAccessibleName("Dismiss this message")
        self.close_button.clicked.connect(self.clear)
        for button in (self.button, self.close_button):
            # A click leaves the focus, and its outline, where it was.
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(14, 8, 8, 8)
        layout.addWidget(self.text, 1)
        layout.addWidget(self.button)
        layout.addWidget(self.close_button)
        self.button.setToolTip("Try to put this right")
        self.button.setAccessibleName("Put this right")
        self.hide()

    def say(self, sentence: str, button: str = "", mend: Mend | None = None) -> None:
        """Show a sentence, and a button when there is something to press."""
        self._mend = mend
        if self.text.text() != sentence:
            self.text.setText(sentence)
            self.setAccessibleName("Message")
            self.setAccessibleDescription(sentence)
        self.button.setText(button)
        self.button.setToolTip(button)
        self.button.setAccessibleName(button or "Put this right")
        self.button.setVisible(bool(button))
        self.show()

    @Slot()
    def clear(self) -> None:
        """Nothing to say."""
        self._mend = None
        self.hide()
        self.cleared.emit()

    @Slot()
    def _on_clicked(self) -> None:
        mend = self._mend
        self.clear()
        if mend is not None:
            mend()
