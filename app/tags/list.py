"""The list of tags: each class with a bar for its probability, as a Qt model, a delegate and a list view.

An item view, not a custom-painted widget, because it brings keyboard control, scrolling and screen reader support.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QAbstractListModel, QModelIndex, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFontInfo, QKeyEvent, QMouseEvent, QPainter, QPen, QPolygonF, QResizeEvent
from PySide6.QtWidgets import QListView, QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from app.style import formatting
from app.style.plain_text import plain_tip
from app.style.theme import Theme, class_colour, tabular
from app.widgets.tables import Index

ROW_PX, HIGHEST_ROW_PX = 32, 56
STAR_PX = 30
_LARGEST_TEXT = 1.4
"""How much larger the text of the highest row is than that of the lowest."""
_STAR_RADIUS_PX = 6.5
_GLIDE = 0.35
"""The share of the remaining distance that a bar moves in one step of about 66 ms."""


@dataclass(slots=True)
class TagRow:
    """One class in the list."""

    label: int
    """The output index of the model."""
    name: str
    """The name on screen."""
    threshold: float
    """From this probability on the class counts as detected."""
    is_pinned: bool
    """The user pinned it to the top."""
    probability: float = 0.0
    """The newest probability, 0 to 1."""
    bar: float = 0.0
    """The length of the bar, which glides towards `probability`."""
    text: str = ""
    """The probability as displayed."""
    is_detected: bool = False
    """It counts as detected."""


class TagModel(QAbstractListModel):
    """The rows on display, in order."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.rows: list[TagRow] = []

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self.rows)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid() or index.row() >= len(self.rows):
            return None
        row = self.rows[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return row.name
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return ", ".join([row.name, row.text or "no result yet"] + ["pinned"] * row.is_pinned)
        if role == Qt.ItemDataRole.ToolTipRole:
            threshold = f"detected from {formatting.percent(row.threshold)}"
            action = "unpin" if row.is_pinned else "pin"
            return plain_tip(f"{row.name}: {threshold}. Click the star or press Space to {action}.")
        return None

    def set_rows(self, rows: list[TagRow]) -> None:
        """Show other rows, or the same rows in another order; the bars of classes that stay keep their length."""
        bars = {row.label: row.bar for row in self.rows}
        for row in rows:
            row.bar = bars.get(row.label, row.bar)
        if len(rows) == len(self.rows):
            self.rows = rows
            self._announce()
            return
        self.beginResetModel()
        self.rows = rows
        self.endResetModel()

    def set_values(self, probabilities: NDArray[np.float32] | None, sounding: frozenset[int] | None = None) -> None:
        """Give every row its probability and text from `(labels,)`, or clear them with None.

        sounding: the labels that count as detected; None where the thresholds say so.
        """
        for row in self.rows:
            row.probability = 0.0 if probabilities is None else float(probabilities[row.label])
            row.is_detected = row.label in sounding if sounding is not None else row.probability >= row.threshold
            row.text = "" if probabilities is None else formatting.percent(row.probability)
        self._announce()

    def glide(self) -> bool:
        """Move the bars one step towards their values; False when all have arrived."""
        moving = False
        for row in self.rows:
            distance = row.probability - row.bar
            row.bar = row.probability if abs(distance) < 0.002 else row.bar + _GLIDE * distance
            moving = moving or row.bar != row.probability
        return moving

    def _announce(self) -> None:
        if self.rows:
            self.dataChanged.emit(self.index(0), self.index(len(self.rows) - 1))


def _star(centre: QPointF) -> QPolygonF:
    """A five-pointed star around `centre`; the star of a font is too thin to see on white."""
    corners = [(_STAR_RADIUS_PX * (1.0 if i % 2 == 0 else 0.45), math.pi * (i / 5 - 0.5)) for i in range(10)]
    return QPolygonF([centre + QPointF(r * math.cos(angle), r * math.sin(angle)) for r, angle in corners])


class TagDelegate(QStyledItemDelegate):
    """Paints a row: star, name, bar with a threshold tick, and percentage."""

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self.theme = theme
        self.row_px = ROW_PX

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return QSize(200, self.row_px)

    @property
    def _text_scale(self) -> float:
        return 1 + (_LARGEST_TEXT - 1) * (self.row_px - ROW_PX) / (HIGHEST_ROW_PX - ROW_PX)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        model = index.model()
        assert isinstance(model, TagModel)
        row = model.rows[index.row()]
        area = QRectF(option.rect)  # type: ignore[attr-defined]
        state = option.state  # type: ignore[attr-defined]
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if state & QStyle.StateFlag.State_Selected:
            self._paint_selection(painter, area, bool(state & QStyle.StateFlag.State_HasFocus))
        self._paint_star(painter, row, area)
        font = painter.font()
        font.setPixelSize(round(QFontInfo(font).pixelSize() * self._text_scale))
        painter.setFont(font)
        self._paint_texts(painter, row, area)
        self._paint_bar(painter, row, area)
        painter.restore()

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
        painter.drawPolygon(_star(QPointF(area.left() + STAR_PX / 2 + 1, area.center().y())))

    def _paint_texts(self, painter: QPainter, row: TagRow, area: QRectF) -> None:
        line = area.adjusted(STAR_PX, 4, -12, self._groove(area).top() - area.bottom() - 2)
        painter.setPen(QColor(self.theme.text if row.is_detected else self.theme.muted))
        width = painter.fontMetrics().horizontalAdvance("100 %") + 10
        name = painter.fontMetrics().elidedText(row.name, Qt.TextElideMode.ElideRight, int(line.width() - width))
        painter.drawText(line, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, name)
        painter.setFont(tabular(painter.font()))
        painter.drawText(line, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, row.text)

    def _paint_bar(self, painter: QPainter, row: TagRow, area: QRectF) -> None:
        groove = self._groove(area)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(self.theme.line))
        painter.drawRoundedRect(groove, 2.5, 2.5)
        colour = class_colour(row.name, self.theme)
        if not row.is_detected:
            colour.setAlpha(130)
        painter.setBrush(colour)
        filled = QRectF(groove.left(), groove.top(), groove.width() * row.bar, groove.height())
        if filled.width() >= 1:
            painter.drawRoundedRect(filled, 2.5, 2.5)
        tick = groove.left() + groove.width() * row.threshold
        painter.setBrush(QColor(self.theme.text))
        painter.drawRect(QRectF(tick - 0.5, groove.top() - 2, 1, groove.height() + 4))

    def _groove(self, area: QRectF) -> QRectF:
        """The rectangle of a full bar within its row."""
        height = round(5 * self._text_scale)
        return QRectF(area.left() + STAR_PX, area.bottom() - 2 * height, area.width() - STAR_PX - 12, height)


class TagList(QListView):
    """The list view of the classes."""

    pin_wanted = Signal(int)
    """The label whose star was clicked, or on which Space was pressed."""
    room_changed = Signal()
    """The height of the list has changed. No payload."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.tags = TagModel(self)
        self.setModel(self.tags)
        self._delegate = TagDelegate(theme, self)
        self.setItemDelegate(self._delegate)
        self.setUniformItemSizes(True)
        self.setSelectionMode(QListView.SelectionMode.SingleSelection)
        self.setVerticalScrollMode(QListView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFrameShape(QListView.Shape.NoFrame)

    def apply_theme(self, theme: Theme) -> None:
        """Paint in the colours of `theme`."""
        self._delegate.theme = theme
        self.viewport().update()

    def fit_rows(self, count: int) -> None:
        """Choose a row height, within limits, at which about `count` rows fill the list."""
        row_px = min(max(self.viewport().height() // max(count, 1), ROW_PX), HIGHEST_ROW_PX)
        if row_px != self._delegate.row_px:
            self._delegate.row_px = row_px
            self.scheduleDelayedItemsLayout()

    @property
    def room(self) -> int:
        """How many whole rows fit."""
        return self.viewport().height() // self._delegate.row_px

    def resizeEvent(self, e: QResizeEvent) -> None:
        super().resizeEvent(e)
        self.room_changed.emit()

    def labels_shown(self) -> Sequence[int]:
        """The labels in the list, from the top."""
        return [row.label for row in self.tags.rows]

    def mouseReleaseEvent(self, e: QMouseEvent) -> None:
        index = self.indexAt(e.position().toPoint())
        if index.isValid() and e.position().x() < STAR_PX and e.button() == Qt.MouseButton.LeftButton:
            self.pin_wanted.emit(self.tags.rows[index.row()].label)
        super().mouseReleaseEvent(e)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        index = self.currentIndex()
        if event.key() == Qt.Key.Key_Space and index.isValid():
            self.pin_wanted.emit(self.tags.rows[index.row()].label)
            return
        super().keyPressEvent(event)
