"""The spectrogram with its axes: paints a range of time, and reports mouse and keyboard input by signals."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QPointF, Qt, Signal
from PySide6.QtGui import QColor, QContextMenuEvent, QPen
from PySide6.QtWidgets import QWidget

from app.spectrogram.axes.frequency_axis import FrequencyView, HertzAxis
from app.spectrogram.axes.frequency_scale import SCALES, bin_position
from app.spectrogram.axes.time_axis import TimeAxis, TimeLabels
from app.spectrogram.boxes.painting import EventBoxItem
from app.spectrogram.history.column_history import ColumnHistory
from app.spectrogram.picture.markers import Markers
from app.spectrogram.picture.moments import MarkedMoments
from app.spectrogram.picture.picture_item import PictureItem
from app.style.text_size import scaled_px
from app.style.theme import PICTURE_VOID, Theme

GUTTER_PX = 52
"""Width of the frequency axis for text of the system's size; everything on the same time axis keeps this margin."""
MARGIN_PX = 14
MELS = 128
"""Rows of the picture."""
_LOWEST_PX = 120


def gutter_px() -> int:
    """The width of the frequency axis for today's size of text."""
    return scaled_px(GUTTER_PX)


class _TimeViewBox(pg.ViewBox):
    """A view box that passes drags, wheel and clicks to the plot instead of moving itself."""

    def __init__(self, plot: SpectrogramPlot) -> None:
        super().__init__(enableMouse=False, enableMenu=False, defaultPadding=0)
        self._plot = plot

    def mouseDragEvent(self, ev: Any, axis: int | None = None) -> None:
        ev.accept()
        if self._plot.has_taken(ev, self.mapToView(ev.buttonDownPos()).x(), self.mapToView(ev.pos()).x()):
            return
        moved = self.mapToView(ev.lastPos()) - self.mapToView(ev.pos())
        self._plot.scroll_frequency(moved.y())
        self._plot.dragged.emit(moved.x())

    def mouseClickEvent(self, ev: Any) -> None:
        if ev.button() == Qt.MouseButton.LeftButton:
            ev.accept()
            event = self._plot.boxes.event_at(ev.pos())
            if event is not None:
                self._plot.box_clicked.emit(event)
            else:
                self._plot.clicked.emit(self.mapToView(ev.pos()).x())

    def wheelEvent(self, ev: Any, axis: int | None = None) -> None:
        ev.accept()
        factor, point = 0.999 ** ev.delta(), self.mapToView(ev.pos())
        if ev.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self._plot.zoom_frequency(factor, point.y())
        else:
            self._plot.zoomed.emit(factor, point.x())


class SpectrogramPlot(pg.PlotWidget):
    """Paints a ColumnHistory. All times are in view seconds: stream seconds minus the origin given to `set_view`."""

    dragged = Signal(float)
    """Seconds to scroll by."""
    zoomed = Signal(float, float)
    """The factor, and the time under the pointer."""
    clicked = Signal(float)
    """The time that was clicked."""
    box_clicked = Signal(object)
    """The TimelineEvent whose name was clicked."""
    selecting = Signal(float, float)
    """The times between which a stretch is being selected, in either order."""
    pressed_in_stretch = Signal()
    """The button went down in the selected stretch, and the mouse moves: it may be dragged away. No payload."""
    menu_wanted = Signal(object)
    """The QPoint on the screen where a menu of the picture was asked for."""
    hovered = Signal(float, float)
    """The time and the mel row under the pointer."""
    hover_left = Signal()
    """The pointer has left the picture. No payload."""
    area_changed = Signal()
    """The size of the picture has changed. No payload."""

    def __init__(self, wall_clock: Any, parent: QWidget | None = None) -> None:
        self._time_axis = TimeAxis(wall_clock)
        self._hertz_axis = HertzAxis()
        self.frequencies = FrequencyView()
        self.frequency_scale = SCALES["mel"]
        super().__init__(
            parent,
            viewBox=_TimeViewBox(self),
            axisItems={"left": self._hertz_axis, "bottom": self._time_axis},
        )
        # A PlotWidget would accept drags itself; the window must receive them.
        self.setAcceptDrops(False)
        self.viewport().setAcceptDrops(False)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self.setMinimumHeight(_LOWEST_PX)
        self._build()

    def _build(self) -> None:
        # Any: pyqtgraph's annotations are incomplete.
        item: Any = self.getPlotItem()
        item.hideButtons()
        self._set_margins()
        self._view_box: pg.ViewBox = item.getViewBox()
        self._view_box.setBackgroundColor(PICTURE_VOID)
        self._view_box.setXRange(-10, 0, padding=0)
        self._picture = PictureItem(self._view_box)
        self.boxes = EventBoxItem(self._view_box)
        """The events on the picture."""
        self.moments = MarkedMoments(item)
        self._message: Any = pg.TextItem("", anchor=(0.5, 0.5))
        self._message_shown = (0.0, "")
        item.addItem(self._message, ignoreBounds=True)
        self._show_frequencies()
        self._view_box.sigResized.connect(lambda *_: self.area_changed.emit())
        scene: Any = self.scene()
        scene.sigMouseMoved.connect(self._on_mouse_moved)

    def _set_margins(self) -> None:
        item: Any = self.getPlotItem()
        item.layout.setContentsMargins(0, scaled_px(6), MARGIN_PX, 0)
        self._hertz_axis.setWidth(gutter_px())

    def apply_theme(self, theme: Theme) -> None:
        """Paint the axes in the theme's colours; the picture stays dark."""
        self.setBackground(theme.panel)
        self._set_margins()
        for axis in (self._hertz_axis, self._time_axis):
            axis.setPen(QPen(QColor(theme.line)))
            axis.setTextPen(QPen(QColor(theme.muted)))
        self.moments.apply_theme(theme)
        self._picture.edge_colour = QColor(theme.accent)

    def set_colours(self, table: NDArray[np.uint32]) -> None:
        """Set the pixel for each byte, `(256,)`."""
        self._picture.ring.set_colours(table)
        self._picture.update()

    def show_history(self, history: ColumnHistory | None, labels: TimeLabels) -> None:
        """Draw another history."""
        self._picture.history = history
        self._picture.ring.show(history)
        self.set_time_labels(labels)
        self._picture.update()

    def set_time_labels(self, labels: TimeLabels) -> None:
        """Change what the time axis counts."""
        self._time_axis.set_labels(labels)

    def set_view(self, left_s: float, right_s: float, origin_s: float, *, marks_edge: bool = False) -> None:
        """Show stream time from left_s to right_s; the axis counts from origin_s.

        marks_edge: mark the right edge, where new sound comes in.
        """
        shown = self._view_box.viewRange()[0]
        wanted = (left_s - origin_s, right_s - origin_s)
        # While following, the range stays the same and only the picture moves: the axis is not redrawn.
        if abs(shown[0] - wanted[0]) + abs(shown[1] - wanted[1]) > 1e-6:
            self._view_box.setXRange(*wanted, padding=0)
        self._picture.origin_s, self._picture.marks_edge = origin_s, marks_edge
        self._picture.update()

    def zoom_frequency(self, factor: float, anchor_row: float | None = None) -> None:
        """Show `factor` times as many frequencies around a position of the scale, by default the middle."""
        self.frequencies.zoom(factor, anchor_row)
        self._show_frequencies()

    def scroll_frequency(self, by_rows: float) -> None:
        """Scroll upwards by positions of the scale."""
        self.frequencies.move(by_rows)
        self._show_frequencies()

    def set_scale(self, name: str) -> None:
        """Use another frequency scale, one of SCALES, and show all of it."""
        self.frequency_scale = SCALES[name]
        self._hertz_axis.set_scale(self.frequency_scale)
        self.boxes.frequency_scale = self.frequency_scale
        self.frequencies.show_all()
        self._show_frequencies()

    def _show_frequencies(self) -> None:
        low, high = self.frequencies.low, self.frequencies.high
        self._view_box.setYRange(low, high, padding=0)
        self._picture.ring.set_rows(low, high, self.frequency_scale)
        self._picture.update()
        self._centre_message()

    def has_taken(self, ev: Any, from_s: float, to_s: float) -> bool:
        """Whether a drag selects (with Shift), or begins in the selected stretch; any other one scrolls."""
        if ev.modifiers() & Qt.KeyboardModifier.ShiftModifier:
            self.selecting.emit(from_s, to_s)
            return True
        is_in_stretch = self.moments.is_in_stretch(from_s)
        if is_in_stretch and ev.isStart():
            self.pressed_in_stretch.emit()
        return is_in_stretch

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        self.menu_wanted.emit(event.globalPos())
        event.accept()

    def set_markers(self, markers: Markers) -> None:
        """Mark changes: seconds of the stream, and a few words."""
        self._picture.markers = markers
        self.boxes.has_markers = bool(markers)

    def set_message(self, text: str) -> None:
        """Show a message, as rich text, in the middle of an empty picture; "" removes it. Escape what is not ours."""
        width_px = self._view_box.width() - 20
        if (width_px, text) != self._message_shown:
            self._message_shown = (width_px, text)
            self._message.setHtml(f'<div style="color:#b9c0ce;text-align:center">{text}</div>' if text else "")
            self._message.setTextWidth(-1)
            # Text needs a width to be centred, and a limit not to be cut off.
            self._message.setTextWidth(min(self._message.textItem.document().idealWidth(), width_px))
        self._centre_message()
        self._message.setVisible(bool(text))

    def _centre_message(self) -> None:
        (left, right), (bottom, top) = self._view_box.viewRange()
        self._message.setPos((left + right) / 2, (bottom + top) / 2)

    def time_label(self, time_s: float) -> str:
        """The label of a moment (view seconds) on the axis."""
        return self._time_axis.label_of(time_s)

    def _on_mouse_moved(self, position: QPointF) -> None:
        if not self._view_box.sceneBoundingRect().contains(position):
            self.hover_left.emit()
            return
        point = self._view_box.mapSceneToView(position)
        frequency_hz = self.frequency_scale.frequency_hz(point.y(), MELS)
        self.hovered.emit(point.x(), bin_position(frequency_hz, MELS))

    def leaveEvent(self, ev: QEvent) -> None:
        self.hover_left.emit()
        super().leaveEvent(ev)

    def keyPressEvent(self, ev: Any) -> None:
        """Leave all keys to the window."""
        ev.ignore()
