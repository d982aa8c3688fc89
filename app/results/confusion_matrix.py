"""The confusion matrix: coloured counts, true classes in rows, predicted classes in columns.

An item view, because it brings keyboard control, scrolling with fixed labels, and screen reader support.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import (
    QAbstractTableModel,
    QModelIndex,
    QPointF,
    QRect,
    QRectF,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import QColor, QFont, QFontInfo, QKeyEvent, QPainter, QPen, QResizeEvent
from PySide6.QtWidgets import QHeaderView, QStyle, QStyledItemDelegate, QStyleOptionViewItem, QTableView, QWidget

from app.style import formatting
from app.style.plain_text import plain_tip
from app.style.theme import Theme, tabular
from app.widgets.tables import Index

CELL_PX = 30
"""The smallest width and height of a cell; with few classes the cells fill the view."""
_LABEL_PX, _LABEL_ROOM_PX = 132, 14
_LARGEST_FIGURE_PX = 28
_FAINTEST = 0.10
"""The opacity of a cell with almost no share of its row, so that it can still be told from an empty cell."""


class ConfusionModel(QAbstractTableModel):
    """Counts `[truth][predicted]` with their labels."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.labels: tuple[str, ...] = ()
        self.counts: Sequence[Sequence[int]] = ()
        self._totals: list[int] = []

    def set_counts(self, labels: Sequence[str], counts: Sequence[Sequence[int]]) -> None:
        """Show other counts."""
        self.beginResetModel()
        self.labels, self.counts = tuple(labels), counts
        self._totals = [sum(row) for row in counts]
        self.endResetModel()

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self.labels)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self.labels)

    def share(self, truth: int, predicted: int) -> float:
        """The share of the row that is in this cell, 0 to 1."""
        return self.counts[truth][predicted] / max(1, self._totals[truth])

    def description(self, truth: int, predicted: int) -> str:
        """A cell in a sentence, for tooltip, screen reader and heading."""
        count, total = self.counts[truth][predicted], self._totals[truth]
        share = f" ({formatting.percent(self.share(truth, predicted))})" if count else ""
        clips = f"{count} of {formatting.count(total, 'clip')}{share}"
        if truth == predicted:
            return f"{self.labels[truth]} recognised: {clips}"
        return f"{self.labels[truth]} predicted as {self.labels[predicted]}: {clips}"

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        truth, predicted = index.row(), index.column()
        if role == Qt.ItemDataRole.DisplayRole:
            count = self.counts[truth][predicted]
            return str(count) if count else ""
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return self.description(truth, predicted)
        if role == Qt.ItemDataRole.ToolTipRole:
            return plain_tip(self.description(truth, predicted))
        return None

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        label = self.labels[section]
        if role == Qt.ItemDataRole.DisplayRole:
            return label
        if role == Qt.ItemDataRole.ToolTipRole:
            is_row = orientation == Qt.Orientation.Vertical
            return plain_tip(f"Clips of {label}" if is_row else f"Clips predicted as {label}")
        return None


class _CellPainter(QStyledItemDelegate):
    """Paints correct counts (the diagonal) in the accent colour and mistakes in the error colour."""

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self.theme = theme

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        model = index.model()
        assert isinstance(model, ConfusionModel)
        truth, predicted = index.row(), index.column()
        area = QRectF(option.rect).adjusted(0, 0, -1, -1)  # type: ignore[attr-defined]
        share = model.share(truth, predicted)
        strength = _FAINTEST + (1 - _FAINTEST) * share if share else 0.0
        painter.save()
        painter.fillRect(area, QColor(self.theme.window))
        colour = QColor(self.theme.accent if truth == predicted else self.theme.bad)
        colour.setAlphaF(strength)
        painter.fillRect(area, colour)
        if option.state & QStyle.StateFlag.State_Selected:  # type: ignore[attr-defined]
            painter.setPen(QPen(QColor(self.theme.text), 2))
            painter.drawRect(area.adjusted(1, 1, -1, -1))
        if share:
            # On a strong colour the text colour of the accent is readable, elsewhere the usual one.
            painter.setPen(QColor(self.theme.on_accent if strength > 0.55 else self.theme.text))
            painter.setFont(_figures_font(painter.font(), area))
            painter.drawText(area, Qt.AlignmentFlag.AlignCenter, index.data())
        painter.restore()


def _figures_font(font: QFont, cell: QRectF) -> QFont:
    """A font for the counts that grows with the cell."""
    figures = tabular(font)
    figures.setPixelSize(max(QFontInfo(font).pixelSize(), min(round(cell.height() / 5), _LARGEST_FIGURE_PX)))
    return figures


class _ColumnHeader(QHeaderView):
    """Column labels, written upwards where columns are narrow."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(Qt.Orientation.Horizontal, parent)

    def sizeHint(self) -> QSize:
        hint = super().sizeHint()
        upright = min(self._widest_px + _LABEL_ROOM_PX, _LABEL_PX)
        return QSize(hint.width(), self.fontMetrics().height() + _LABEL_ROOM_PX if self._is_level else upright)

    @property
    def _is_level(self) -> bool:
        """Every label fits horizontally."""
        return self.defaultSectionSize() >= self._widest_px + _LABEL_ROOM_PX

    @property
    def _widest_px(self) -> int:
        model = self.model()
        names = [model.headerData(i, Qt.Orientation.Horizontal) for i in range(self.count())] if model else []
        return max((self.fontMetrics().horizontalAdvance(name) for name in names), default=20)

    def paintSection(self, painter: QPainter, rect: QRect, logical_index: int) -> None:
        name = self.model().headerData(logical_index, Qt.Orientation.Horizontal)
        painter.save()
        painter.setPen(self.palette().color(self.foregroundRole()))
        if self._is_level:
            painter.drawText(rect, Qt.AlignmentFlag.AlignCenter, name)
            painter.restore()
            return
        words = self.fontMetrics().elidedText(name, Qt.TextElideMode.ElideRight, rect.height() - 10)
        painter.translate(QPointF(rect.left(), rect.bottom()))
        painter.rotate(-90)
        turned = QRectF(6, 0, rect.height() - 8, rect.width())
        painter.drawText(turned, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, words)
        painter.restore()


class ConfusionMatrix(QTableView):
    """The view of the confusion matrix."""

    chosen = Signal(int, int)
    """The truth and the predicted label of a cell that was clicked or reached by keyboard."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.counts = ConfusionModel(self)
        self.setHorizontalHeader(_ColumnHeader(self))
        self.setModel(self.counts)
        self._painter = _CellPainter(theme, self)
        self.setItemDelegate(self._painter)
        self.setAccessibleName("Confusion matrix")
        self.setToolTip("Rows: true class. Columns: predicted class. Select a cell to list its clips.")
        self.setSelectionMode(QTableView.SelectionMode.SingleSelection)
        self.setShowGrid(False)
        self.setFrameShape(QTableView.Shape.NoFrame)
        self.setCornerButtonEnabled(False)
        self.setHorizontalScrollMode(QTableView.ScrollMode.ScrollPerPixel)
        self.setVerticalScrollMode(QTableView.ScrollMode.ScrollPerPixel)
        # Tab leaves the table, so that keyboard users are not trapped in it.
        self.setTabKeyNavigation(False)
        for header in (self.horizontalHeader(), self.verticalHeader()):
            header.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
            header.setMinimumSectionSize(CELL_PX)
            header.setDefaultSectionSize(CELL_PX)
            header.setHighlightSections(True)
        self.verticalHeader().setMaximumWidth(_LABEL_PX)
        self.selectionModel().currentChanged.connect(self._on_current)

    def apply_theme(self, theme: Theme) -> None:
        """Paint in the colours of `theme`."""
        self._painter.theme = theme
        self.viewport().update()

    def show_counts(self, labels: Sequence[str], counts: Sequence[Sequence[int]]) -> None:
        """Show counts `[truth][predicted]`."""
        self.counts.set_counts(labels, counts)
        self._fit_cells()

    def _fit_cells(self) -> None:
        """Make the cells as large as the view allows; with many classes the view scrolls."""
        count = max(self.counts.rowCount(), 1)
        across, down = self.horizontalHeader(), self.verticalHeader()
        across.setDefaultSectionSize(max(self.viewport().width() // count, CELL_PX))
        # With wide columns the labels above them need less height.
        self.updateGeometries()
        down.setDefaultSectionSize(max(self.viewport().height() // count, CELL_PX))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit_cells()

    def choose(self, truth: int, predicted: int) -> None:
        """Select a cell."""
        self.setCurrentIndex(self.counts.index(truth, predicted))

    def _on_current(self, current: QModelIndex, _previous: QModelIndex) -> None:
        if current.isValid():
            self.chosen.emit(current.row(), current.column())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter opens the selected cell; all other keys work as in any table."""
        if event.key() in {Qt.Key.Key_Return, Qt.Key.Key_Enter} and self.currentIndex().isValid():
            self.chosen.emit(self.currentIndex().row(), self.currentIndex().column())
            return
        super().keyPressEvent(event)
