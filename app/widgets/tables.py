"""Tables: a view of rows that sorts by any column, and the look that all tables share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import (
    QAbstractTableModel,
    QEvent,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QSortFilterProxyModel,
    Qt,
    Signal,
)
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QHeaderView, QTableView, QWidget

from app.style.plain_text import plain_tip
from app.style.text_size import scaled_px

Index = QModelIndex | QPersistentModelIndex
"""What Qt passes to the methods of a model or delegate."""
SORT_ROLE = Qt.ItemDataRole.UserRole
ROW_ROLE = Qt.ItemDataRole.UserRole + 1
_LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a SortableTable."""

    title: str
    """The text of the header."""
    tip: str
    """The tooltip of the header."""
    value: Callable[[Any], Any]
    """The value of a row that the column sorts by."""
    text: Callable[[Any], str]
    """The text of a row's cell."""
    is_figure: bool = True
    """A number, aligned to the right."""
    width: int = 0
    """Pixels; 0 stretches the column."""


class _Rows(QAbstractTableModel):
    def __init__(self, columns: Sequence[Column], parent: QWidget) -> None:
        super().__init__(parent)
        self.columns = tuple(columns)
        self.rows: tuple[Any, ...] = ()

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self.rows)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self.columns)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        column, row = self.columns[index.column()], self.rows[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return column.text(row)
        if role == Qt.ItemDataRole.ToolTipRole:
            return plain_tip(column.text(row))
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _RIGHT if column.is_figure else _LEFT
        if role == SORT_ROLE:
            return column.value(row)
        return row if role == ROW_ROLE else None

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if orientation != Qt.Orientation.Horizontal:
            return None
        column = self.columns[section]
        if role == Qt.ItemDataRole.DisplayRole:
            return column.title
        if role == Qt.ItemDataRole.ToolTipRole:
            return f"{column.tip} Click to sort."
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _RIGHT if column.is_figure else _LEFT
        return None

    def set_rows(self, rows: Sequence[Any]) -> None:
        self.beginResetModel()
        self.rows = tuple(rows)
        self.endResetModel()

    def refresh(self) -> None:
        if self.rows:
            self.dataChanged.emit(self.index(0, 0), self.index(len(self.rows) - 1, len(self.columns) - 1))


class SortableTable(QTableView):
    """Shows any rows; a click on a header sorts by that column."""

    selected = Signal(object)
    """The selected row, or None."""
    opened = Signal(object)
    """The row that was double-clicked, or on which Enter or Space was pressed."""

    def __init__(self, name: str, tip: str, columns: Sequence[Column], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._rows = _Rows(columns, self)
        self._sorted = QSortFilterProxyModel(self)
        self._sorted.setSourceModel(self._rows)
        self._sorted.setSortRole(SORT_ROLE)
        self.setModel(self._sorted)
        self.setAccessibleName(name)
        self.setToolTip(tip)
        set_up_rows(self, 26)
        self._size_columns(columns)
        self.setSortingEnabled(True)
        # In the given order until a header is clicked.
        self._sorted.sort(-1)
        self.horizontalHeader().setSortIndicator(-1, Qt.SortOrder.AscendingOrder)
        self.selectionModel().currentRowChanged.connect(self._on_current)
        self.doubleClicked.connect(self._on_double_clicked)

    def set_rows(self, rows: Sequence[Any]) -> None:
        """Show other rows, none of them selected."""
        self._rows.set_rows(rows)
        self.selected.emit(None)

    def refresh(self) -> None:
        """Redraw the same rows after their content has changed."""
        self._rows.refresh()

    @property
    def rows_shown(self) -> list[Any]:
        """The rows as sorted now, from the top."""
        return [self._sorted.index(place, 0).data(ROW_ROLE) for place in range(self._sorted.rowCount())]

    def chosen(self) -> Any:
        """The selected row, or None."""
        index = self.currentIndex()
        return index.data(ROW_ROLE) if index.isValid() else None

    def choose(self, place: int) -> None:
        """Select the row at `place`, counted from the top."""
        self.setCurrentIndex(self._sorted.index(place, 0))

    def _size_columns(self, columns: Sequence[Column]) -> None:
        header = self.horizontalHeader()
        header.setHighlightSections(False)
        header.setDefaultAlignment(_LEFT)
        for place, column in enumerate(columns):
            if column.width:
                header.setSectionResizeMode(place, QHeaderView.ResizeMode.Interactive)
                self.setColumnWidth(place, column.width)
            else:
                header.setSectionResizeMode(place, QHeaderView.ResizeMode.Stretch)

    def _on_current(self, current: QModelIndex, _previous: QModelIndex) -> None:
        self.selected.emit(current.data(ROW_ROLE) if current.isValid() else None)

    def _on_double_clicked(self, index: QModelIndex) -> None:
        self.opened.emit(index.data(ROW_ROLE))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        row = self.chosen()
        if event.key() in {Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space} and row is not None:
            self.opened.emit(row)
            return
        super().keyPressEvent(event)


def set_up_rows(table: QTableView, row_height: int) -> None:
    """Give a table its look: whole rows selected one at a time, no grid, no frame.

    row_height: of each row, in pixels at the system's size of text; it grows with the text.
    """
    table.setSelectionBehavior(QTableView.SelectionBehavior.SelectRows)
    table.setSelectionMode(QTableView.SelectionMode.SingleSelection)
    table.setShowGrid(False)
    table.setWordWrap(False)
    table.setFrameShape(QTableView.Shape.NoFrame)
    # Tab leaves the table, so that keyboard users are not trapped in it.
    table.setTabKeyNavigation(False)
    table.verticalHeader().hide()
    table.installEventFilter(_RowHeights(table, row_height))


class _RowHeights(QObject):
    """Gives the rows of a table the height that fits today's size of text."""

    def __init__(self, table: QTableView, row_height: int) -> None:
        super().__init__(table)
        self._table, self._row_height = table, row_height
        self._fit()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.FontChange:
            self._fit()
        return False

    def _fit(self) -> None:
        self._table.verticalHeader().setDefaultSectionSize(scaled_px(self._row_height))
