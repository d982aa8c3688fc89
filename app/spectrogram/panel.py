"""The spectrogram panel: the picture and lanes of one timeline, with a heading above them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from PySide6.QtCore import QElapsedTimer, Qt, Signal, Slot
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from app.spectrogram.axes.frequency_scale import bin_frequency_hz
from app.spectrogram.axes.time_axis import TimeLabels
from app.spectrogram.boxes.event_boxes import implied_ids
from app.spectrogram.history.column_history import byte_db
from app.spectrogram.history.model_scores import ModelScores, models_between
from app.spectrogram.lanes import Lane, LanesStrip, choose_lanes
from app.spectrogram.live_timeline import LiveTimeline
from app.spectrogram.navigation import Navigation
from app.spectrogram.picture.colour_maps import pixel_table
from app.spectrogram.plot import SpectrogramPlot
from app.spectrogram.timeline import Timeline
from app.style import formatting
from app.style.appearance import Appearance
from app.style.plain_text import PlainLabel
from app.style.theme import tabular
from app.tags.muted import MutedClasses
from app.tags.parents import ShownParents
from app.tags.pins import Pins
from app.widgets.labels import set_text
from core.labels import LabelSet

_LANES_EVERY_MS = 250
_NO_LANES = "Probabilities over time appear here."
_PICTURE_PX = 236
"""The height that picture and time axis get before there is a second lane."""


class SpectrogramPanel(QFrame):
    """Shows a timeline, and reports where the user scrolls, zooms and clicks in it."""

    scrolled = Signal(float)
    """By so many seconds."""
    zoomed = Signal(float, float)
    """The factor, and the moment under the pointer in seconds."""
    moment_clicked = Signal(float)
    """The moment in seconds."""
    selecting = Signal(float, float)
    """The moments between which a stretch is being selected, in seconds."""

    def __init__(
        self,
        live: LiveTimeline,
        appearance: Appearance,
        pins: Pins,
        parents: ShownParents,
        muted: MutedClasses,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setObjectName("Card")
        self.timeline: Timeline = live
        self._appearance, self._pins, self._parents, self._muted = appearance, pins, parents, muted
        self._lanes_age = QElapsedTimer()
        self._implied_of: tuple[LabelSet | None, Mapping[str, frozenset[str]]] = (None, {})
        self._build(live)
        self._connect()
        self.apply_theme()
        self.show_timeline(live)

    def _build(self, live: LiveTimeline) -> None:
        self.plot = SpectrogramPlot(live.wall.of)
        self.plot.setAccessibleName("Spectrogram")
        self.plot.setToolTip(
            "Drag to scroll back. Use the wheel to zoom in time, Ctrl+wheel to zoom in frequency.\n"
            "Click or press ← and → to select a moment, drag with Shift to select a stretch: play it, save it,\n"
            "or drag it out of the window as a file."
        )
        self.lanes = LanesStrip(self._appearance.theme)
        self.caption = PlainLabel()
        self.caption.setObjectName("Heading")
        # A long file name is cut short; it must not make the window wider.
        self.caption.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.readout = PlainLabel()
        self.readout.setObjectName("Muted")
        self.readout.setFont(tabular(self.readout.font()))
        self.pill = QPushButton()
        self.pill.setObjectName("Pill")
        self.pill.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        policy = self.pill.sizePolicy()
        policy.setRetainSizeWhenHidden(True)
        self.pill.setSizePolicy(policy)
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
        # The lanes get the height they ask for (see share_room), the plot gets the rest.
        self.plot.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Ignored)
        self.setMinimumWidth(360)

    def _connect(self) -> None:
        self.plot.dragged.connect(self.scrolled)
        self.plot.zoomed.connect(self._on_zoomed)
        self.plot.clicked.connect(self._on_clicked)
        self.plot.selecting.connect(lambda a, b: self.selecting.emit(a + self._origin_s, b + self._origin_s))
        self.plot.hovered.connect(self._on_hovered)
        self.plot.hover_left.connect(self.readout.clear)
        self.plot.area_changed.connect(self._on_area)
        self.lanes.room_changed.connect(self.refresh_lanes)
        self._appearance.changed.connect(self.apply_theme)
        self._pins.changed.connect(self.refresh_lanes)
        for changed in (self._parents.changed, self._muted.changed):
            changed.connect(self.refresh_lanes)
            changed.connect(self.refresh)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.lanes.share_room(self.height() - self.plot.y(), _PICTURE_PX)

    @Slot()
    def apply_theme(self) -> None:
        """Paint in the colours of the current theme."""
        self.plot.apply_theme(self._appearance.theme)
        self.lanes.apply_theme(self._appearance.theme)

    def set_colours(self, colour_map: str, range_db: tuple[int, int]) -> None:
        """Use another colour map or range of levels."""
        self.plot.set_colours(pixel_table(colour_map, *range_db))

    def show_timeline(self, timeline: Timeline) -> None:
        """Show another timeline."""
        self.timeline = timeline
        self.plot.show_history(timeline.history, self._time_labels())
        self.refresh_lanes()
        self.refresh()

    def timeline_changed(self) -> None:
        """Redraw after the timeline has got its picture, other scores or another message."""
        self.show_timeline(self.timeline)

    def advance(self) -> None:
        """One step of the animation of the live timeline."""
        if not self.timeline.is_live:
            return
        if not self._lanes_age.isValid() or self._lanes_age.elapsed() >= _LANES_EVERY_MS:
            self.refresh_lanes()
        if self.timeline.view.is_following or not self.plot.isVisible():
            self.refresh()

    def refresh(self) -> None:
        """Paint the current state of the timeline."""
        timeline = self.timeline
        view = timeline.view
        origin_s = self._origin_s
        self.plot.set_time_labels(self._time_labels())
        at_edge = timeline.is_growing and view.is_following and view.last_s > 0
        self.plot.set_markers(timeline.markers)
        self.plot.set_view(view.left_s, view.right_s, origin_s, marks_edge=at_edge)
        self.plot.moments.set_cursor(timeline.cursor_s if timeline.cursor_s is None else timeline.cursor_s - origin_s)
        stretch_s = timeline.stretch_s
        self.plot.moments.set_stretch(stretch_s and (stretch_s[0] - origin_s, stretch_s[1] - origin_s))
        heard_s = timeline.playing_s
        self.plot.moments.set_playing(heard_s if heard_s is None else heard_s - origin_s)
        self.plot.boxes.left_out = self._muted.names.keys() if timeline.is_live else ()
        self.plot.boxes.show_events(timeline.events, self._implied(), origin_s, view.last_s)
        gaps = () if timeline.history is None else timeline.history.gaps_between(view.left_s, view.right_s)
        self.lanes.set_view(view.left_s, view.right_s, timeline.cursor_s, gaps, timeline.playing_s)
        self.lanes.set_markers(timeline.markers)
        self.lanes.show_values(timeline.shown_model, timeline.scores_in_view())
        self._refresh_header()
        self._place_message()

    @Slot()
    def refresh_lanes(self) -> None:
        """Choose the classes that get a lane."""
        self._lanes_age.restart()
        view, models = self.timeline.view, self.timeline.models
        if not any(model.scores for model in models):
            self.lanes.show_lanes((), (), _NO_LANES)
            return
        peaks, heard = self._shown_peaks(models_between(models, view.left_s, view.right_s))
        before = [lane.label_id for lane in self.lanes.lanes]
        shown = choose_lanes(before, peaks, self._pins.ids, heard, self.lanes.room)
        names = {label.id: label.name for model in models for label in model.labels}
        self.lanes.show_lanes(models, [Lane(label_id, names[label_id]) for label_id in shown], _NO_LANES)

    def _shown_peaks(self, models: Sequence[ModelScores]) -> tuple[dict[str, float], set[str]]:
        """The highest probability in view of each label, by id, 0 for what a more specific one implies and what is
        muted; and the labels that reach their thresholds."""
        view = self.timeline.view
        found: dict[str, float] = {}
        heard = set[str]()
        for model in reversed(models):
            highest = model.scores.peaks(view.left_s, view.right_s)
            is_heard = highest >= model.thresholds
            left_out = self._parents.left_out(model.labels, is_heard)
            if self.timeline.is_live:
                left_out[list(self._muted.indices(model.labels))] = True
            heard |= {model.labels[i].id for i in np.flatnonzero(is_heard & ~left_out).tolist()}
            for label_id, peak in zip(model.places, np.where(left_out, 0, highest).tolist(), strict=True):
                found[label_id] = max(found.get(label_id, 0.0), peak)
        return found, heard

    def _implied(self) -> Mapping[str, frozenset[str]]:
        """What each label of the newest model implies, by id; nothing where that is shown too."""
        labels = self.timeline.labels
        if labels is None or self._parents.is_on:
            return {}
        if labels is not self._implied_of[0]:
            # Asked 30 times a second: to find hundreds of labels in a cache costs more than to paint the boxes.
            self._implied_of = labels, implied_ids(labels)
        return self._implied_of[1]

    # ----- input -----

    def connect_navigation(self, navigation: Navigation) -> None:
        """Pass the user's input on to a navigation, and show where it moves."""
        self.scrolled.connect(navigation.scroll_by)
        self.zoomed.connect(navigation.zoom_at)
        self.moment_clicked.connect(navigation.set_cursor)
        self.selecting.connect(navigation.select)
        navigation.playing_moved.connect(self.refresh)
        self.pill.clicked.connect(navigation.go_live)
        navigation.moved.connect(self._on_moved)

    @Slot()
    def _on_moved(self) -> None:
        self.refresh_lanes()
        self.refresh()

    @Slot(float, float)
    def _on_zoomed(self, factor: float, view_s: float) -> None:
        self.zoomed.emit(factor, view_s + self._origin_s)

    @Slot(float)
    def _on_clicked(self, view_s: float) -> None:
        self.moment_clicked.emit(view_s + self._origin_s)

    # ----- texts -----

    @property
    def _origin_s(self) -> float:
        return self.timeline.view.right_s if self._counts_from_now else 0.0

    @property
    def _counts_from_now(self) -> bool:
        """The right edge is now: new sound comes in there, or soon will."""
        timeline = self.timeline
        return timeline.is_live and timeline.view.is_following and (timeline.is_growing or timeline.view.last_s <= 0)

    def _time_labels(self) -> TimeLabels:
        if not self.timeline.is_live:
            return TimeLabels.IN_FILE
        return TimeLabels.BEFORE_NOW if self._counts_from_now else TimeLabels.CLOCK

    def _refresh_header(self) -> None:
        timeline = self.timeline
        metrics, room_px = self.caption.fontMetrics(), self.caption.width()
        set_text(self.caption, metrics.elidedText(timeline.caption, Qt.TextElideMode.ElideMiddle, room_px))
        following = timeline.is_live and timeline.view.is_following
        way_back = "Newest sound" if timeline.is_live and not timeline.is_growing else "Back to live"
        text = "● live" if following else way_back
        if self.pill.text() != text:
            self.pill.setText(text)
            self.pill.setEnabled(not following)
            self.pill.setAccessibleName("Following the live sound" if following else text)
            self.pill.setToolTip("The picture follows the live sound." if following else f"{text} (End)")
        # When no sound comes in, “● live” would be wrong, and there is no newer sound to scroll to.
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
        parts = (
            self.plot.time_label(view_s),
            formatting.frequency(bin_frequency_hz(row, history.mels)),
            formatting.decibels(byte_db(level)),
        )
        self.readout.setText("   ".join(parts))
