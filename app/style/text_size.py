"""How large text is, in proportion to the system's own size: what is painted at fixed sizes grows with it."""

from __future__ import annotations

from PySide6.QtGui import QFont, QFontInfo
from PySide6.QtWidgets import QApplication

_OWN_PX = "own_text_px"
"""The property of the application that keeps the size of its first font."""


def set_text_size(application: QApplication, percent: int) -> None:
    """Make all text `percent` of the system's size."""
    own_px = application.property(_OWN_PX) or QFontInfo(QApplication.font()).pixelSize()
    application.setProperty(_OWN_PX, own_px)
    font = QFont(QApplication.font())
    font.setPixelSize(max(1, round(own_px * percent / 100)))
    QApplication.setFont(font)


def text_scale() -> float:
    """Today's size of text, as a factor of the system's."""
    application = QApplication.instance()
    own_px = None if application is None else application.property(_OWN_PX)
    return QFontInfo(QApplication.font()).pixelSize() / own_px if own_px else 1.0


def scaled_px(pixels: float) -> int:
    """A length that fits text of the system's size, for today's size."""
    return round(pixels * text_scale())
