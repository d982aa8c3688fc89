"""The list of files as a Qt table model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
Stamps = Mapping[Path, tuple[int, int]]
"""Size in bytes and time of the last change in ns."""


class FilesModel(QAbstractTableModel):
    """The files in the order in which they were added; each is listed once."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.rows: list[FileRow] = []
        self._places: dict[FileRow, int] = {}

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

    def add(self, paths: Sequence[Path], stamps: Stamps | None = None, model: str = "") -> list[FileRow]:
        """List new files, and queue failed and cancelled ones again, and done ones that have changed or that another
        model tagged; returns the rows of all of them.

        stamps: size and last change of each path, where they are known. model: the one in use; "" before it is loaded.
        """
        stamps, listed = stamps or {}, {row.path: row for row in self.rows}
        again = [
            listed[path]
            for path in dict.fromkeys(paths)
            if path in listed and _can_be_repeated(listed[path], stamps.get(path), model)
        ]
        new = [FileRow(path) for path in dict.fromkeys(paths) if path not in listed]
        for row in again:
            row.reset()
            self.row_changed(row)
        self.extend(new)
        for row in again + new:
            row.stamp = stamps.get(row.path, row.stamp)
        return again + new

    def extend(self, rows: Sequence[FileRow]) -> None:
        """List rows of files that are not in the list."""
        if rows:
            self.beginInsertRows(QModelIndex(), len(self.rows), len(self.rows) + len(rows) - 1)
            self._places |= {row: len(self.rows) + place for place, row in enumerate(rows)}
            self.rows += rows
            self.endInsertRows()

    def remove(self, row: FileRow) -> None:
        """Remove a file from the list."""
        place = self._places.pop(row)
        self.beginRemoveRows(QModelIndex(), place, place)
        del self.rows[place]
        self._places |= {later: place + i for i, later in enumerate(self.rows[place:])}
        self.endRemoveRows()

    def clear(self) -> None:
        """Remove all files from the list."""
        self.beginResetModel()
        self.rows.clear()
        self._places.clear()
        self.endResetModel()

    def row_changed(self, row: FileRow) -> None:
        """Redraw a row after a change."""
        place = self._places.get(row)
        if place is not None:
            self.dataChanged.emit(self.index(place, 0), self.index(place, len(COLUMNS) - 1))


def _can_be_repeated(row: FileRow, stamp: tuple[int, int] | None, model: str) -> bool:
    if row.state is FileState.DONE:
        return (stamp is not None and stamp != row.stamp) or bool(model and row.model and model != row.model)
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
