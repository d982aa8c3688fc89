"""Paints the thin lines that mark a change: listening stopped or started, another input, another model."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPen

from app.style.theme import PICTURE_VOID

_LINE, _TEXT, _PLATE = QColor(255, 255, 255, 120), QColor(255, 255, 255, 215), QColor(PICTURE_VOID)
_PLATE.setAlpha(190)
_SPACE_PX = 4.0
Markers = Sequence[tuple[float, str]]


def in_view(markers: Markers, left_s: float, right_s: float, area: QRectF) -> list[tuple[float, str]]:
    """The markers between left_s and right_s, which `area` shows: `(x, text)` from the left."""
    scale = area.width() / (right_s - left_s)
    return [(area.left() + (time_s - left_s) * scale, text) for time_s, text in markers if left_s <= time_s <= right_s]


def paint_markers(painter: QPainter, area: QRectF, placed: Sequence[tuple[float, str]]) -> None:
    """Paint a line at each x, and its text beside it at the top where it does not cover another one."""
    painter.setPen(QPen(_LINE, 0))
    for x, _ in placed:
        painter.drawLine(QPointF(x, area.top()), QPointF(x, area.bottom()))
    metrics = QFontMetricsF(painter.font())
    free_from = area.left()
    for place, (x, text) in enumerate(placed):
        following = placed[place + 1][0] if place + 1 < len(placed) else area.right()
        plate = _plate(metrics, area, x, text, (free_from, following))
        if plate is not None:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(_PLATE)
            painter.drawRoundedRect(plate, 3, 3)
            painter.setPen(_TEXT)
            painter.drawText(plate, Qt.AlignmentFlag.AlignCenter, text)
            free_from = plate.right() + _SPACE_PX


def _plate(metrics: QFontMetricsF, area: QRectF, x: float, text: str, free: tuple[float, float]) -> QRectF | None:
    """The place of a text: to the right of its line where there is room, else to its left; None without room."""
    width, height = metrics.horizontalAdvance(text) + 8, metrics.height() + 2
    if x + _SPACE_PX + width <= free[1]:
        return QRectF(max(x + _SPACE_PX, area.left()), area.top() + _SPACE_PX, width, height)
    if x - _SPACE_PX - width >= free[0]:
        return QRectF(x - _SPACE_PX - width, area.top() + _SPACE_PX, width, height)
    return None
