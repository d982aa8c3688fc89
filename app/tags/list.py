"""The list of tags as a Qt model and a list view.

An item view, not a custom-painted widget, because it brings keyboard control, scrolling and screen reader support.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QAbstractListModel, QModelIndex, Qt, Signal
from PySide6.QtGui import QContextMenuEvent, QKeyEvent, QMouseEvent, QResizeEvent
from PySide6.QtWidgets import QListView, QMenu, QWidget

from app.style import formatting
from app.style.plain_text import plain_tip
from app.style.theme import Theme
from app.tags.painting import HIGHEST_HEARD_PX, LOWEST_HEARD_PX, STAR_PX, TagDelegate
from app.tags.rows import RowKind, TagRow
from app.widgets.tables import Index

_GLIDE = 0.35
"""The share of the remaining distance that a bar moves in one step of about 66 ms."""
_USUAL_HEARD = 3
"""Large rows have one size for up to this many, so that they do not change with every sound."""


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
        if role == Qt.ItemDataRole.UserRole:
            return row
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return _spoken(row)
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
        if [(row.kind, row.caption) for row in rows] == [(row.kind, row.caption) for row in self.rows]:
            self.rows = rows
            self._announce()
            return
        self.beginResetModel()
        self.rows = rows
        self.endResetModel()

    def set_values(
        self, probabilities: NDArray[np.float32] | None, heard: Mapping[int, float | None] | None = None
    ) -> None:
        """Give every row its probability and texts from `(labels,)`, or clear them with None.

        heard: the labels that count as heard, with the seconds that each has lasted; None where the thresholds say so.
        """
        for row in self.rows:
            row.probability = 0.0 if probabilities is None else float(probabilities[row.label])
            row.is_detected = row.label in heard if heard is not None else row.probability >= row.threshold
            row.text = "" if probabilities is None else formatting.percent(row.probability)
            lasted_s = None if heard is None else heard.get(row.label)
            row.since = "" if lasted_s is None else formatting.lasting(lasted_s)
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


def _spoken(row: TagRow) -> str:
    """What a screen reader says of a row: `Dog, 92 %, for 2 s, pinned`; `maybe Rain, 18 %`."""
    name = f"maybe {row.name}" if row.kind is RowKind.CANDIDATE and not row.is_detected else row.name
    since = [f"for {row.since}"] if row.since else []
    said = [name, row.text or "no result yet", *since]
    return ", ".join(said + ["pinned"] * row.is_pinned + ["muted"] * row.is_muted)


class TagList(QListView):
    """The list view of the classes."""

    pin_wanted = Signal(int)
    """The label whose star was clicked, or on which Space was pressed."""
    mute_wanted = Signal(int)
    """The label that was muted, or is to be heard again, from its menu."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.tags = TagModel(self)
        self.setModel(self.tags)
        self._delegate = TagDelegate(theme, self)
        self.setItemDelegate(self._delegate)
        self.setSelectionMode(QListView.SelectionMode.SingleSelection)
        self.setVerticalScrollMode(QListView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFrameShape(QListView.Shape.NoFrame)
        self.tags.modelReset.connect(self._fit)

    def apply_theme(self, theme: Theme) -> None:
        """Paint in the colours of `theme`."""
        self._delegate.theme = theme
        self.viewport().update()

    def _fit(self) -> None:
        """Share the height that the small rows leave among the large ones, within limits."""
        heard = [row for row in self.tags.rows if row.kind is RowKind.HEARD]
        small_px = sum(self._delegate.height_of(row) for row in self.tags.rows if row.kind is not RowKind.HEARD)
        each_px = (self.viewport().height() - small_px) // max(len(heard), _USUAL_HEARD)
        heard_px = min(max(each_px, LOWEST_HEARD_PX), HIGHEST_HEARD_PX)
        if heard_px != self._delegate.heard_px:
            self._delegate.heard_px = heard_px
            self.scheduleDelayedItemsLayout()

    def resizeEvent(self, e: QResizeEvent) -> None:
        super().resizeEvent(e)
        self._fit()

    def labels_shown(self) -> Sequence[int]:
        """The labels in the list, from the top."""
        return [row.label for row in self.tags.rows]

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        index = self.indexAt(event.pos())
        if index.isValid():
            self.menu_of(self.tags.rows[index.row()]).popup(event.globalPos())

    def menu_of(self, row: TagRow) -> QMenu:
        """What can be done with a class."""
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        pin = menu.addAction("Unpin\tSpace" if row.is_pinned else "Pin\tSpace")
        pin.triggered.connect(lambda: self.pin_wanted.emit(row.label))
        mute = menu.addAction("Unmute this class" if row.is_muted else "Mute this class")
        mute.triggered.connect(lambda: self.mute_wanted.emit(row.label))
        return menu

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
