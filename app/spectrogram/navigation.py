"""Moves the view and the cursor of the timeline on show: scroll, zoom, freeze, step and go back to live."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from PySide6.QtCore import QObject, Qt, Signal, Slot

from app.spectrogram.live_timeline import LiveTimeline
from app.spectrogram.timeline import Timeline

SHORTEST_STRETCH_S = 0.02
_STEPS_A_VIEW = 50
_BEFORE_SHARE, _LEAST_SHARE, _EVENT_SPAN_S = 0.2, 0.02, 20.0
"""Of the view that goes to an event: how much of it lies before the event, how much an event must take lest less time
is shown, and how much time that is."""
_LEAST_COLUMNS = 60


class Navigation(QObject):
    """The only writer of a timeline's view and cursor.

    live: the live timeline. timeline: the one on show, at first the live one. moved: its view or cursor has changed.
    playing_moved: the moment that is heard has changed, and nothing else. live_wanted: the user wants to leave a file
    for the live sound.
    """

    moved = Signal()
    playing_moved = Signal()
    live_wanted = Signal()

    def __init__(self, live: LiveTimeline, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.live = live
        self.timeline: Timeline = live

    @property
    def is_frozen(self) -> bool:
        """The live view is held."""
        return not self.live.view.is_following

    @Slot(float)
    def scroll_by(self, by_s: float) -> None:
        """Scroll by seconds; the view is held from then on."""
        self._move(lambda: self.timeline.view.move(by_s))

    def page(self, pages: float) -> None:
        """Scroll by so many widths of the view."""
        self.scroll_by(pages * self.timeline.view.span_s)

    def zoom(self, factor: float) -> None:
        """Show `factor` times as much time, around the cursor if there is one."""
        self._move(lambda: self.timeline.view.zoom(factor, self.timeline.cursor_s))

    @Slot(float, float)
    def zoom_at(self, factor: float, time_s: float) -> None:
        """Show `factor` times as much time, around a moment."""
        self._move(lambda: self.timeline.view.zoom(factor, time_s))

    def set_span(self, span_s: float) -> None:
        """Show so many seconds."""
        self.zoom(span_s / self.timeline.view.span_s)

    def show_all(self) -> None:
        """Show all of the time that there is; the live view follows the newest sound if it did before."""
        view, is_following = self.timeline.view, self.timeline.view.is_following
        self._move(view.show_all)
        if is_following:
            view.follow()

    def set_frozen(self, frozen: bool) -> None:
        """Freeze the live picture or let it follow again, also while a file is on show."""
        if frozen:
            self.live.view.hold()
        else:
            self._follow()
        self.moved.emit()

    def set_frozen_here(self) -> None:
        """Hold the timeline on show where it is."""
        self.timeline.view.hold()
        self.moved.emit()

    def step_cursor(self, steps: int) -> None:
        """Move the cursor by so many windows; the first step starts at the right edge."""
        windows_s = self.timeline.windows_s()
        if not len(windows_s):
            return
        row = int(np.searchsorted(windows_s[:, 0], self.timeline.moment_s + 1e-6, side="right")) - 1 + steps
        self.set_cursor(float(windows_s[min(max(row, 0), len(windows_s) - 1)].mean()))

    @Slot(float)
    def set_cursor(self, time_s: float) -> None:
        """Put the cursor at a moment; the view is held from then on."""
        timeline = self.timeline
        if timeline.history is None:
            return
        timeline.view.hold()
        timeline.cursor_s = min(max(time_s, timeline.view.first_s), timeline.view.last_s)
        self._move(timeline.keep_cursor_in_view)

    @Slot(float, float)
    def go_to(self, start_s: float, stop_s: float) -> None:
        """Put the cursor where an event begins, and show what comes before it too; where it would be a mere line, show
        less time."""
        timeline, view = self.timeline, self.timeline.view
        if timeline.history is None:
            return
        length_s = max(stop_s - start_s, 0.0)
        view.hold()
        # The picture of a long file has few columns a second.
        span_s = max(_EVENT_SPAN_S, _LEAST_COLUMNS / timeline.history.columns_per_s)
        if length_s < _LEAST_SHARE * view.span_s and span_s < view.span_s:
            view.zoom(span_s / view.span_s, start_s)
        before_s = _BEFORE_SHARE * view.span_s
        if not (view.left_s + before_s / 2 <= start_s and stop_s <= view.right_s):
            view.move(start_s - before_s - view.left_s)
        self.set_cursor(start_s)

    def select(self, start_s: float, stop_s: float) -> None:
        """Select the stretch between two moments, in either order; the view is held from then on."""
        timeline = self.timeline
        if timeline.history is None:
            return
        timeline.view.hold()
        low, high = timeline.view.first_s, max(timeline.view.last_s, timeline.view.first_s)
        start_s, stop_s = sorted(min(max(moment, low), high) for moment in (start_s, stop_s))
        timeline.stretch_s = (start_s, stop_s) if stop_s - start_s >= SHORTEST_STRETCH_S else None
        self.moved.emit()

    def select_view(self) -> None:
        """Select what is in view."""
        self.select(self.timeline.view.left_s, self.timeline.view.right_s)

    def extend_stretch(self, steps: int) -> None:
        """Move the end of the selected stretch; without one, the first step selects from the cursor on, or from the
        right edge back."""
        timeline, view = self.timeline, self.timeline.view
        anchor = view.right_s if timeline.cursor_s is None else timeline.cursor_s
        start_s, stop_s = timeline.stretch_s or (anchor, anchor)
        moved_s = stop_s + steps * view.span_s / _STEPS_A_VIEW
        self.select(start_s, moved_s if timeline.stretch_s is None else max(moved_s, start_s + 2 * SHORTEST_STRETCH_S))

    def clear_stretch(self) -> None:
        """Select no stretch."""
        self.timeline.stretch_s = None
        self.moved.emit()

    def show_playing(self, timeline: Timeline, moment_s: float | None) -> None:
        """Mark the moment of a timeline that is heard, and keep it in view; None: nothing of it is played."""
        timeline.playing_s = moment_s
        if timeline is not self.timeline:
            return
        if moment_s is not None and not timeline.view.left_s <= moment_s <= timeline.view.right_s:
            timeline.view.move(moment_s - timeline.view.left_s)
            self.moved.emit()
        else:
            self.playing_moved.emit()

    def press(self, key: Qt.Key) -> bool:
        """What a key does; False where it does nothing here."""
        does = KEYS.get(key)
        if does is not None:
            does(self)
        return does is not None

    def go_to_start(self) -> None:
        """Go to the oldest sound that is kept."""
        self.scroll_by(-1e9)

    def go_to_end(self) -> None:
        """Go to the newest sound; in a file to its end, and from there back to live."""
        view = self.timeline.view
        if self.timeline.is_live or view.right_s >= view.last_s - 1e-3:
            self.go_live()
        else:
            self.scroll_by(1e9)

    @Slot()
    def go_live(self) -> None:
        """Follow the live sound; emits `live_wanted` where a file is on show."""
        if self.timeline.is_live:
            self._move(self._follow)
        else:
            self.live_wanted.emit()

    def _follow(self) -> None:
        self.live.cursor_s = None
        self.live.view.follow()

    def _move(self, move: Callable[[], None]) -> None:
        if self.timeline.history is None:
            return
        move()
        self.moved.emit()


KEYS: dict[Qt.Key, Callable[[Navigation], None]] = {
    Qt.Key.Key_Left: lambda navigation: navigation.step_cursor(-1),
    Qt.Key.Key_Right: lambda navigation: navigation.step_cursor(1),
    Qt.Key.Key_PageUp: lambda navigation: navigation.page(-1),
    Qt.Key.Key_PageDown: lambda navigation: navigation.page(1),
    Qt.Key.Key_Home: lambda navigation: navigation.go_to_start(),
    Qt.Key.Key_End: lambda navigation: navigation.go_to_end(),
}
"""What keys do that no focused control used."""
