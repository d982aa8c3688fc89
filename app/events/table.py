"""The table view of the events: whole rows, several at once, with the keys of a list that is worked through."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from PySide6.QtCore import QAbstractItemModel, QEvent, QItemSelectionModel, QModelIndex, QRect, Qt, Signal
from PySide6.QtGui import QColor, QIcon, QKeyEvent, QKeySequence, QMouseEvent, QPainter, QPixmap
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
    QWidget,
)

from app.events.model import EVENT_ROLE
from app.events.pictures import HEIGHT, WIDTH
from app.events.texts import LENGTH, NAME, NOTE, PEAK, PICTURE, SORTS, STAR, TIME
from app.style.text_size import scaled_px, text_scale
from app.style.theme import Theme, class_colour, tabular
from app.widgets.tables import Index, set_up_rows
from core.heard.event import EventQuery, HeardEvent

ROW_PX = HEIGHT + 4
_WIDTHS_PX = {STAR: 34, TIME: 96, LENGTH: 72, PEAK: 64, PICTURE: WIDTH + 16}
_LEFT_TO_WINDOW = {Qt.Key.Key_Left, Qt.Key.Key_Right}
"""These keys move the cursor of the spectrogram."""


class EventRows(Protocol):
    """What the table needs of its model, a QAbstractItemModel."""

    query: EventQuery
    """Says how they are sorted."""

    @property
    def rows(self) -> Sequence[HeardEvent]:
        """The events, from the top."""
        ...


class EventDelegate(QStyledItemDelegate):
    """Paints pictures, the colour of each class beside its name, and near misses muted."""

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self.theme = theme

    def initStyleOption(self, option: QStyleOptionViewItem, index: Index) -> None:
        super().initStyleOption(option, index)
        event: HeardEvent = index.data(EVENT_ROLE)
        if index.column() in (TIME, LENGTH, PEAK):
            option.font = tabular(option.font)  # type: ignore[attr-defined]
        role = option.palette.ColorRole.Text  # type: ignore[attr-defined]
        if event.kind == "near_miss" or index.column() in (LENGTH, NOTE):
            option.palette.setColor(role, QColor(self.theme.muted))  # type: ignore[attr-defined]
        if index.column() == STAR:
            option.palette.setColor(role, QColor(self.theme.accent))  # type: ignore[attr-defined]
        if index.column() == PICTURE:
            # Painted here instead: Qt would paint it in the colour of the selection, in an area of no size.
            option.features &= ~QStyleOptionViewItem.ViewItemFeature.HasDecoration  # type: ignore[attr-defined]
            option.icon = QIcon()  # type: ignore[attr-defined]

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        super().paint(painter, option, index)
        area: QRect = option.rect  # type: ignore[attr-defined]
        event: HeardEvent = index.data(EVENT_ROLE)
        if index.column() == NAME:
            colour = class_colour(event.label, self.theme)
            colour.setAlpha(255 if event.kind == "event" else 110)
            painter.fillRect(QRect(area.left(), area.top() + 6, 3, area.height() - 12), colour)
        elif index.column() == PICTURE:
            picture = index.data(Qt.ItemDataRole.DecorationRole)
            if isinstance(picture, QPixmap):
                height = min(scaled_px(picture.height()), area.height() - 2)
                top = area.top() + (area.height() - height) // 2
                painter.drawPixmap(QRect(area.left() + 6, top, scaled_px(picture.width()), height), picture)


class EventTable(QTableView):
    """The table view of events."""

    go_wanted = Signal(object)
    """The HeardEvent that was double-clicked, or on which Enter was pressed."""
    play_wanted = Signal(object)
    """The HeardEvent on which Space was pressed."""
    copy_wanted = Signal()
    """Ctrl+C was pressed. No payload."""
    delete_wanted = Signal()
    """Del was pressed. No payload."""
    star_wanted = Signal(object)
    """The HeardEvent whose star was clicked."""

    def __init__(self, model: EventRows, theme: Theme, parent: QWidget | None = None) -> None:
        """model: a QAbstractItemModel."""
        super().__init__(parent)
        self._scale = text_scale()
        self._events = model
        assert isinstance(model, QAbstractItemModel)
        self.setModel(model)
        self._delegate = EventDelegate(theme, self)
        self.setItemDelegate(self._delegate)
        set_up_rows(self, ROW_PX)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.EditKeyPressed)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        # Rows of one height: Qt need not ask each of a million.
        self.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        self._size_columns()
        self.doubleClicked.connect(self._on_double_clicked)

    def apply_theme(self, theme: Theme) -> None:
        """Paint in the colours of `theme`."""
        self._delegate.theme = theme
        self.viewport().update()

    def chosen(self) -> list[HeardEvent]:
        """The selected events, from the top."""
        rows = sorted(index.row() for index in self.selectionModel().selectedRows())
        return [self._events.rows[row] for row in rows]

    def current(self) -> HeardEvent | None:
        """The event that has the focus."""
        index = self.currentIndex()
        return index.data(EVENT_ROLE) if index.isValid() else None

    def choose(self, place: int) -> None:
        """Select one row, and bring it into view."""
        index = self.model().index(place, NAME)
        flags = QItemSelectionModel.SelectionFlag.ClearAndSelect | QItemSelectionModel.SelectionFlag.Rows
        self.selectionModel().setCurrentIndex(index, flags)
        self.scrollTo(index)

    def _size_columns(self) -> None:
        header = self.horizontalHeader()
        header.setHighlightSections(False)
        header.setMinimumSectionSize(30)
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        for column, width_px in _WIDTHS_PX.items():
            header.setSectionResizeMode(column, QHeaderView.ResizeMode.Interactive)
            self.setColumnWidth(column, scaled_px(width_px))
        for column in (NAME, NOTE):
            header.setSectionResizeMode(column, QHeaderView.ResizeMode.Stretch)
        header.setSectionsClickable(True)
        header.setSortIndicatorShown(True)
        is_falling = self._events.query.is_descending
        header.setSortIndicator(TIME, Qt.SortOrder.DescendingOrder if is_falling else Qt.SortOrder.AscendingOrder)
        header.sectionClicked.connect(self._on_header)

    def changeEvent(self, event: QEvent) -> None:
        """Columns grow with the text, whatever widths the user has given them."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange and text_scale() != self._scale:
            for column in _WIDTHS_PX:
                self.setColumnWidth(column, round(self.columnWidth(column) * text_scale() / self._scale))
            self._scale = text_scale()

    def _on_header(self, column: int) -> None:
        header = self.horizontalHeader()
        if column not in SORTS:
            # Qt has moved its arrow there already.
            shown = next(place for place, sort in SORTS.items() if sort == self._events.query.sort)
            is_falling = self._events.query.is_descending
            order = Qt.SortOrder.DescendingOrder if is_falling else Qt.SortOrder.AscendingOrder
            header.setSortIndicator(shown, order)
            return
        is_same = SORTS[column] == self._events.query.sort
        is_falling = not self._events.query.is_descending if is_same else column != NAME
        order = Qt.SortOrder.DescendingOrder if is_falling else Qt.SortOrder.AscendingOrder
        header.setSortIndicator(column, order)
        self.model().sort(column, order)

    def _on_double_clicked(self, index: QModelIndex) -> None:
        if index.column() == NOTE:
            self.edit(index)
        elif index.column() != STAR:
            self.go_wanted.emit(index.data(EVENT_ROLE))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        index = self.indexAt(event.position().toPoint())
        super().mouseReleaseEvent(event)
        if index.isValid() and index.column() == STAR and event.button() == Qt.MouseButton.LeftButton:
            self.star_wanted.emit(index.data(EVENT_ROLE))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        one, key = self.current(), event.key()
        if event.matches(QKeySequence.StandardKey.Copy):
            self.copy_wanted.emit()
        elif key in {Qt.Key.Key_Return, Qt.Key.Key_Enter} and one is not None:
            self.go_wanted.emit(one)
        elif key == Qt.Key.Key_Space and one is not None:
            self.play_wanted.emit(one)
        elif key in {Qt.Key.Key_Delete, Qt.Key.Key_Backspace} and one is not None:
            self.delete_wanted.emit()
        elif key == Qt.Key.Key_F2 and one is not None and not self.isColumnHidden(NOTE):
            self.edit(self.model().index(self.currentIndex().row(), NOTE))
        elif key in _LEFT_TO_WINDOW:
            event.ignore()
        else:
            super().keyPressEvent(event)
