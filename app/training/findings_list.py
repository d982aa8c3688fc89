"""The list of findings in the data by severity, each with its remedy and its clips."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QSize, Qt, Signal, Slot
from PySide6.QtGui import QColor, QKeyEvent
from PySide6.QtWidgets import (
    QHeaderView,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTreeWidget,
    QTreeWidgetItem,
    QWidget,
)

from app.style import formatting
from app.style.appearance import Appearance
from app.style.plain_text import plain_tip
from app.widgets.tables import Index
from core.file_names import shown
from core.run.data_report import Finding

_ORDER = ("error", "warning", "note")
_NAMES = {"error": "Error", "warning": "Warning", "note": "Note"}
_PATH_ROLE = Qt.ItemDataRole.UserRole
_SHOWN_PATHS = 200
_MARGIN_PX = 8


class _WrappingDelegate(QStyledItemDelegate):
    """Makes rows high enough for text wrapped to the column's width; by itself a tree cuts it off."""

    def __init__(self, tree: QTreeWidget) -> None:
        super().__init__(tree)
        self._tree = tree

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        depth = 2 if index.parent().isValid() else 1
        indent = self._tree.indentation() * depth if index.column() == 0 else 0
        width = max(self._tree.columnWidth(index.column()) - indent - 2 * _MARGIN_PX, 40)
        area = self._tree.fontMetrics().boundingRect(0, 0, width, 10_000, Qt.TextFlag.TextWordWrap, index.data() or "")
        return QSize(width, area.height() + _MARGIN_PX)


class FindingsList(QTreeWidget):
    """The tree of findings."""

    opened = Signal(object)
    """The Path of a clip that was double-clicked, or on which Enter was pressed."""

    def __init__(self, appearance: Appearance, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._appearance = appearance
        self._findings: list[Finding] = []
        """Of the top-level items, in their order."""
        self.setColumnCount(2)
        self.setHeaderLabels(["Finding", "What to do"])
        self.setAccessibleName("Findings")
        self.setToolTip("Problems in the data. Expand a row to see its clips; press Enter or double-click to play one.")
        self.setFrameShape(QTreeWidget.Shape.NoFrame)
        self.setUniformRowHeights(False)
        self.setWordWrap(True)
        self.setTabKeyNavigation(False)
        self.header().setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        self.header().setSectionResizeMode(1, QHeaderView.ResizeMode.Stretch)
        self.header().setSectionsClickable(False)
        self.header().sectionResized.connect(self.scheduleDelayedItemsLayout)
        self.setItemDelegate(_WrappingDelegate(self))
        self.itemDoubleClicked.connect(self._open)
        appearance.changed.connect(self._apply_theme)

    def show_findings(self, findings: Sequence[Finding]) -> None:
        """Show findings: errors first, then warnings, then notes."""
        self.clear()
        self._findings = sorted(findings, key=lambda finding: _ORDER.index(finding.severity))
        for finding in self._findings:
            line = QTreeWidgetItem([f"{_NAMES[finding.severity]}: {finding.text}", finding.remedy])
            for column in (0, 1):
                line.setToolTip(column, plain_tip(line.text(column)))
            for path in finding.paths[:_SHOWN_PATHS]:
                line.addChild(_clip_line(Path(path)))
            if len(finding.paths) > _SHOWN_PATHS:
                more = formatting.count(len(finding.paths) - _SHOWN_PATHS, "more clip")
                line.addChild(QTreeWidgetItem([f"… and {more}", ""]))
            self.addTopLevelItem(line)
        self._apply_theme()

    @Slot()
    def _apply_theme(self) -> None:
        theme = self._appearance.theme
        colours = {"error": theme.bad, "warning": theme.warn, "note": theme.text}
        for place, finding in enumerate(self._findings):
            line = self.topLevelItem(place)
            if line is not None:
                line.setForeground(0, QColor(colours[finding.severity]))

    def _open(self, item: QTreeWidgetItem) -> None:
        path = item.data(0, _PATH_ROLE)
        if path is not None:
            self.opened.emit(path)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        item = self.currentItem()
        if event.key() in {Qt.Key.Key_Return, Qt.Key.Key_Enter} and item is not None:
            if item.childCount():
                item.setExpanded(not item.isExpanded())
            self._open(item)
            return
        super().keyPressEvent(event)


def _clip_line(path: Path) -> QTreeWidgetItem:
    line = QTreeWidgetItem([shown(path.name), shown(path.parent)])
    line.setData(0, _PATH_ROLE, path)  # a Path: as text, Qt would lose the bytes of a name that is not UTF-8
    line.setToolTip(0, plain_tip(shown(path)))
    line.setToolTip(1, plain_tip(shown(path)))
    return line
