"""The list of events as a Qt table model: pages from the store as they are scrolled to, and what is heard now."""

from __future__ import annotations

import time
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import replace
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, Qt, QTimer, Signal, Slot

from app.events.collector import EventCollector
from app.events.matching import comes_before, matches, sort_key
from app.events.pictures import PictureCache
from app.events.texts import COLUMNS, LENGTH, NOTE, PEAK, PICTURE, SORTS, STAR, TIPS, cell_text, tool_tip
from app.events.writer import key_of
from app.style.plain_text import plain_tip
from app.widgets.tables import Index
from core.errors import UserError
from core.heard.event import Cursor, EventQuery, HeardEvent, Page

EVENT_ROLE = Qt.ItemDataRole.UserRole
PAGE_ROWS = 200
_GROWS_EVERY_MS = 250
RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter


class EventTable(QAbstractTableModel):
    """Events as rows, in the order of `query`, below the columns that all lists of events have."""

    def __init__(self, query: EventQuery, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.query = query

    @property
    def rows(self) -> Sequence[HeardEvent]:
        """The events, from the top."""
        raise NotImplementedError

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self.rows)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(COLUMNS)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if orientation != Qt.Orientation.Horizontal:
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return COLUMNS[section]
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return COLUMNS[section] or "Star"
        if role == Qt.ItemDataRole.ToolTipRole:
            return f"{TIPS[section]}. Click to sort." if section in SORTS else TIPS[section]
        if role == Qt.ItemDataRole.TextAlignmentRole and section in (LENGTH, PEAK):
            return RIGHT
        return None


class EventsModel(EventTable):
    """The events that a query wants, in its order. What is in memory stands among what the store has."""

    note_written = Signal(object, str)
    """A HeardEvent, and the note that was typed."""
    read = Signal()
    """A page has arrived. No payload."""
    read_failed = Signal(object)
    """A UserError: the store could not be read."""

    def __init__(self, collector: EventCollector, parent: QObject | None = None) -> None:
        super().__init__(EventQuery(), parent)
        self._collector = collector
        self._rows: list[HeardEvent] = []
        self._keys = set[Hashable]()
        self._cursor: Cursor | None = None
        self._attempt = 0
        self._is_reading = False
        self.pictures = PictureCache(collector.reader, self)
        self.pictures.ready.connect(self._on_picture)
        # Runs only while there is an open event.
        self._grows = QTimer(self)
        self._grows.setInterval(_GROWS_EVERY_MS)
        self._grows.timeout.connect(self._grow)
        collector.changed.connect(self._on_changed)
        collector.removed.connect(self._on_removed)
        collector.opened.connect(self.reload)

    @property
    def rows(self) -> list[HeardEvent]:
        """Those that have been read, and those in memory."""
        return self._rows

    # ----- as Qt asks -----

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid() or index.row() >= len(self._rows):
            return None
        event, column = self._rows[index.row()], index.column()
        if role == EVENT_ROLE:
            return event
        if role == Qt.ItemDataRole.DisplayRole or (role == Qt.ItemDataRole.EditRole and column == NOTE):
            return cell_text(event, column, self._now_at())
        if role == Qt.ItemDataRole.ToolTipRole:
            return plain_tip(tool_tip(event))
        if role == Qt.ItemDataRole.TextAlignmentRole and column in (LENGTH, PEAK):
            return RIGHT
        if role == Qt.ItemDataRole.DecorationRole and column == PICTURE:
            return self.pictures.pixmap(self._collector.store, event.id)
        return _spoken(event, column) if role == Qt.ItemDataRole.AccessibleTextRole else None

    def flags(self, index: Index) -> Qt.ItemFlag:
        flags = super().flags(index)
        return flags | Qt.ItemFlag.ItemIsEditable if index.column() == NOTE else flags

    def setData(self, index: Index, value: Any, role: int = Qt.ItemDataRole.EditRole) -> bool:
        if role != Qt.ItemDataRole.EditRole or index.column() != NOTE:
            return False
        self.note_written.emit(self._rows[index.row()], str(value).strip())
        return True

    def canFetchMore(self, parent: Index) -> bool:
        return not parent.isValid() and self._cursor is not None and not self._is_reading

    def fetchMore(self, parent: Index) -> None:
        if self.canFetchMore(parent):
            self._read()

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        """Sort by a column: the store does, so that the first page is the first of all."""
        if column in SORTS:
            values = {"sort": SORTS[column], "is_descending": order == Qt.SortOrder.DescendingOrder}
            self.show(replace(self.query, **values))

    # ----- what is listed -----

    def show(self, query: EventQuery) -> None:
        """List what another query wants."""
        if query != self.query:
            self.query = query
            self.reload()

    def move_on(self, since: float | None) -> None:
        """Leave out what began before `since`, seconds since 1970, and ask the store for nothing."""
        if since == self.query.since:
            return
        self.query = replace(self.query, since=since)
        for place in reversed([place for place, event in enumerate(self._rows) if not matches(self.query, event)]):
            self._remove(place)

    @Slot()
    def reload(self) -> None:
        """List what is in memory, and ask the store for the first page."""
        self._attempt += 1
        self._cursor, self._is_reading = None, False
        self.beginResetModel()
        self._rows, self._keys = [], set()
        for event in self._collector.here.values():
            if matches(self.query, event):
                self._rows.insert(self._place_of(event), event)
                self._keys.add(key_of(event))
        self.endResetModel()
        self._watch_growth()
        if self._collector.store is not None:
            self._read()

    def place_of_key(self, key: Hashable) -> int | None:
        """The row of an event; None where it is not listed."""
        if key not in self._keys:
            return None
        return next((place for place, event in enumerate(self._rows) if key_of(event) == key), None)

    def _read(self) -> None:
        store, query, cursor, attempt = self._collector.store, self.query, self._cursor, self._attempt
        assert store is not None
        self._is_reading = True
        self._collector.reader.run(
            lambda: store.page(query, cursor, PAGE_ROWS),
            lambda page: self._on_page(attempt, page),
            lambda error: self._on_read_failed(attempt, error),
        )

    def _on_page(self, attempt: int, page: Page) -> None:
        if attempt != self._attempt:
            return
        self._is_reading, self._cursor = False, page.cursor
        new = [event for event in page.events if key_of(event) not in self._keys]
        if page.cursor is None:
            # What is in memory only, and stands beyond what was read before.
            here = self._collector.here.items()
            new += [event for key, event in here if key not in self._keys and matches(self.query, event)]
        if new:
            self._merge(list({key_of(event): event for event in new}.values()))
        self.read.emit()

    def _merge(self, new: list[HeardEvent]) -> None:
        """Put a page at its place: at the end, but for rows that stand here already because they were heard since."""
        first = min(self._place_of(event) for event in new)
        below = self._rows[first:]
        if below:
            self.beginRemoveRows(QModelIndex(), first, len(self._rows) - 1)
            del self._rows[first:]
            self.endRemoveRows()
        is_falling = self.query.is_descending
        self._insert(first, sorted([*new, *below], key=lambda event: sort_key(self.query, event), reverse=is_falling))

    def _insert(self, place: int, events: list[HeardEvent]) -> None:
        self.beginInsertRows(QModelIndex(), place, place + len(events) - 1)
        self._rows[place:place] = events
        self._keys.update(key_of(event) for event in events)
        self.endInsertRows()

    def _place_of(self, event: HeardEvent) -> int:
        """Where an event belongs among the rows."""
        low, high = 0, len(self._rows)
        while low < high:
            middle = (low + high) // 2
            if comes_before(self.query, self._rows[middle], event):
                low = middle + 1
            else:
                high = middle
        return low

    def _on_read_failed(self, attempt: int, error: UserError) -> None:
        if attempt == self._attempt:
            self._is_reading = False
            self.read_failed.emit(error)

    # ----- what changes -----

    @Slot(object)
    def _on_changed(self, event: HeardEvent) -> None:
        place = self.place_of_key(key_of(event))
        is_wanted = matches(self.query, event)
        if event.id:
            self.pictures.ask_again(event.id)
        if place is not None and not is_wanted:
            self._remove(place)
        elif place is not None:
            self._replace(place, event)
        elif is_wanted:
            # Beyond the last row that was read, a later page will bring it.
            place = self._place_of(event)
            if place < len(self._rows) or (self._cursor is None and not self._is_reading):
                self._insert(place, [event])
        self._watch_growth()

    def _replace(self, place: int, event: HeardEvent) -> None:
        self._rows[place] = event
        is_between = (place == 0 or not comes_before(self.query, event, self._rows[place - 1])) and (
            place == len(self._rows) - 1 or not comes_before(self.query, self._rows[place + 1], event)
        )
        if is_between:
            self._redraw(place)
            return
        self._remove(place)
        self._insert(self._place_of(event), [event])

    @Slot(object)
    def _on_removed(self, keys: Iterable[Hashable]) -> None:
        gone = set(keys) & self._keys
        for place in reversed([place for place, event in enumerate(self._rows) if key_of(event) in gone]):
            self._remove(place)

    def _remove(self, place: int) -> None:
        self.beginRemoveRows(QModelIndex(), place, place)
        self._keys.discard(key_of(self._rows[place]))
        del self._rows[place]
        self.endRemoveRows()

    def _redraw(self, place: int) -> None:
        self.dataChanged.emit(self.index(place, 0), self.index(place, len(COLUMNS) - 1))

    @Slot(int)
    def _on_picture(self, event_id: int) -> None:
        for place, event in enumerate(self._rows):
            if event.id == event_id:
                self.dataChanged.emit(self.index(place, PICTURE), self.index(place, PICTURE))
                return

    def _watch_growth(self) -> None:
        has_open = any(event.offset_s is None for event in self._collector.here.values())
        if has_open and not self._grows.isActive():
            self._grows.start()
        elif not has_open:
            self._grows.stop()

    @Slot()
    def _grow(self) -> None:
        """Show how long the open events have lasted."""
        for event in self._collector.here.values():
            if event.offset_s is None:
                place = self.place_of_key(key_of(event))
                if place is not None:
                    self.dataChanged.emit(self.index(place, LENGTH), self.index(place, LENGTH))

    def _now_at(self) -> float:
        """Where open events end: with the newest sound."""
        live = self._collector.live
        return live.wall_clock_s(live.view.last_s) if live.view.last_s > 0 else time.time()


def _spoken(event: HeardEvent, column: int) -> str | None:
    """What a screen reader says of a cell without words."""
    if column == STAR:
        return "starred" if event.is_starred else "not starred"
    return "picture" if column == PICTURE else None
