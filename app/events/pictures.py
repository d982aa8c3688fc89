"""The small pictures of events: cut from the live picture, stored and shown in grey."""

from __future__ import annotations

from collections import OrderedDict

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QBuffer, QByteArray, QIODevice, QObject, Signal
from PySide6.QtGui import QImage, QPixmap

from app.runtime.background_jobs import BackgroundJobs
from app.spectrogram.history.column_history import ColumnHistory
from core.heard.event import HeardEvent

WIDTH, HEIGHT = 96, 32
_AROUND_S = 0.25
"""How much of the sound before and after an event is in its picture."""
_KEPT = 500
_MANY_COLUMNS = 64
"""A pixel: an event of a minute."""


def cut_picture(history: ColumnHistory, event: HeardEvent) -> NDArray[np.uint8] | None:
    """The picture of an event, bytes of the history `(HEIGHT, at most WIDTH)`, highest frequency first; None where the
    history has nothing of it."""
    stop_s = event.onset_s if event.offset_s is None else event.offset_s
    rate = history.columns_per_s
    start = max(round((event.onset_s - _AROUND_S) * rate), history.first)
    stop = min(round((stop_s + _AROUND_S) * rate), history.end)
    if start >= stop:
        return None
    return np.ascontiguousarray(_pooled(_pixel_columns(history, start, stop).T, HEIGHT)[::-1])


def _pixel_columns(history: ColumnHistory, start: int, stop: int) -> NDArray[np.uint8]:
    """Columns `[start, stop)` in at most WIDTH rows. Of hours the history has maxima: to copy them all would take the
    window's thread a while."""
    columns_per_pixel = (stop - start) / WIDTH
    if columns_per_pixel < _MANY_COLUMNS:
        return _pooled(history.columns(start, stop), WIDTH)
    first = round(start / columns_per_pixel)
    return history.pooled(first, first + WIDTH, columns_per_pixel)


def _pooled(rows: NDArray[np.uint8], most: int) -> NDArray[np.uint8]:
    """At most `most` rows, each the highest of those that it stands for, so that a short click stays visible."""
    if len(rows) <= most:
        return rows
    return np.maximum.reduceat(rows, np.arange(most) * len(rows) // most, axis=0)


def png_of(picture: NDArray[np.uint8]) -> bytes:
    """A picture `(height, width)` as a grey PNG."""
    height, width = picture.shape
    image = QImage(picture.data, width, height, width, QImage.Format.Format_Grayscale8)
    content = QByteArray()
    buffer = QBuffer(content)
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    image.save(buffer, "PNG")  # pyright: ignore[reportCallIssue, reportArgumentType]
    return bytes(content.data())


class PictureCache(QObject):
    """The pictures of the rows that are looked at. Reads each from the store once, on a pool thread."""

    ready = Signal(int)
    """The picture of the event with this id can be shown."""

    def __init__(self, reader: BackgroundJobs, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._reader = reader
        self._pixmaps: OrderedDict[int, QPixmap] = OrderedDict()
        self._asked = set[int]()

    def pixmap(self, store: object, event_id: int) -> QPixmap | None:
        """The picture of a stored event; None until it has been read, and where there is none."""
        if event_id in self._pixmaps:
            return self._pixmaps[event_id]
        if event_id and store is not None and event_id not in self._asked:
            self._asked.add(event_id)
            self._reader.run(
                lambda: store.picture(event_id),  # type: ignore[attr-defined]
                lambda content: self._on_read(event_id, content),
                lambda _error: None,
            )
        return None

    def ask_again(self, event_id: int) -> None:
        """Its picture may have been stored since it was asked for."""
        if event_id not in self._pixmaps:
            self._asked.discard(event_id)

    def _on_read(self, event_id: int, content: bytes | None) -> None:
        pixmap = QPixmap()
        if content is None or not pixmap.loadFromData(content):
            return
        self._pixmaps[event_id] = pixmap
        if len(self._pixmaps) > _KEPT:
            oldest, _ = self._pixmaps.popitem(last=False)
            self._asked.discard(oldest)
        self.ready.emit(event_id)
