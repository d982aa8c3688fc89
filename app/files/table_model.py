"""The list of files as a Qt table model."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, Qt

from app.files.row import FileRow, FileState
from app.style import formatting
from app.style.plain_text import plain_tip
from app.widgets.tables import Index

COLUMNS = ("File", "Length", "Top tags", "State", "")
NAME, LENGTH, TAGS, STATE, CANCEL = range(len(COLUMNS))
ROW_ROLE = Qt.ItemDataRole.UserRole


class FilesModel(QAbstractTableModel):
    """The files in the order in which they were added; each is listed once."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.rows: list[FileRow] = []

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self.rows)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(COLUMNS)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if orientation == Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            return COLUMNS[section]
        if section == LENGTH and role == Qt.ItemDataRole.TextAlignmentRole:
            return Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        return None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid() or index.row() >= len(self.rows):
            return None
        row = self.rows[index.row()]
        if role == ROW_ROLE:
            return row
        if role == Qt.ItemDataRole.DisplayRole:
            return _text(row, index.column())
        if role == Qt.ItemDataRole.AccessibleTextRole and index.column() == CANCEL:
            return "Cancel" if not row.is_over else "Remove"
        if role == Qt.ItemDataRole.ToolTipRole:
            return plain_tip(_tool_tip(row, index.column()))
        if role == Qt.ItemDataRole.TextAlignmentRole and index.column() == LENGTH:
            return Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        return None

    def add(self, paths: Sequence[Path]) -> list[FileRow]:
        """List new files, and queue failed and cancelled ones again; returns the rows of both."""
        listed = {row.path: row for row in self.rows}
        again = [listed[path] for path in paths if path in listed and _can_be_repeated(listed[path])]
        new = [FileRow(path) for path in dict.fromkeys(paths) if path not in listed]
        for row in again:
            row.reset()
            self.row_changed(row)
        if new:
            self.beginInsertRows(QModelIndex(), len(self.rows), len(self.rows) + len(new) - 1)
            self.rows += new
            self.endInsertRows()
        return again + new

    def remove(self, row: FileRow) -> None:
        """Remove a file from the list."""
        place = self.rows.index(row)
        self.beginRemoveRows(QModelIndex(), place, place)
        del self.rows[place]
        self.endRemoveRows()

    def row_changed(self, row: FileRow) -> None:
        """Redraw a row after a change."""
        if row in self.rows:
            place = self.rows.index(row)
            self.dataChanged.emit(self.index(place, 0), self.index(place, len(COLUMNS) - 1))


def _can_be_repeated(row: FileRow) -> bool:
    return row.state in {FileState.FAILED, FileState.CANCELLED}


def _text(row: FileRow, column: int) -> str:
    if column == NAME:
        return row.path.name
    if column == LENGTH:
        return formatting.duration(row.duration_s) if row.duration_s else ""
    if column == TAGS:
        if row.error is not None:
            return f"{row.error.problem} {row.error.remedy}"
        return f"{row.top_tags()}   ({row.note})" if row.note else row.top_tags()
    return row.state_text() if column == STATE else ""


def _tool_tip(row: FileRow, column: int) -> str:
    if column == CANCEL:
        return "Remove from the list (Del)" if row.is_over else "Cancel this file"
    if column == NAME:
        return f"{row.path}\n{row.note}" if row.note else str(row.path)
    return _text(row, column)
