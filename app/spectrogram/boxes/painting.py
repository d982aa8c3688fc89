"""Paints the events in view as thin boxes over the picture, each with its name at the top."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from heapq import nlargest
from typing import Any

import pyqtgraph as pg
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPen, QStaticText
from PySide6.QtWidgets import QWidget

from app.spectrogram.axes.frequency_scale import SCALES
from app.spectrogram.boxes.event_boxes import BoxRows, without_implied
from app.spectrogram.history.event_history import EventHistory, TimelineEvent
from app.style.theme import DARK, PICTURE_VOID, class_colour

_TOP_PX, _BELOW_MARKERS_PX, _GAP_PX, _PAD_PX = 4.0, 24.0, 3.0, 5.0
_LINE_ALPHA, _PLATE_ALPHA = 150, 200
_MOST_NAMES = 2000
MOST_BOXES = 300
"""More at once are no longer told from one another, and hours of sound may have thousands."""
_MOST_LOOKED_AT = 1000
_MELS = 128


class EventBoxItem(pg.GraphicsObject):
    """One item for all boxes, in the view box's own pixels: it costs what is in view."""

    def __init__(self, view_box: pg.ViewBox) -> None:
        super().__init__()
        self._view_box = view_box
        self.is_shown = True
        """The user wants to see boxes."""
        self.frequency_scale = SCALES["mel"]
        """The scale of the picture."""
        self.has_markers = False
        """Texts of markers stand at the top of the picture."""
        self.left_out: Collection[str] = ()
        """The ids of labels whose events are not painted."""
        self._events = EventHistory()
        self._implied: Mapping[str, frozenset[str]] = {}
        self._origin_s, self._now_s = 0.0, 0.0
        self._scale = 0.0
        self._names: dict[str, QStaticText] = {}
        self._rows = BoxRows(self._name_s)
        self._plates: list[tuple[QRectF, TimelineEvent]] = []
        self.setZValue(-50)
        self.setParentItem(view_box)

    def show_events(
        self, events: EventHistory, implied: Mapping[str, frozenset[str]], origin_s: float, now_s: float
    ) -> None:
        """Paint these events. implied: what each label implies, by id; origin_s: where the axis counts from; now_s:
        where open events end."""
        if events is not self._events:
            self._events, self._rows = events, BoxRows(self._name_s)
        self._implied, self._origin_s, self._now_s = implied, origin_s, now_s
        self.update()

    @property
    def plates(self) -> list[tuple[QRectF, TimelineEvent]]:
        """The names as last painted: where each stands in the view box, and its event."""
        return self._plates

    def event_at(self, place: QPointF) -> TimelineEvent | None:
        """The event whose name is at a place in the view box."""
        return next((event for plate, event in reversed(self._plates) if plate.contains(place)), None)

    def boundingRect(self) -> QRectF:
        return self._view_box.rect()

    def paint(self, p: QPainter, option: Any, widget: QWidget | None = None) -> None:
        self._plates = []
        if not self.is_shown:
            return
        area = self.boundingRect()
        left, right = self._view_box.viewRange()[0]
        left_s, right_s = left + self._origin_s, right + self._origin_s
        scale = area.width() / (right - left)
        if abs(scale / (self._scale or 1e9) - 1) > 1e-6:
            # Names cover other times at another scale.
            self._scale, self._rows = scale, BoxRows(self._name_s)
        events = self._in_view(left_s, right_s)
        height = QFontMetricsF(p.font()).height() + 2
        top = area.top() + (_BELOW_MARKERS_PX if self.has_markers else _TOP_PX)
        for event, row in zip(events, self._rows.place(events), strict=True):
            self._paint_box(p, event, self._box(event, area, left_s, top + (row or 0) * (height + _GAP_PX)))
            if row is not None:
                self._plates.append((self._plate(event, area, left_s, top + row * (height + _GAP_PX), height), event))
        for plate, event in self._plates:
            self._paint_name(p, plate, event)

    def _in_view(self, left_s: float, right_s: float) -> list[TimelineEvent]:
        """The events to paint, by onset; where there are too many, the longest."""
        found = self._events.longest_between(left_s, right_s, _MOST_LOOKED_AT, with_implied=not self._implied)
        found.sort(key=lambda event: (event.onset_s, event.name))
        shown = without_implied(found, self._implied, self._now_s)
        shown = [event for event in shown if event.label_id not in self.left_out]
        if len(shown) > MOST_BOXES:
            longest = set(map(id, nlargest(MOST_BOXES, shown, key=self._length_s)))
            shown = [event for event in shown if id(event) in longest]
        return shown

    def _length_s(self, event: TimelineEvent) -> float:
        return (self._now_s if event.offset_s is None else event.offset_s) - event.onset_s

    def _box(self, event: TimelineEvent, area: QRectF, left_s: float, top: float) -> QRectF:
        stop_s = max(self._now_s, event.onset_s) if event.offset_s is None else event.offset_s
        x = max((event.onset_s - left_s) * self._scale, -2.0) + area.left()
        right = min((stop_s - left_s) * self._scale, area.width() + 2.0) + area.left()
        box = QRectF(QPointF(x, top), QPointF(max(right, x + 1.0), area.bottom() + 2.0))
        if event.low_hz is not None and event.high_hz is not None:
            box.setTop(max(self._y(event.high_hz, area), area.top()))
            box.setBottom(min(self._y(event.low_hz, area), area.bottom()))
        return box

    def _y(self, frequency_hz: float, area: QRectF) -> float:
        low, high = self._view_box.viewRange()[1]
        return area.bottom() - (self.frequency_scale.position(frequency_hz, _MELS) - low) / (high - low) * area.height()

    def _paint_box(self, painter: QPainter, event: TimelineEvent, box: QRectF) -> None:
        colour = class_colour(event.name, DARK)
        colour.setAlpha(_LINE_ALPHA)
        painter.setPen(QPen(colour, 0))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRect(box)

    def _plate(self, event: TimelineEvent, area: QRectF, left_s: float, top: float, height: float) -> QRectF:
        """Where a name stands: at the onset, or at the edge of the picture that it would reach over."""
        text_px = self._static(event.name).size().width() + 2 * _PAD_PX
        x = area.left() + (event.onset_s - left_s) * self._scale
        if x < area.left():
            stop_s = self._now_s if event.offset_s is None else event.offset_s
            reach = max((stop_s - left_s) * self._scale + area.left(), x + text_px)
            x = min(area.left(), reach - text_px)
        plate = QRectF(x, top, text_px, height)
        within = plate.translated(area.right() - plate.right(), 0.0)
        if plate.right() <= area.right() or within.left() < area.left():
            return plate
        covers = any(within.intersects(other) for other, _ in self._plates)
        return plate if covers else within

    def _paint_name(self, painter: QPainter, plate: QRectF, event: TimelineEvent) -> None:
        backing = QColor(PICTURE_VOID)
        backing.setAlpha(_PLATE_ALPHA)
        colour = class_colour(event.name, DARK)
        painter.setPen(QPen(colour, 0))
        painter.setBrush(backing)
        painter.drawRect(plate)
        painter.drawStaticText(QPointF(plate.left() + _PAD_PX, plate.top() + 1), self._static(event.name))

    def _static(self, name: str) -> QStaticText:
        text = self._names.get(name)
        if text is None:
            if len(self._names) >= _MOST_NAMES:
                self._names.clear()
            text = self._names[name] = QStaticText(name)
            text.setTextFormat(Qt.TextFormat.PlainText)
            text.prepare()
        return text

    def _name_s(self, name: str) -> float:
        return (self._static(name).size().width() + 2 * _PAD_PX + _GAP_PX) / max(self._scale, 1e-9)
