"""The clock of the live sound: it starts once, runs, scores and events move together, and no event stays open."""

from __future__ import annotations

from app.live.clock import LiveClock
from core.inference.results import EventChange, LiveUpdate
from tests.app.app_fakes import noise, scores

BEGUN = EventChange(1, 2, 0.5, 0.8, 1.0)


def test_runs_scores_and_events_of_the_next_input_are_on_one_clock() -> None:
    clock = LiveClock()
    clock.advance(LiveUpdate((noise(300),)))
    clock.first_frame = 400
    update = clock.advance(LiveUpdate((noise(100),), (scores(0, 100, {2: 0.8}),), events=(BEGUN,)))
    assert update.runs[0].first_frame == 400
    assert (update.scores[0].start_s, update.scores[0].end_s) == (4.0, 5.0)
    assert [(event.onset_s, event.at_s, event.offset_s) for event in update.events] == [(4.5, 5.0, None)]


def test_the_first_input_begins_at_0_and_the_next_after_the_time_without_sound() -> None:
    now_s = [100.0]
    clock = LiveClock(now_s=lambda: now_s[0])
    first, second = LiveUpdate((noise(300),)), LiveUpdate((noise(20),))
    clock.place(first)
    assert clock.advance(first).runs[0].first_frame == 0
    now_s[0] += 60.0
    assert clock.silent_s == 60.0
    clock.place(second)
    assert clock.advance(second).runs[0].first_frame == 300 + 6000 - 20, "it ends now"
    assert clock.silent_s == 0.0


def test_what_a_closed_input_leaves_open_ends_with_its_last_frame_and_once() -> None:
    clock = LiveClock()
    over = EventChange(2, 3, 0.2, 0.9, 1.5, offset_s=1.0)
    clock.advance(LiveUpdate((noise(200),), events=(EventChange(2, 3, 0.2, 0.9, 0.5), BEGUN, over)))
    [ended] = clock.end_events().events
    assert (ended.label, ended.onset_s, ended.offset_s, ended.at_s) == (2, 0.5, 2.0, 2.0)
    assert clock.end_events().events == ()
