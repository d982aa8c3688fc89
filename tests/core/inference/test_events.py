"""Events: two thresholds, shortest length and joined gaps on hand-made curves; row by row they are the same."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from core.errors import UserError
from core.inference.events import (
    Event,
    EventRules,
    EventTracker,
    SpecificEvents,
    ended_events,
    find_events,
    rules_for_rows,
)
from core.inference.results import EventChange, FrameScores
from core.labels import Label, LabelSet

STEP_S = 0.25


def rules(n_labels: int = 1, **changes: float) -> EventRules:
    return EventRules(np.full(n_labels, 0.5, np.float32), np.full(n_labels, 0.25, np.float32), **changes)


def curve_of(*values: float) -> tuple[NDArray[np.float32], NDArray[np.float64], NDArray[np.float64]]:
    """One label's values every quarter of a second."""
    starts_s = np.arange(len(values), dtype=np.float64) * STEP_S
    return np.array(values, np.float32)[:, None], starts_s, starts_s + STEP_S


def spans(events: list[Event]) -> list[tuple[float, float]]:
    return [(event.onset_s, event.offset_s) for event in events]


def followed(
    curve: tuple[NDArray[np.float32], NDArray[np.float64], NDArray[np.float64]], how: EventRules
) -> list[EventChange]:
    """What a tracker reports of a whole curve."""
    tracker = EventTracker(how)
    changes = [change for row, start_s, stop_s in zip(*curve, strict=True)
               for change in tracker.push_row(row, float(start_s), float(stop_s))]  # fmt: skip
    return changes + tracker.finish()


def test_an_event_lasts_from_one_crossing_of_the_lower_threshold_to_the_next() -> None:
    [event] = find_events(*curve_of(0.1, 0.3, 0.9, 0.3, 0.6, 0.1), rules())
    assert (event.label, event.onset_s, event.offset_s) == (0, 0.25, 1.25)
    assert event.peak == pytest.approx(0.9)


def test_what_never_reaches_the_upper_threshold_is_no_event() -> None:
    assert find_events(*curve_of(0.0, 0.49, 0.3, 0.1), rules()) == []
    assert followed(curve_of(0.0, 0.49, 0.3, 0.1), rules()) == []


def test_short_events_are_left_out_and_short_gaps_joined() -> None:
    curve = curve_of(0.0, 0.9, 0.0, 0.0, 0.9, 0.9, 0.1, 0.9, 0.0)
    assert spans(find_events(*curve, rules())) == [(0.25, 0.5), (1.0, 1.5), (1.75, 2.0)]
    assert spans(find_events(*curve, rules(shortest_s=0.5))) == [(1.0, 1.5)]
    assert spans(find_events(*curve, rules(joined_s=0.25))) == [(0.25, 0.5), (1.0, 2.0)]
    assert spans(find_events(*curve, rules(joined_s=0.5))) == [(0.25, 2.0)]


def test_what_is_joined_to_an_event_counts_for_its_length_and_onset() -> None:
    curve = curve_of(0.3, 0.0, 0.9, 0.0)
    assert spans(find_events(*curve, rules(joined_s=0.25, shortest_s=0.75))) == [(0.0, 0.75)]


def test_offsets_are_dated_back_by_what_the_curve_holds() -> None:
    curve = curve_of(0.0, 0.9, 0.9, 0.9, 0.0, 0.9, 0.0)
    assert spans(find_events(*curve, rules(held_s=0.5))) == [(0.25, 0.625), (1.25, 1.375)], "never before the middle"
    assert spans(find_events(*curve_of(0.0, 0.9, 0.9, 0.9), rules(held_s=0.25))) == [(0.25, 1.0)], "cut off: not over"


def test_labels_have_events_of_their_own() -> None:
    rows = np.array([[0.0, 0.9], [0.8, 0.9], [0.8, 0.0]], np.float32)
    _, starts_s, stops_s = curve_of(0, 0, 0)
    events = find_events(rows, starts_s, stops_s, rules(2))
    assert [(event.label, event.onset_s, event.offset_s) for event in events] == [(1, 0.0, 0.5), (0, 0.25, 0.75)]


def test_lost_sound_ends_every_event() -> None:
    loud = np.full((4, 1), 0.9, np.float32)
    starts_s = np.array([0.0, 0.25, 50.0, 50.25])
    assert spans(find_events(loud, starts_s, starts_s + 0.25, rules(joined_s=60.0))) == [(0.0, 0.5), (50.0, 50.5)]


def test_an_event_is_reported_as_soon_as_it_is_certain() -> None:
    began, ended = followed(curve_of(0.3, 0.6, 0.9, 0.1, 0.0), rules(shortest_s=0.75, joined_s=0.25))
    assert (began.onset_s, began.at_s, began.offset_s) == (0.0, 0.75, None), "with the row that makes it long enough"
    assert (ended.onset_s, ended.offset_s, ended.at_s) == (0.0, 0.75, 1.25), "once the gap is too long to be joined"
    assert (began.id, ended.id) == (1, 1)


CURVES = st.lists(st.sampled_from([0.0, 0.2, 0.3, 0.45, 0.5, 0.8]), min_size=2, max_size=60)
LENGTHS_S = st.sampled_from([0.0, 0.25, 0.5, 0.6, 1.0])


@given(CURVES, st.sets(st.integers(1, 29)), st.tuples(LENGTHS_S, LENGTHS_S, LENGTHS_S))
def test_row_by_row_the_events_are_those_of_the_whole_curve(
    values: list[float], gaps: set[int], lengths_s: tuple[float, float, float]
) -> None:
    how = rules(2, **dict(zip(("shortest_s", "joined_s", "held_s"), lengths_s, strict=True)))
    rows = np.array(values, np.float32)[: len(values) // 2 * 2].reshape(-1, 2)
    later_s = np.cumsum([5.0 * (row in gaps) for row in range(len(rows))])
    starts_s = (np.arange(len(rows)) * STEP_S + later_s).astype(np.float64)
    curve = rows, starts_s, starts_s + STEP_S
    changes = followed(curve, how)
    whole = find_events(*curve, how)
    assert sorted(ended_events(changes), key=lambda event: (event.onset_s, event.label)) == whole
    began = {change.id: change for change in changes if change.offset_s is None}
    over = {change.id: change for change in changes if change.offset_s is not None}
    assert list(began) == list(range(1, len(whole) + 1))
    assert began.keys() == over.keys()
    for number, change in began.items():
        assert (change.label, change.onset_s) == (over[number].label, over[number].onset_s)
        assert change.onset_s < change.at_s <= over[number].at_s, "never before the evidence"
        assert (over[number].offset_s or 0.0) <= over[number].at_s
        assert 0.5 <= change.peak <= over[number].peak


def test_rows_of_100_ms_may_come_in_any_parts_and_with_gaps() -> None:
    times_s = np.concatenate([np.arange(0.05, 1.0, 0.1), np.arange(50.05, 50.5, 0.1)])
    values = np.where(np.arange(len(times_s)) % 10 < 2, 0.1, 0.9).astype(np.float32)[:, None]
    whole, parts = EventTracker(rules_for_rows(1)), EventTracker(rules_for_rows(1))
    expected = whole.push(FrameScores(values, times_s)) + whole.finish()
    got = [change for i in range(len(times_s))
           for change in parts.push(FrameScores(values[i : i + 1], times_s[i : i + 1]))]  # fmt: skip
    assert got + parts.finish() == expected
    assert spans(ended_events(expected)) == [(0.2, 1.0), (50.2, 50.5)]


def test_events_of_the_next_model_are_numbered_on() -> None:
    tracker = EventTracker(rules(), first_id=8)
    [began] = tracker.push_row(np.array([0.9], np.float32), 0.0, 0.25)
    assert (began.id, tracker.next_id) == (8, 9)


def test_thresholds_that_contradict_each_other_are_refused() -> None:
    with pytest.raises(UserError):
        EventRules(np.array([0.2], np.float32), np.array([0.4], np.float32))
    with pytest.raises(ValueError, match="two thresholds"):
        EventRules(np.zeros(3, np.float32), np.zeros(2, np.float32))


ANIMAL, DOG, CAR = range(3)
FAMILY = LabelSet((Label(ANIMAL, "animal", "Animal"), Label(DOG, "dog", "Dog", ("animal",)), Label(CAR, "car", "Car")))


def row_changes(*curves: str) -> list[list[EventChange]]:
    """What rows of 100 ms change, row by row; a curve of a label is a text with an x where it sounds."""
    tracker = EventTracker(rules_for_rows(len(curves)))
    rows = np.array([[0.9 if sign == "x" else 0.0 for sign in curve] for curve in curves], np.float32).T
    changes = [tracker.push_row(row, round(i / 10, 3), round((i + 1) / 10, 3)) for i, row in enumerate(rows)]
    return [*changes, tracker.finish()]


def started(*curves: str) -> list[tuple[int, str]]:
    events = SpecificEvents(FAMILY)
    return [
        (change.label, "starts" if change.offset_s is None else "ends")
        for changes in row_changes(*curves)
        for change in events.started(changes)
    ]


def ended(*curves: str) -> list[int]:
    events = SpecificEvents(FAMILY)
    return [change.label for changes in row_changes(*curves) for change in events.ended(changes)]


def both(label: int) -> list[tuple[int, str]]:
    return [(label, "starts"), (label, "ends")]


@pytest.mark.parametrize(
    ("animal", "dog", "expected"),
    [
        ("..xxxx..", "..xxxx..", both(DOG)),
        ("..xxxxx.", ".xxxx...", both(DOG)),
        (".xxxxxx.", "........", both(ANIMAL)),
        (".xxxxxx.", "...xx...", [(ANIMAL, "starts"), (DOG, "starts"), (DOG, "ends"), (ANIMAL, "ends")]),
        ("xx...xx.", "xx......", [*both(DOG), *both(ANIMAL)]),
    ],
)
def test_while_listening_the_start_decides(animal: str, dog: str, expected: list[tuple[int, str]]) -> None:
    assert started(animal, dog, "........") == expected


@pytest.mark.parametrize(
    ("animal", "dog", "expected"),
    [
        ("..xxxx..", "..xxxx..", [DOG]),
        (".xxxxxx.", "...xxxx.", [DOG]),
        (".xxxxxx.", "....xx..", [DOG, ANIMAL]),
        (".xxxxxx.", "xxx..xxx", [DOG, DOG]),
        ("...xxx..", "xx......", [DOG, ANIMAL]),
        (".xxxx...", "........", [ANIMAL]),
        ("..xx....", "xxxxxxxx", [DOG]),
    ],
)
def test_in_a_file_an_event_is_left_out_if_half_of_it_is_covered(animal: str, dog: str, expected: list[int]) -> None:
    assert sorted(ended(animal, dog, "........")) == sorted(expected)


def test_labels_that_are_not_related_do_not_cover_each_other() -> None:
    assert ended("........", ".xxxx...", ".xxxx...") == [DOG, CAR]
    assert len(started("........", ".xxxx...", ".xxxx...")) == 4


def test_what_has_begun_also_ends_and_with_the_same_number() -> None:
    rng = np.random.default_rng(2)
    curves = ["".join(rng.choice(list(".x"), 300)) for _ in FAMILY]
    events = SpecificEvents(FAMILY)
    shown = [change for changes in row_changes(*curves) for change in events.started(changes)]
    begun = [change.id for change in shown if change.offset_s is None]
    over = [change.id for change in shown if change.offset_s is not None]
    assert len(set(begun)) == len(begun) > 20
    assert sorted(begun) == sorted(over)


def test_without_parents_every_event_is_there() -> None:
    flat = SpecificEvents(LabelSet.from_ids(["animal", "dog", "car"]))
    everything = row_changes(".xxxx...", ".xxxx...", "x.x.x.x.")
    assert [flat.started(changes) for changes in everything] == everything


def test_a_tracker_follows_other_rules_from_the_next_row_on() -> None:
    tracker = EventTracker(EventRules(np.array([0.5], np.float32), np.array([0.25], np.float32)))
    assert tracker.push_row(np.array([0.6], np.float32), 0.0, 1.0)[0].onset_s == 0.0
    tracker.use_rules(EventRules(np.array([0.9], np.float32), np.array([0.8], np.float32)))
    [ended] = tracker.push_row(np.array([0.6], np.float32), 1.0, 2.0)
    assert (ended.id, ended.offset_s) == (1, 1.0)
    with pytest.raises(ValueError, match="number of labels"):
        tracker.use_rules(EventRules(np.array([0.5, 0.5], np.float32), np.array([0.2, 0.2], np.float32)))
