"""The events of one file as a Qt table model, with the columns of what was heard live."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, overload

from PySide6.QtCore import QObject, Qt
from PySide6.QtGui import QImage, QPixmap

from app.events.model import EVENT_ROLE, RIGHT, EventTable
from app.events.pictures import WIDTH, cut_picture
from app.events.texts import LENGTH, PEAK, PICTURE, SORTS, TIME, cell_text
from app.spectrogram.history.column_history import ColumnHistory
from app.spectrogram.history.event_history import TimelineEvent
from app.style import formatting
from app.style.plain_text import plain_tip
from app.widgets.tables import Index
from core.heard.event import EventQuery, HeardEvent
from core.heard.folding import folded

_SORT_KEYS: dict[str, Callable[[TimelineEvent], tuple[object, ...]]] = {
    "time": lambda event: (event.onset_s,),
    "length": lambda event: ((event.offset_s or 0.0) - event.onset_s,),
    "label": lambda event: (folded(event.name), event.name, event.label_id, event.onset_s),
    "peak": lambda event: (event.peak,),
}
_PX_PER_S = 100
"""Pictures are as wide as those of live sound, whatever a column of the file stands for."""


class FileRows(Sequence[HeardEvent]):
    """The events of a file as a list of what was heard has them. Each is made when it is looked at: hours have many
    thousands."""

    def __init__(self, path: Path, events: Sequence[TimelineEvent]) -> None:
        self.path, self.events = path, list(events)

    def __len__(self) -> int:
        return len(self.events)

    @overload
    def __getitem__(self, place: int) -> HeardEvent: ...
    @overload
    def __getitem__(self, place: slice) -> list[HeardEvent]: ...
    def __getitem__(self, place: int | slice) -> HeardEvent | list[HeardEvent]:
        if isinstance(place, slice):
            return [_in_file(self.path, event) for event in self.events[place]]
        return _in_file(self.path, self.events[place])


class FileEventsModel(EventTable):
    """Events of a file, in the order of `query`; their times count from the start of the file. By time at first, so
    that the list reads as the file sounds."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(EventQuery(is_descending=False), parent)
        self._rows = FileRows(Path(), ())
        self._history: ColumnHistory | None = None
        self._pictures: dict[HeardEvent, QPixmap | None] = {}

    @property
    def rows(self) -> FileRows:
        """The events, from the top."""
        return self._rows

    # ----- as Qt asks -----

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid() or index.row() >= len(self.rows):
            return None
        event, column = self.rows[index.row()], index.column()
        if role == EVENT_ROLE:
            return event
        if role == Qt.ItemDataRole.DisplayRole:
            return in_file_text(event, column)
        if role == Qt.ItemDataRole.ToolTipRole:
            return plain_tip(f"{event.label}\nFile: {event.input}\nModel: {event.model}")
        if role == Qt.ItemDataRole.TextAlignmentRole and column in (LENGTH, PEAK):
            return RIGHT
        if role == Qt.ItemDataRole.DecorationRole and column == PICTURE:
            return self._picture(event)
        return "picture" if role == Qt.ItemDataRole.AccessibleTextRole and column == PICTURE else None

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        """Sort by a column."""
        if column in SORTS:
            is_descending = order == Qt.SortOrder.DescendingOrder
            self.query = replace(self.query, sort=SORTS[column], is_descending=is_descending)
            self._list(self._rows.path, self._rows.events)

    # ----- what is listed -----

    def show(self, path: Path, events: Iterable[TimelineEvent], history: ColumnHistory | None) -> None:
        """List the events of a file. history: its picture, once it has been read."""
        if history is not self._history:
            self._history = history
            self._pictures.clear()
        self._list(path, [event for event in events if event.offset_s is not None])

    def place_of(self, label_id: str, onset_s: float) -> int | None:
        """The row of an event; None where it is not listed."""
        wanted = label_id, onset_s
        events = enumerate(self._rows.events)
        return next((row for row, event in events if (event.label_id, event.onset_s) == wanted), None)

    def _list(self, path: Path, events: Sequence[TimelineEvent]) -> None:
        sorted_events = sorted(events, key=_SORT_KEYS[self.query.sort], reverse=self.query.is_descending)
        if path == self._rows.path and sorted_events == self._rows.events:
            return
        self.beginResetModel()
        self._rows = FileRows(path, sorted_events)
        self.endResetModel()

    def _picture(self, event: HeardEvent) -> QPixmap | None:
        """Cut when it is looked at: at most a hundred columns."""
        if event not in self._pictures and self._history is not None:
            self._pictures[event] = _pixmap(self._history, event)
        return self._pictures.get(event)


def in_file_text(event: HeardEvent, column: int) -> str:
    """The text of a cell: as for what was heard live, but for the time, which counts from the start of the file."""
    return formatting.duration(event.onset_s, tenths=True) if column == TIME else cell_text(event, column)


def _in_file(path: Path, event: TimelineEvent) -> HeardEvent:
    assert event.offset_s is not None, "an event of a file has ended"
    return HeardEvent(
        session=str(path),
        label_id=event.label_id,
        label=event.name,
        onset_s=event.onset_s,
        offset_s=event.offset_s,
        onset_at=event.onset_s,
        offset_at=event.offset_s,
        peak=min(max(event.peak, 0.0), 1.0),
        model=event.model,
        model_hash="",
        input=path.name,
    )


def _pixmap(history: ColumnHistory, event: HeardEvent) -> QPixmap | None:
    columns = cut_picture(history, event)
    if columns is None:
        return None
    height, width = columns.shape
    image = QImage(columns.data, width, height, width, QImage.Format.Format_Grayscale8)
    wanted_px = min(round(width * _PX_PER_S / history.columns_per_s), WIDTH)
    return QPixmap.fromImage(image.scaled(max(wanted_px, 1), height))
