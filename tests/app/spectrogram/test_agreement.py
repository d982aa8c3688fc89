"""Picture, lanes and events agree within a frame after gaps, Stop and Start, and a computer that slept."""

from __future__ import annotations

import numpy as np
import pytest

from app.live.clock import LiveClock
from app.spectrogram.live_timeline import LiveTimeline
from core.inference.results import EventChange, FrameRun, LiveUpdate
from tests.app.app_fakes import FakeTagger, scores

BEGAN_AT = 1_800_000_000.0


class Room:
    """A listener in a room whose clocks the test moves; a knock is heard in picture, scores and events."""

    def __init__(self) -> None:
        self.now_s = 500.0
        self.clock = LiveClock(now_s=lambda: self.now_s)
        self.live = LiveTimeline()
        self.live.use_labels(FakeTagger())
        self.frame = 0
        self.knocks_at_s: list[float] = []

    def start(self) -> None:
        """Another listener, whose frame 0 is now."""
        self.frame = 0
        self.live.show_state("Microphone", is_listening=True, is_growing=True, is_opening=False)
        self._hear(1, begins=True)

    def stop(self) -> None:
        self.live.append(self.clock.end_events(), self._wall_s)
        self.live.show_state("Microphone", is_listening=False, is_growing=False, is_opening=False)

    def wait(self, seconds: float) -> None:
        """Time passes that nobody hears."""
        self.now_s += seconds

    def lose(self, seconds: float) -> None:
        """The source runs on but its sound is lost, as while a computer sleeps."""
        self.now_s += seconds
        self.frame += round(100 * seconds)

    def quiet(self, frames: int) -> None:
        self._hear(frames)

    def knock(self) -> None:
        """Fifty frames, the tenth of which is loud."""
        self.knocks_at_s.append(self._wall_s + 0.10)
        self._hear(50, knocks=True)

    @property
    def _wall_s(self) -> float:
        return BEGAN_AT + self.now_s

    def _hear(self, frames: int, *, knocks: bool = False, begins: bool = False) -> None:
        levels = np.full((frames, 128), -12.0, np.float32)
        first, self.frame = self.frame, self.frame + frames
        self.now_s += frames / 100
        update = LiveUpdate((FrameRun(levels, first),))
        if knocks:
            levels[10] = 4.0
            event = EventChange(1, 3, first / 100 + 0.10, 0.9, self.frame / 100, first / 100 + 0.11)
            update = LiveUpdate(update.runs, (scores(first + 10, first + 11, {3: 0.9}),), events=(event,))
        if begins:
            self.clock.place(update)
        self.live.append(self.clock.advance(update), self._wall_s)


def _knocks(live: LiveTimeline) -> tuple[list[float], list[float], list[float]]:
    """When picture, lanes and events have a knock, in stream seconds."""
    columns = live.columns
    picture = [
        column / 100
        for run in columns.runs
        for column in range(*run)
        if columns.columns(column, column + 1).max() > 150
    ]
    [model] = live.models
    lanes = model.scores.starts_s[model.scores.values(3) > 0.5].tolist()
    events = [event.onset_s for event in live.events.between(0.0, live.columns.end_s)]
    return picture, lanes, events


def test_everything_agrees_after_gaps_stops_and_sleep() -> None:
    room = Room()
    room.start()
    for break_in in (lambda: room.quiet(130), lambda: room.lose(0.37), lambda: room.lose(3600.0)):
        room.knock()
        break_in()
        room.quiet(20)
    room.knock()
    room.stop()
    room.wait(5400.25)
    room.start()
    room.knock()
    picture, lanes, events = _knocks(room.live)
    assert len(picture) == 5
    np.testing.assert_allclose(lanes, picture, atol=0.0101)
    np.testing.assert_allclose(events, picture, atol=0.0101)
    shown = [room.live.wall_clock_s(time_s) for time_s in picture]
    np.testing.assert_allclose(shown, room.knocks_at_s, atol=0.011)


def test_a_long_sleep_is_a_gap_that_scrolling_passes_and_costs_no_history() -> None:
    room = Room()
    room.start()
    room.quiet(3000)
    room.lose(7200.0)
    room.quiet(3000)
    live = room.live
    live.advance(0.0)
    assert live.columns.start_s == 0.0
    [gap] = live.columns.gaps_between(0.0, live.columns.end_s)
    assert gap[1] - gap[0] == pytest.approx(7200.0, abs=0.02)
    scrolled = 0
    while live.view.left_s > 1e-6:
        live.view.move(-5.0)
        scrolled += 1
    assert scrolled < 15, "half a view at a time, and the gap in one step"
