"""The spectrogram panel: picture, lanes and the line above them, all showing one timeline. Knows no audio device."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
from PySide6.QtCore import QElapsedTimer, Qt, Signal, Slot
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from app.spectrogram.axes import TimeLabels, bin_frequency_hz
from app.spectrogram.colour_maps import pixel_table
from app.spectrogram.column_history import byte_db
from app.spectrogram.lanes import Lane, LanesStrip, choose_lanes
from app.spectrogram.plot import SpectrogramPlot
from app.spectrogram.timeline import LiveTimeline, Timeline
from app.style import formatting
from app.style.appearance import Appearance
from app.style.plain_text import PlainLabel
from app.style.theme import tabular
from app.tags.pins import Pins

_LANES_EVERY_MS = 250
_PICTURE_PX = 236
"""How high picture and time axis are before the lanes get more than one row."""


class SpectrogramPanel(QFrame):
    """Shows a timeline and lets the user move about in it.

    moment_changed: another moment is in view or under the cursor. live_wanted: the way back was asked for.
    """

    moment_changed = Signal()
    live_wanted = Signal()

    def __init__(
        self, timeline: LiveTimeline, appearance: Appearance, pins: Pins, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setObjectName("Card")
        self._live = timeline
        self.timeline: Timeline = timeline
        self._appearance, self._pins = appearance, pins
        self._lanes_age = QElapsedTimer()
        self._build()
        self._connect()
        self.apply_theme()
        self.show_timeline(timeline)

    def _build(self) -> None:
        self.plot = SpectrogramPlot(self._live.wall_clock_s)
        self.plot.setAccessibleName("Spectrogram")
        self.plot.setToolTip(
            "Drag to scroll back. Turn the wheel to zoom in time, with Ctrl in frequency.\n"
            "Click, or press ← and →, to look at one moment."
        )
        self.lanes = LanesStrip(self._appearance.theme)
        self.caption = PlainLabel()
        self.caption.setObjectName("Heading")
        # Cut short rather than wider than the window, however long a file's name is.
        self.caption.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.readout = PlainLabel()
        self.readout.setObjectName("Muted")
        self.readout.setFont(tabular(self.readout.font()))
        self.pill = QPushButton()
        self.pill.setObjectName("Pill")
        self.pill.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        keeps_its_place = self.pill.sizePolicy()
        keeps_its_place.setRetainSizeWhenHidden(True)
        self.pill.setSizePolicy(keeps_its_place)
        header = QHBoxLayout()
        header.setContentsMargins(12, 8, 12, 4)
        header.addWidget(self.caption, 1)
        header.addWidget(self.readout)
        header.addSpacing(8)
        header.addWidget(self.pill)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(1, 1, 1, 6)
        layout.setSpacing(0)
        layout.addLayout(header)
        layout.addWidget(self.plot, 1)
        layout.addWidget(self.lanes)
        # Of all the room that is left: what the lanes want comes first, and they ask for what the picture can spare.
        self.plot.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Ignored)
        self.setMinimumWidth(360)

    def _connect(self) -> None:
        self.plot.dragged.connect(self.scroll_by)
        self.plot.zoomed.connect(self._zoom_at)
        self.plot.clicked.connect(self._on_clicked)
        self.plot.hovered.connect(self._on_hovered)
        self.plot.hover_left.connect(self.readout.clear)
        self.plot.area_changed.connect(self._on_area)
        self.pill.clicked.connect(self._on_pill)
        self._appearance.changed.connect(self.apply_theme)
        self._pins.changed.connect(self.refresh_lanes)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.lanes.share_room(self.height() - self.plot.y(), _PICTURE_PX)

    @Slot()
    def apply_theme(self) -> None:
        """Take the colours of the theme in force."""
        self.plot.apply_theme(self._appearance.theme)
        self.lanes.apply_theme(self._appearance.theme)

    def set_colours(self, colour_map: str, range_db: tuple[int, int]) -> None:
        """Draw with another colour map or range of levels."""
        self.plot.set_colours(pixel_table(colour_map, *range_db))

    def show_timeline(self, timeline: Timeline) -> None:
        """Show another timeline as its owner left it."""
        self.timeline = timeline
        self.plot.show_history(timeline.history, self._time_labels())
        self.refresh_lanes()
        self.refresh()

    def timeline_changed(self) -> None:
        """The timeline shown got its picture, other scores or another message."""
        self.show_timeline(self.timeline)

    def advance(self) -> None:
        """One step of the animation: let the live edge move on."""
        self._live.advance(time.monotonic())
        if self.timeline is not self._live:
            return
        if not self._lanes_age.isValid() or self._lanes_age.elapsed() >= _LANES_EVERY_MS:
            self.refresh_lanes()
        if self.timeline.view.is_following or not self.plot.isVisible():
            self.refresh()

    def refresh(self) -> None:
        """Paint the timeline as it is now."""
        timeline = self.timeline
        view = timeline.view
        origin_s = self._origin_s
        self.plot.set_time_labels(self._time_labels())
        at_edge = timeline.is_growing and view.is_following and view.last_s > 0
        self.plot.set_view(view.left_s, view.right_s, origin_s, marks_edge=at_edge)
        self.plot.set_cursor(timeline.cursor_s if timeline.cursor_s is None else timeline.cursor_s - origin_s)
        gaps = () if timeline.history is None else timeline.history.gaps_s
        self.lanes.set_view(view.left_s, view.right_s, timeline.cursor_s, gaps)
        self._refresh_header()
        self._place_message()

    @Slot()
    def refresh_lanes(self) -> None:
        """Choose the lanes anew."""
        self._lanes_age.restart()
        timeline = self.timeline
        if not timeline.scores or timeline.labels is None or timeline.thresholds is None:
            self.lanes.show_lanes(None, (), "Probabilities over time appear here.")
            return
        view = timeline.view
        peaks = timeline.scores.peaks(view.left_s, view.right_s).tolist()
        shown = [lane.label for lane in self.lanes.lanes if lane.label < len(peaks)]
        chosen = choose_lanes(shown, peaks, self._pins.indices(timeline.labels))
        names, thresholds = timeline.labels.names, timeline.thresholds
        lanes = [Lane(label, names[label], float(thresholds[label])) for label in chosen]
        self.lanes.show_lanes(timeline.scores, lanes, "Probabilities over time appear here.")

    # ----- moving about -----

    @Slot(float)
    def scroll_by(self, by_s: float) -> None:
        """Scroll by seconds; the view is held from then on."""
        self._move_view(lambda: self.timeline.view.move(by_s))

    def page(self, pages: float) -> None:
        """Scroll by so many widths of the view."""
        self.scroll_by(pages * self.timeline.view.span_s)

    def zoom(self, factor: float) -> None:
        """Show `factor` times as much time."""
        self._move_view(lambda: self.timeline.view.zoom(factor, self.timeline.cursor_s))

    def set_span(self, span_s: float) -> None:
        """Show so many seconds."""
        self.zoom(span_s / self.timeline.view.span_s)

    def set_frozen(self, frozen: bool) -> None:
        """Hold the live picture, or go on."""
        view = self._live.view
        self._move_view(view.hold if frozen else self._follow)

    @property
    def is_frozen(self) -> bool:
        """The live picture is held."""
        return not self._live.view.is_following

    def step_cursor(self, steps: int) -> None:
        """Move the cursor by so many windows; the first step puts it at the right edge."""
        timeline = self.timeline
        if timeline.scores is None or not len(timeline.scores):
            return
        starts = timeline.scores.starts_s
        here = timeline.view.right_s if timeline.cursor_s is None else timeline.cursor_s
        row = int(np.searchsorted(starts, here + 1e-6, side="right")) - 1 + steps
        row = min(max(row, 0), len(starts) - 1)
        self._set_cursor(float(starts[row] + timeline.scores.stops_s[row]) / 2)

    def go_to_start(self) -> None:
        """The oldest sound kept."""
        self.scroll_by(-1e9)

    def go_to_end(self) -> None:
        """The newest sound; in a file its end, and then back to live."""
        view = self.timeline.view
        if self.timeline.is_live or view.right_s >= view.last_s - 1e-3:
            self._on_pill()
        else:
            self.scroll_by(1e9)

    def _move_view(self, move: Callable[[], None]) -> None:
        if self.timeline.history is None:
            return
        move()
        self.refresh_lanes()
        self.refresh()
        self.moment_changed.emit()

    def _follow(self) -> None:
        self._live.cursor_s = None
        self._live.view.follow()

    def _set_cursor(self, time_s: float) -> None:
        timeline = self.timeline
        timeline.view.hold()
        timeline.cursor_s = min(max(time_s, timeline.view.first_s), timeline.view.last_s)
        self._move_view(timeline.keep_cursor_in_view)

    @Slot(float, float)
    def _zoom_at(self, factor: float, view_s: float) -> None:
        self._move_view(lambda: self.timeline.view.zoom(factor, view_s + self._origin_s))

    @Slot(float)
    def _on_clicked(self, view_s: float) -> None:
        if self.timeline.history is not None:
            self._set_cursor(view_s + self._origin_s)

    @Slot()
    def _on_pill(self) -> None:
        if self.timeline.is_live:
            self._move_view(self._follow)
        else:
            self.live_wanted.emit()

    # ----- words -----

    @property
    def _origin_s(self) -> float:
        return self.timeline.view.right_s if self._counts_from_now else 0.0

    @property
    def _counts_from_now(self) -> bool:
        """The right edge is now: sound comes in there, or will."""
        timeline = self.timeline
        return timeline.is_live and timeline.view.is_following and (timeline.is_growing or timeline.view.last_s <= 0)

    def _time_labels(self) -> TimeLabels:
        if not self.timeline.is_live:
            return TimeLabels.IN_FILE
        return TimeLabels.BEFORE_NOW if self._counts_from_now else TimeLabels.CLOCK

    def _refresh_header(self) -> None:
        timeline = self.timeline
        metrics, room_px = self.caption.fontMetrics(), self.caption.width()
        _say(self.caption, metrics.elidedText(timeline.caption, Qt.TextElideMode.ElideMiddle, room_px))
        following = timeline.is_live and timeline.view.is_following
        way_back = "Newest sound" if timeline.is_live and not timeline.is_growing else "Back to live"
        words = "● live" if following else way_back
        if self.pill.text() != words:
            self.pill.setText(words)
            self.pill.setEnabled(not following)
            self.pill.setAccessibleName("Following the live sound" if following else words)
            self.pill.setToolTip("The picture follows the live sound." if following else f"{words} (End)")
        # Nothing is live while nobody listens, and there is no newer sound to go to.
        self.pill.setVisible(timeline.is_growing or not following)

    @Slot()
    def _on_area(self) -> None:
        self._refresh_header()
        self._place_message()

    def _place_message(self) -> None:
        timeline = self.timeline
        empty = timeline.history is None or timeline.history.end == 0
        self.plot.set_message(timeline.message if empty else "")

    @Slot(float, float)
    def _on_hovered(self, view_s: float, row: float) -> None:
        history = self.timeline.history
        if history is None:
            return
        level = history.byte_at(view_s + self._origin_s, int(row))
        if level is None:
            self.readout.clear()
            return
        words = (
            self.plot.time_name(view_s),
            formatting.frequency(bin_frequency_hz(row, history.mels)),
            formatting.decibels(byte_db(level)),
        )
        self.readout.setText("   ".join(words))


def _say(widget: QLabel | QPushButton, text: str) -> None:
    """Set a text only when it changed: laying text out costs more than the picture."""
    if widget.text() != text:
        widget.setText(text)
