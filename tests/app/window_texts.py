"""Collects what a window says: texts, tooltips and accessible names, without what differs between machines."""

from __future__ import annotations

import re
from pathlib import Path

from PySide6.QtCore import QAbstractListModel, QModelIndex, QObject, Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QAbstractItemView, QComboBox, QScrollBar, QTabBar, QTabWidget, QWidget

from app.files.row import FileState
from app.models.download_row import DownloadState
from app.spectrogram.plot import SpectrogramPlot
from app.training.session import RunState
from core.version import version

_GETTERS = (
    *("text", "title", "windowTitle", "toolTip", "accessibleName", "accessibleDescription", "placeholderText"),
    *("informativeText", "specialValueText", "suffix", "prefix"),
)
_VARIABLES = (
    (re.compile(r"\d\d:\d\d:\d\d(\.\d)?"), "<time of day>"),
    (re.compile(r"\d{4}-\d\d-\d\d \d\d\.\d\d"), "<date>"),
    (re.compile(r"\S*/Soundmark/trainings/"), "<trainings>/"),
)
_OF_QT = frozenset({"Export", "Export...", "Scroll Left", "Scroll Right"})
"""Texts of Qt and pyqtgraph, which may change with their versions."""


class WindowTexts:
    """A set of texts that grows with every look at the window."""

    def __init__(self, tmp_path: Path) -> None:
        self._tmp_path = str(tmp_path)
        self.texts = {state.value for states in (FileState, RunState, DownloadState) for state in states}

    def look(self, root: QWidget) -> None:
        """Add every text of `root` and of all within it, shown or not."""
        for part in (root, *root.findChildren(QObject)):
            if isinstance(part, QWidget | QAction) and not _is_of_qt(part):
                self._add_all(part)

    def add(self, text: str) -> None:
        """Add one text."""
        text = text.replace(self._tmp_path, "<folder>").replace("\\", "/")
        for pattern, name in _VARIABLES:
            text = pattern.sub(name, text)
        text = text.replace(version(), "<version>").replace("\n", "⏎").strip()
        is_figure = text.endswith(("dBFS", "dBFS, clipping"))  # of the meter: there for a moment, if at all
        is_ours = text not in _OF_QT and not text.startswith("<table>")
        if any(character.isalpha() for character in text) and is_ours and not is_figure:
            self.texts.add(text)

    def lines(self) -> list[str]:
        """Sorted, a text each."""
        return sorted(self.texts, key=lambda text: (text.casefold(), text))

    def _add_all(self, part: QWidget | QAction) -> None:
        for getter in _GETTERS:
            get = getattr(part, getter, None)
            value = get() if callable(get) else get
            if isinstance(value, str):
                self.add(value)
        if isinstance(part, QComboBox):
            for i in range(part.count()):
                self.add(part.itemText(i))
        if isinstance(part, QTabWidget | QTabBar):
            for i in range(part.count()):
                self.add(part.tabText(i))
                self.add(part.tabToolTip(i))
        if isinstance(part, QAbstractItemView):
            self._add_table(part)
        if isinstance(part, SpectrogramPlot):
            self.add(part._message.textItem.toPlainText())

    def _add_table(self, view: QAbstractItemView) -> None:
        model = view.model()
        if model is None:
            return
        columns = 1 if isinstance(model, QAbstractListModel) else model.columnCount(QModelIndex())
        roles = (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.ToolTipRole, Qt.ItemDataRole.AccessibleTextRole)
        for role in roles:
            for column in range(columns):
                self.add(str(model.headerData(column, Qt.Orientation.Horizontal, role) or ""))
                for row in range(min(model.rowCount(QModelIndex()), 12)):
                    self.add(str(model.index(row, column).data(role) or ""))


def _is_of_qt(part: QObject) -> bool:
    """A part that Qt made for itself, such as a scroll bar."""
    return part.objectName().startswith("qt_") or isinstance(part, QScrollBar)
