"""The lanes below the spectrogram: probability over time for a few classes, on the same time axis."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFontMetrics, QPainter, QPainterPath, QPaintEvent, QPen, QPolygonF, QResizeEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from app.spectrogram.history.model_scores import ModelScores, models_between
from app.spectrogram.picture.markers import Markers, in_view
from app.spectrogram.plot import MARGIN_PX, gutter_px
from app.style import formatting
from app.style.text_size import scaled_px
from app.style.theme import Theme, class_colour, tabular
from core.inference.results import TagScores

LANES = 5
_LOWEST_LANE_PX, _HIGHEST_LANE_PX = 26, 44
_FRAME_PX = 6
"""The space above and below the lanes, together."""
_LANES_SHARE = 0.27
"""The lanes' share of the height that they and the picture have together."""
_LOWEST_PEAK = 0.02
"""Classes that stay below this get no lane."""
_JOINED_S = 0.05
"""Windows closer together than this are drawn as one outline."""


@dataclass(frozen=True, slots=True)
class Lane:
    """One class, of any model that has it, with its name."""

    label_id: str
    name: str


class LanesStrip(QWidget):
    """Paints all lanes as polygons in one widget, which is many times as fast as a curve item for each."""

    room_changed = Signal()
    """The height has changed, and with it perhaps how many lanes fit. No payload."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._lanes: tuple[Lane, ...] = ()
        self._models: tuple[ModelScores, ...] = ()
        self._shown: tuple[ModelScores, TagScores] | None = None
        self._view = (0.0, 1.0)
        self._cursor_s: float | None = None
        self._playing_s: float | None = None
        self._gaps: tuple[tuple[float, float], ...] = ()
        self._markers: Markers = ()
        self._message = ""
        self._wanted_px = scaled_px(_LOWEST_LANE_PX) + _FRAME_PX
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Maximum)
        self.setAccessibleName("Probability over time")
        self.setToolTip("The probability of each class over time. The dotted line is its threshold.")

    def sizeHint(self) -> QSize:
        return QSize(400, self._wanted_px)

    def minimumSizeHint(self) -> QSize:
        return QSize(200, scaled_px(_LOWEST_LANE_PX) + _FRAME_PX)

    def share_room(self, room_px: int, picture_px: int) -> None:
        """Ask for a share of `room_px`, the height of picture and lanes, that leaves the picture `picture_px`."""
        wanted = min(round(_LANES_SHARE * room_px), room_px - picture_px)
        lowest, highest = (scaled_px(pixels) + _FRAME_PX for pixels in (_LOWEST_LANE_PX, LANES * _HIGHEST_LANE_PX))
        wanted = min(max(wanted, lowest), highest)
        if wanted != self._wanted_px:
            self._wanted_px = wanted
            self.updateGeometry()

    def apply_theme(self, theme: Theme) -> None:
        """Paint in the colours of `theme`."""
        self._theme = theme
        self.update()

    @property
    def lanes(self) -> tuple[Lane, ...]:
        """The lanes on display, from the top."""
        return self._lanes

    def show_lanes(self, models: Sequence[ModelScores], lanes: Sequence[Lane], message: str = "") -> None:
        """Paint lanes with the scores of the models that have them, or a message while there are none."""
        self._models, self._lanes, self._message = tuple(models), tuple(lanes), message
        self.setAccessibleDescription(", ".join(lane.name for lane in lanes) or message)
        self.update()

    def show_values(self, model: ModelScores | None, scores: TagScores | None) -> None:
        """Show the values of a moment in the margin; None: no values."""
        self._shown = None if model is None or scores is None else (model, scores)
        self.update()

    def set_view(
        self,
        left_s: float,
        right_s: float,
        cursor_s: float | None = None,
        gaps: tuple[tuple[float, float], ...] = (),
        playing_s: float | None = None,
    ) -> None:
        """Set the time range, the marked moment, the gaps, in which nothing is painted, and what is heard."""
        self._view, self._cursor_s, self._gaps, self._playing_s = (left_s, right_s), cursor_s, gaps, playing_s
        self.update()

    def set_markers(self, markers: Markers) -> None:
        """Continue the lines that mark changes in the picture."""
        self._markers = markers

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if event.size().height() != event.oldSize().height():
            self.room_changed.emit()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), QColor(self._theme.panel))
        area = QRectF(gutter_px(), 2, self.width() - gutter_px() - MARGIN_PX, self.height() - 4)
        if not self._lanes:
            painter.setPen(QColor(self._theme.muted))
            painter.drawText(area, Qt.AlignmentFlag.AlignCenter, self._message)
            return
        height = area.height() / self.room
        for row, lane in enumerate(self._lanes[: self.room]):
            place = QRectF(area.left(), area.top() + row * height, area.width(), height)
            self._paint_lane(painter, lane, place)
            self._paint_value(painter, lane, place)
        painter.setPen(QPen(QColor(self._theme.muted), 0))
        for x, _ in in_view(self._markers, *self._view, area):
            painter.drawLine(QPointF(x, area.top()), QPointF(x, area.bottom()))
        self._paint_moment(painter, area, self._cursor_s, Qt.PenStyle.SolidLine, self._theme.accent)
        self._paint_moment(painter, area, self._playing_s, Qt.PenStyle.DashLine, self._theme.text)

    @property
    def room(self) -> int:
        """How many lanes fit at a readable height."""
        return min(max(self.height() // scaled_px(_LOWEST_LANE_PX), 1), LANES)

    def _paint_lane(self, painter: QPainter, lane: Lane, area: QRectF) -> None:
        plot = area.adjusted(0, 3, 0, -1)
        painter.setPen(QColor(self._theme.line))
        painter.drawLine(plot.bottomLeft(), plot.bottomRight())
        used = models_between(self._models, *self._view)
        for model, following in zip(used, [*used[1:], None], strict=True):
            place = model.places.get(lane.label_id)
            if place is not None:
                end_s = self._view[1] if following is None else following.start_s
                self._paint_stretch(painter, lane, model, plot, (max(model.start_s, self._view[0]), end_s))
        self._paint_name(painter, lane, area)

    def _paint_stretch(
        self, painter: QPainter, lane: Lane, model: ModelScores, plot: QRectF, stretch_s: tuple[float, float]
    ) -> None:
        """Paint what one model says of a class, and its threshold, while the model was in use."""
        place, colour = model.places[lane.label_id], class_colour(lane.name, self._theme)
        scale = plot.width() / (self._view[1] - self._view[0])
        left, right = (plot.left() + (time_s - self._view[0]) * scale for time_s in stretch_s)
        stretch = QRectF(left, plot.top(), right - left, plot.height())
        fill = QColor(colour)
        fill.setAlpha(110)
        painter.save()
        painter.setPen(QPen(colour, 0))
        painter.setBrush(fill)
        painter.setClipRect(stretch.adjusted(-1, -1, 1, 1))
        if self._gaps:
            painter.setClipPath(self._without_gaps(plot), Qt.ClipOperation.IntersectClip)
        painter.drawPolygon(self._outline(model, place, plot))
        painter.restore()
        threshold_y = plot.bottom() - float(model.thresholds[place]) * plot.height()
        painter.setPen(QPen(QColor(self._theme.muted), 0, Qt.PenStyle.DotLine))
        painter.drawLine(QPointF(stretch.left(), threshold_y), QPointF(stretch.right(), threshold_y))

    def _without_gaps(self, area: QRectF) -> QPainterPath:
        """The area minus the gaps: a window that spans a gap says nothing about it."""
        left_s, right_s = self._view
        scale = area.width() / (right_s - left_s)
        whole, lost = QPainterPath(), QPainterPath()
        whole.addRect(area)
        for start_s, stop_s in self._gaps:
            if start_s < right_s and stop_s > left_s:
                lost.addRect(
                    area.left() + (start_s - left_s) * scale, area.top(), (stop_s - start_s) * scale, area.height()
                )
        return whole.subtracted(lost) if not lost.isEmpty() else whole

    def _outline(self, model: ModelScores, label: int, area: QRectF) -> QPolygonF:
        """A staircase: each row's probability for as long as it is valid, and 0 between rows that do not touch."""
        left_s, right_s = self._view
        starts, stops, height = model.scores.outline(label, left_s, right_s)
        starts = np.maximum(starts, model.start_s)
        scale = area.width() / (right_s - left_s)
        if len(height) > area.width():
            starts, stops, height = _pooled(starts, stops, height, 1 / scale)
        x = np.clip((np.stack([starts, starts, stops, stops], 1) - left_s) * scale, -1, area.width() + 1)
        zero = np.zeros_like(height)
        y = np.stack([zero, height, height, zero], 1) * area.height()
        # Each row has four corners. Between rows that touch, the outline does not go down to 0 and up again.
        apart = np.flatnonzero(starts[1:] > stops[:-1] + _JOINED_S)
        drawn = np.ones(x.shape, bool)
        drawn[1:, 0] = drawn[:-1, 3] = False
        drawn[apart + 1, 0] = drawn[apart, 3] = True
        # Hundreds of times as fast as a list of points.
        if not drawn.any():
            return QPolygonF()  # pyqtgraph cannot make an empty one
        made: QPolygonF = pg.functions.arrayToQPolygonF((x + area.left())[drawn], (area.bottom() - y)[drawn])
        return made

    def _paint_name(self, painter: QPainter, lane: Lane, area: QRectF) -> None:
        metrics = QFontMetrics(self.font())
        name = metrics.elidedText(lane.name, Qt.TextElideMode.ElideRight, round(area.width() * 0.4))
        plate = QRectF(area.left() + 4, area.top() + 5, metrics.horizontalAdvance(name) + 10, metrics.height() + 2)
        backing = QColor(self._theme.panel)
        backing.setAlpha(190)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(backing)
        painter.drawRoundedRect(plate, 4, 4)
        painter.setPen(QColor(self._theme.text))
        painter.drawText(plate, Qt.AlignmentFlag.AlignCenter, name)

    def _paint_value(self, painter: QPainter, lane: Lane, area: QRectF) -> None:
        """Write the value into the margin below the frequency axis; nothing for a class that the model lacks."""
        if self._shown is None or lane.label_id not in self._shown[0].places:
            return
        probability = float(self._shown[1].probabilities[self._shown[0].places[lane.label_id]])
        painter.save()
        painter.setFont(tabular(self.font()))
        painter.setPen(QColor(self._theme.muted))
        margin = QRectF(0, area.top(), gutter_px() - 6, area.height())
        right = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        painter.drawText(margin, right, formatting.percent(probability))
        painter.restore()

    def _paint_moment(
        self, painter: QPainter, area: QRectF, moment_s: float | None, style: Qt.PenStyle, colour: str
    ) -> None:
        left_s, right_s = self._view
        if moment_s is None or not left_s <= moment_s <= right_s:
            return
        x = area.left() + (moment_s - left_s) / (right_s - left_s) * area.width()
        painter.setPen(QPen(QColor(colour), 0, style))
        painter.drawLine(QPointF(x, 0), QPointF(x, self.height()))


def _pooled(
    starts: NDArray[np.float64], stops: NDArray[np.float64], height: NDArray[np.float64], pixel_s: float
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Rows that begin in the same pixel as one row with the highest probability of them."""
    first = np.flatnonzero(np.diff(np.floor(starts / pixel_s), prepend=-np.inf))
    last = np.append(first[1:], len(starts)) - 1
    return starts[first], stops[last], np.maximum.reduceat(height, first)


def choose_lanes(
    shown: Sequence[str], peaks: Mapping[str, float], pinned: Sequence[str], heard: Set[str], count: int = LANES
) -> tuple[str, ...]:
    """Choose the labels that get a lane, by id: pinned ones first, then those that are heard, then those with the
    highest peaks.

    A label that keeps its lane keeps its place. shown: the labels with a lane now. peaks: each label's highest
    probability in view; a pinned label that is not among them has no lane. heard: labels that reach their thresholds
    in view. count: how many lanes can be seen.
    """
    first = tuple(label for label in dict.fromkeys(pinned) if label in peaks)[:count]
    others = (label for label in peaks if label not in first)
    order = sorted(others, key=lambda label: (label not in heard, -peaks[label]))
    wanted = [label for label in order if peaks[label] >= _LOWEST_PEAK][: count - len(first)]
    kept = [label if label in wanted else None for label in shown if label not in first]
    new = [label for label in wanted if label not in kept]
    places = [label if label is not None else (new.pop(0) if new else None) for label in kept] + new
    return first + tuple(label for label in places if label is not None)[: count - len(first)]
