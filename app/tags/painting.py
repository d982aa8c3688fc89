"""Paints the rows of the list of tags: what is heard in large type, everything else small."""

from __future__ import annotations

import math

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter, QPen, QPolygonF
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from app.style.theme import Theme, class_colour, tabular
from app.tags.rows import RowKind, TagRow
from app.widgets.tables import Index

ROW_PX = 30
LOWEST_HEARD_PX, HIGHEST_HEARD_PX = 72, 220
STAR_PX = 30
_CAPTION_PX = 20
_MARGIN_PX = 12
_STAR_RADIUS_PX = 6.5
NAME_SHARE, _FIGURES_SHARE = 0.38, 0.25
"""The type of a large row, as shares of its height: its name, and its figures."""
_LEAST_NAME_SHARE = 0.6
"""A long name is written smaller, down to this share, before it is cut off."""


class TagDelegate(QStyledItemDelegate):
    """Paints a row: star, name, bar with a threshold tick, and percentage; what is heard also since when."""

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self.theme = theme
        self.heard_px = LOWEST_HEARD_PX

    def height_of(self, row: TagRow) -> int:
        """The height of a row, with its caption."""
        return (self.heard_px if row.kind is RowKind.HEARD else ROW_PX) + (_CAPTION_PX if row.caption else 0)

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        row = index.data(Qt.ItemDataRole.UserRole)
        return QSize(200, self.height_of(row) if isinstance(row, TagRow) else ROW_PX)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        row: TagRow = index.data(Qt.ItemDataRole.UserRole)
        area = QRectF(option.rect)  # type: ignore[attr-defined]
        state = option.state  # type: ignore[attr-defined]
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if row.caption:
            self._paint_caption(painter, row.caption, area)
            area.setTop(area.top() + _CAPTION_PX)
        if state & QStyle.StateFlag.State_Selected:
            self._paint_selection(painter, area, bool(state & QStyle.StateFlag.State_HasFocus))
        self._paint_star(painter, row, area)
        if row.kind is RowKind.HEARD:
            self._paint_heard(painter, row, area)
        else:
            self._paint_small(painter, row, area)
        painter.restore()

    def _paint_caption(self, painter: QPainter, caption: str, area: QRectF) -> None:
        line = QRectF(area.left() + STAR_PX, area.top(), area.width() - STAR_PX, _CAPTION_PX)
        painter.setPen(QColor(self.theme.muted))
        painter.drawText(line, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignBottom, caption)

    def _paint_selection(self, painter: QPainter, area: QRectF, has_focus: bool) -> None:
        tint = QColor(self.theme.accent)
        tint.setAlpha(36)
        painter.setPen(QPen(QColor(self.theme.accent), 1) if has_focus else Qt.PenStyle.NoPen)
        painter.setBrush(tint)
        painter.drawRoundedRect(area.adjusted(2.5, 1.5, -2.5, -1.5), 5, 5)

    def _paint_star(self, painter: QPainter, row: TagRow, area: QRectF) -> None:
        colour = QColor(self.theme.accent if row.is_pinned else self.theme.muted)
        painter.setPen(QPen(colour, 1.3))
        painter.setBrush(colour if row.is_pinned else Qt.BrushStyle.NoBrush)
        y = area.center().y() if row.kind is not RowKind.HEARD else area.top() + area.height() * 0.3
        painter.drawPolygon(_star(QPointF(area.left() + STAR_PX / 2 + 1, y)))

    def _paint_heard(self, painter: QPainter, row: TagRow, area: QRectF) -> None:
        """The name in large type; below it since when and how sure; below these the bar."""
        left, right, height = area.left() + STAR_PX, area.right() - _MARGIN_PX, area.height()
        name = QRectF(left, area.top() + 0.04 * height, right - left, 0.52 * height)
        figures = QRectF(left, area.top() + 0.53 * height, right - left, 0.3 * height)
        painter.setPen(QColor(self.theme.text))
        painter.setFont(fitted(painter.font(), row.name, round(NAME_SHARE * height), name.width()))
        self._write(painter, name, row.name, Qt.AlignmentFlag.AlignLeft)
        painter.setFont(_sized(tabular(painter.font()), round(_FIGURES_SHARE * height), is_bold=False))
        self._write(painter, figures, row.text, Qt.AlignmentFlag.AlignLeft)
        painter.setPen(QColor(self.theme.muted))
        self._write(painter, figures, row.since, Qt.AlignmentFlag.AlignRight)
        thick = max(round(0.07 * height), 5)
        self._paint_bar(painter, row, QRectF(left, area.top() + 0.86 * height, right - left, thick))

    def _paint_small(self, painter: QPainter, row: TagRow, area: QRectF) -> None:
        line = area.adjusted(STAR_PX, 2, -_MARGIN_PX, -9)
        painter.setPen(QColor(self.theme.text if row.is_detected else self.theme.muted))
        figures_px = painter.fontMetrics().horizontalAdvance("100 %") + 10
        self._write(painter, line.adjusted(0, 0, -figures_px, 0), row.name, Qt.AlignmentFlag.AlignLeft)
        painter.setFont(tabular(painter.font()))
        self._write(painter, line, row.text, Qt.AlignmentFlag.AlignRight)
        self._paint_bar(painter, row, QRectF(line.left(), area.bottom() - 8, line.width(), 4))

    def _write(self, painter: QPainter, line: QRectF, text: str, side: Qt.AlignmentFlag) -> None:
        shown = painter.fontMetrics().elidedText(text, Qt.TextElideMode.ElideRight, math.ceil(line.width()))
        painter.drawText(line, side | Qt.AlignmentFlag.AlignVCenter, shown)

    def _paint_bar(self, painter: QPainter, row: TagRow, groove: QRectF) -> None:
        radius = groove.height() / 2
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(self.theme.line))
        painter.drawRoundedRect(groove, radius, radius)
        colour = class_colour(row.name, self.theme)
        if not row.is_detected:
            colour.setAlpha(130)
        painter.setBrush(colour)
        filled = QRectF(groove.left(), groove.top(), groove.width() * row.bar, groove.height())
        if filled.width() >= 1:
            painter.drawRoundedRect(filled, radius, radius)
        tick = groove.left() + groove.width() * row.threshold
        painter.setBrush(QColor(self.theme.text))
        painter.drawRect(QRectF(tick - 0.5, groove.top() - 2, 1, groove.height() + 4))


def _star(centre: QPointF) -> QPolygonF:
    """A five-pointed star around `centre`; the star of a font is too thin to see on white."""
    corners = [(_STAR_RADIUS_PX * (1.0 if i % 2 == 0 else 0.45), math.pi * (i / 5 - 0.5)) for i in range(10)]
    return QPolygonF([centre + QPointF(r * math.cos(angle), r * math.sin(angle)) for r, angle in corners])


def _sized(font: QFont, size_px: int, *, is_bold: bool) -> QFont:
    sized = QFont(font)
    sized.setPixelSize(max(size_px, 11))
    sized.setBold(is_bold)
    return sized


def fitted(font: QFont, text: str, size_px: int, width_px: float) -> QFont:
    """The font at `size_px`, bold, or as much smaller as the text needs to fit, down to _LEAST_NAME_SHARE."""
    large = _sized(font, size_px, is_bold=True)
    needed_px = QFontMetricsF(large).horizontalAdvance(text)
    share = min(1.0, width_px / max(needed_px, 1.0))
    return _sized(font, math.floor(size_px * max(share, _LEAST_NAME_SHARE)), is_bold=True)
