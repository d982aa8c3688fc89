"""Labels: one that cuts its text with …, and setting a text only when it has changed."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QLabel, QPushButton, QSizePolicy

from app.style.plain_text import PlainLabel


class ElidedLabel(PlainLabel):
    """One line that shrinks with its window. `text()` is the full text, which the owner also sets as the tooltip."""

    def __init__(self) -> None:
        super().__init__()
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)

    def shown(self) -> str:
        """The text as it is displayed, cut with … where it does not fit."""
        return self.fontMetrics().elidedText(self.text(), Qt.TextElideMode.ElideRight, self.contentsRect().width())

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        self.style().drawItemText(
            painter, self.contentsRect(), self.alignment(), self.palette(), self.isEnabled(), self.shown(),
            self.foregroundRole(),
        )  # fmt: skip


def set_text(widget: QLabel | QPushButton, text: str) -> None:
    """Set a text only when it has changed: laying out text costs more than painting the spectrogram."""
    if widget.text() != text:
        widget.setText(text)
