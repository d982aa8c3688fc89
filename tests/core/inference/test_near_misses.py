"""Near misses: what almost became an event, and never what was one."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from core.inference.events import EventRules, EventTracker
from core.inference.near_misses import MUTED, NEAR_SHARE, TOO_SHORT, NearMiss, NearMisses, below
from core.inference.results import EventChange, TagScores

ROW = 50
"""Frames of a row: half a second."""
N_LABELS = 3


def _rules(shortest_s: float = 0.0, joined_s: float = 0.0) -> EventRules:
    starts = np.array([0.4, 0.5, 0.8], np.float32)
    return EventRules(starts, starts / np.float32(2), shortest_s=shortest_s, joined_s=joined_s)


def _heard(
    curves: list[list[float]],
    rules: EventRules,
    muted: frozenset[int] = frozenset(),
    skipped: frozenset[int] = frozenset(),
) -> tuple[list[NearMiss], list[EventChange]]:
    """Near misses and changes of rows of half a second, without the rows in `skipped`, which are gaps."""
    near, tracker = NearMisses(rules, muted), EventTracker(rules)
    misses: list[NearMiss] = []
    changes: list[EventChange] = []
    for place, row in enumerate(curves):
        if place in skipped:
            continue
        scores = TagScores(np.array(row, np.float32), ROW * place, ROW * (place + 1))
        new = tracker.push_row(scores.probabilities, scores.start_s, scores.end_s)
        misses += near.push([scores], new)
        changes += new
    changes += tracker.finish()
    return misses + near.finish(), changes


def _spans(changes: list[EventChange], label: int) -> list[tuple[float, float]]:
    return [(one.onset_s, one.offset_s) for one in changes if one.label == label and one.offset_s is not None]


ROWS = st.lists(st.lists(st.floats(0, 1, width=32), min_size=N_LABELS, max_size=N_LABELS), max_size=25)
RULES = st.builds(_rules, st.sampled_from([0.0, 1.0, 1.5]), st.sampled_from([0.0, 0.5, 1.0]))
GAPS = st.frozensets(st.integers(0, 24), max_size=3)


@given(rows=ROWS, rules=RULES, gaps=GAPS)
def test_where_an_event_was_there_is_no_near_miss(
    rows: list[list[float]], rules: EventRules, gaps: frozenset[int]
) -> None:
    misses, changes = _heard(rows, rules, skipped=gaps)
    for miss in misses:
        for onset_s, offset_s in _spans(changes, miss.label):
            assert offset_s <= miss.onset_s or miss.offset_s <= onset_s, (miss, onset_s, offset_s)


@given(rows=ROWS, rules=RULES, gaps=GAPS)
def test_each_has_its_reason_and_none_overlaps_another(
    rows: list[list[float]], rules: EventRules, gaps: frozenset[int]
) -> None:
    misses, _ = _heard(rows, rules, skipped=gaps)
    for miss in misses:
        needed = float(rules.starts_from[miss.label])
        assert miss.onset_s < miss.offset_s
        assert miss.peak >= NEAR_SHARE * needed - 1e-6
        if miss.why == TOO_SHORT:
            assert miss.peak >= needed
            assert miss.offset_s - miss.onset_s < rules.shortest_s
        else:
            left, right = miss.why.split(" < ")
            assert float(left) < float(right)
            assert miss.peak < needed
    for label in range(N_LABELS):
        own = sorted((miss.onset_s, miss.offset_s) for miss in misses if miss.label == label)
        assert all(before[1] <= after[0] for before, after in pairwise(own))


@given(rows=ROWS, gaps=GAPS)
def test_every_stretch_that_came_close_is_one_or_was_an_event(rows: list[list[float]], gaps: frozenset[int]) -> None:
    rules = _rules()
    misses, changes = _heard(rows, rules, skipped=gaps)
    for place, row in enumerate(rows):
        if place in gaps:
            continue
        middle_s = (place + 0.5) * ROW / 100
        for label in np.flatnonzero(np.array(row, np.float32) >= np.float32(NEAR_SHARE) * rules.starts_from).tolist():
            spans = [(miss.onset_s, miss.offset_s) for miss in misses if miss.label == label]
            spans += _spans(changes, label)
            assert any(onset_s <= middle_s <= offset_s for onset_s, offset_s in spans)


def test_an_event_behind_a_gap_does_not_hide_what_was_before_it() -> None:
    rows = [[0.0, 0.0, 0.0], [0.0, 0.375, 0.0], [0.0, 0.0, 0.0], [0.0, 1.0, 0.0]]
    misses, changes = _heard(rows, _rules(), skipped=frozenset({2}))
    assert [miss.why for miss in misses] == ["0.38 < 0.50"]
    assert changes


@given(rows=ROWS, parts=st.integers(1, 5))
def test_it_makes_no_difference_how_many_windows_come_at_once(rows: list[list[float]], parts: int) -> None:
    rules = _rules(1.0)
    one_by_one, _ = _heard(rows, rules)
    near, tracker = NearMisses(rules), EventTracker(rules)
    found: list[NearMiss] = []
    for first in range(0, len(rows), parts):
        windows = [
            TagScores(np.array(row, np.float32), ROW * place, ROW * (place + 1))
            for place, row in enumerate(rows[first : first + parts], first)
        ]
        changes = [one for row in windows for one in tracker.push_row(row.probabilities, row.start_s, row.end_s)]
        found += near.push(windows, changes)
    found += near.finish()
    assert set(found) <= set(one_by_one), "coarser updates can only hide one, never invent one"


def test_almost_says_by_how_much() -> None:
    misses, changes = _heard([[0.31, 0, 0], [0, 0, 0]], _rules())
    assert changes == []
    assert [(miss.label, miss.onset_s, miss.offset_s, miss.why) for miss in misses] == [(0, 0.0, 0.5, "0.31 < 0.40")]


def test_what_is_far_below_is_none() -> None:
    assert _heard([[0.27, 0, 0], [0, 0, 0]], _rules())[0] == []


def test_too_short_says_so() -> None:
    misses, changes = _heard([[0.9, 0, 0], [0, 0, 0]], _rules(shortest_s=1.0))
    assert changes == []
    assert [miss.why for miss in misses] == [TOO_SHORT]


def test_a_muted_label_says_so() -> None:
    near = NearMisses(_rules(), frozenset({0}))
    row = TagScores(np.array([0.9, 0, 0], np.float32), 0, ROW)
    quiet = TagScores(np.zeros(3, np.float32), ROW, 2 * ROW)
    assert [miss.why for miss in near.push([row, quiet], [])] == [MUTED]


def test_the_end_cuts_off_what_lasts() -> None:
    near = NearMisses(_rules())
    assert near.push([TagScores(np.array([0.31, 0, 0], np.float32), 0, ROW)], []) == []
    assert [miss.offset_s for miss in near.finish()] == [0.5]
    assert near.finish() == []


def test_numbers_that_look_alike_get_more_digits() -> None:
    assert below(0.39999, 0.4) == "0.39999 < 0.40000"
