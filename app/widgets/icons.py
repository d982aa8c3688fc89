"""The icons of the window, drawn in a theme colour."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QIcon, QPainter, QPixmap, QPolygonF

_SIZE = 32


def start_icon(colour: str) -> QIcon:
    """A triangle."""
    return _drawn(colour, lambda p: p.drawPolygon(QPolygonF([QPointF(8, 5), QPointF(27, 16), QPointF(8, 27)])))


def stop_icon(colour: str) -> QIcon:
    """A square."""
    return _drawn(colour, lambda p: p.drawRoundedRect(QRectF(7, 7, 18, 18), 3, 3))


def cancel_icon(colour: str) -> QIcon:
    """A cross."""
    return _drawn(colour, _cross)


def application_icon() -> QIcon:
    """A few bars of a spectrum."""
    return _drawn("#3fc7d9", _bars)


def _cross(painter: QPainter) -> None:
    pen = painter.pen()
    pen.setColor(painter.brush().color())
    pen.setWidth(4)
    pen.setStyle(Qt.PenStyle.SolidLine)
    pen.setCapStyle(Qt.PenCapStyle.RoundCap)
    painter.setPen(pen)
    painter.drawLine(QPointF(9, 9), QPointF(23, 23))
    painter.drawLine(QPointF(23, 9), QPointF(9, 23))


def _bars(painter: QPainter) -> None:
    for column, height in enumerate((10, 20, 28, 16, 22, 8)):
        painter.drawRoundedRect(QRectF(1 + 5 * column, 16 - height / 2, 4, height), 2, 2)


def _drawn(colour: str, draw: Callable[[QPainter], object]) -> QIcon:
    pixmap = QPixmap(_SIZE, _SIZE)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(colour))
    draw(painter)
    painter.end()
    return QIcon(pixmap)
