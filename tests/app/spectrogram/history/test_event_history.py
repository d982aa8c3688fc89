"""Events are found by their time, keep the names of the model that heard them, and go with their sound."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from app.spectrogram.history.event_history import EventHistory, TimelineEvent
from core.inference.results import EventChange
from tests.app.app_fakes import FakeTagger

LABELS = FakeTagger().labels


def _event(onset_s: float, offset_s: float, name: str = "dog") -> TimelineEvent:
    return TimelineEvent(name, name, onset_s, offset_s)


def test_events_are_open_until_they_end_and_are_found_by_their_moment() -> None:
    events = EventHistory()
    events.follow(EventChange(1, 3, 1.0, 0.8, 1.5), LABELS, "Starter")
    events.follow(EventChange(2, 5, 2.0, 0.7, 2.5), LABELS, "Starter")
    assert events.now == {"cat": 1.0, "hen": 2.0}
    events.follow(EventChange(1, 3, 1.0, 0.9, 4.0, offset_s=3.0), LABELS, "Starter")
    assert events.now == {"hen": 2.0}
    assert [events.at(time_s) for time_s in (0.9, 1.0, 3.1)] == [{}, {"cat": 1.0}, {"hen": 2.0}]
    assert events.at(2.5) == {"cat": 1.0, "hen": 2.0}
    assert events.between(0.0, 9.0) == [
        TimelineEvent("cat", "Cat", 1.0, 3.0, 0.9, "Starter"),
        TimelineEvent("hen", "Hen", 2.0, None, 0.7, "Starter"),
    ]


def test_old_events_keep_the_names_of_their_model() -> None:
    events = EventHistory()
    events.follow(EventChange(1, 0, 1.0, 0.8, 1.5, offset_s=2.0), LABELS, "Starter")
    events.follow(EventChange(2, 0, 3.0, 0.8, 3.5), FakeTagger(labels=("wren", "owl")).labels, "Birds")
    assert [(event.name, event.model) for event in events.between(0.0, 4.0)] == [("Dog", "Starter"), ("Wren", "Birds")]


def test_each_change_is_noticed_and_the_past_is_forgotten() -> None:
    events = EventHistory()
    seen = [events.generation]
    events.add([_event(float(i), i + 0.5) for i in range(300)])
    seen.append(events.generation)
    events.forget_before(250.0)
    seen.append(events.generation)
    events.forget_before(250.0)
    assert events.generation == seen[-1], "nothing was left to forget"
    assert len(set(seen)) == 3
    assert len(events) == 50
    assert [event.onset_s for event in events.between(251.0, 252.0)] == [251.0, 252.0]
    events.clear()
    assert (len(events), events.now, events.at(251.2)) == (0, {}, {})


@given(
    st.lists(st.tuples(st.floats(0, 50), st.floats(0, 20)), max_size=80),
    st.floats(-5, 75),
    st.floats(0, 30),
    st.floats(0, 70),
)
def test_what_touches_a_range_is_found_and_nothing_else(
    times: list[tuple[float, float]], start_s: float, width_s: float, forgotten_s: float
) -> None:
    events = EventHistory()
    given = [_event(onset_s, onset_s + length_s) for onset_s, length_s in times]
    events.add(given)
    events.forget_before(forgotten_s)
    stop_s = start_s + width_s
    expected = [
        event for event in given if event.onset_s <= stop_s and max(start_s, forgotten_s) <= (event.offset_s or 0)
    ]
    assert events.between(start_s, stop_s) == expected


def test_of_many_events_the_longest_are_found() -> None:
    history = EventHistory()
    history.add(tuple(_event(float(i), i + 0.1 * (i + 1)) for i in range(9)))
    implied = replace(_event(2.0, 9.0, "animal"), is_implied=True)
    history.add((implied,))
    assert {event.onset_s for event in history.longest_between(0.0, 5.5, 2, with_implied=False)} == {4.0, 5.0}
    assert implied in history.longest_between(0.0, 5.5, 2)
    assert len(history.longest_between(0.0, 20.0, 100)) == 10
