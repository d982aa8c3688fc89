"""Which classes get a row, and in which order."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from app.tags.rows import (
    LOWEST_PERCENT,
    LOWEST_SHARE,
    MOST_CANDIDATES,
    MOST_HEARD,
    Choice,
    RowKind,
    TagRow,
    in_place_of_heard,
    is_unsure,
    rows_for,
)

N_LABELS = 20
LABELS = st.integers(0, N_LABELS - 1)
CHOICES = st.builds(
    Choice,
    percents=st.lists(st.sampled_from([0.0, 0.5, *range(1, 101)]), min_size=N_LABELS, max_size=N_LABELS),
    thresholds=st.lists(st.sampled_from([1.0, 30.0, 95.0]), min_size=N_LABELS, max_size=N_LABELS),
    heard=st.one_of(st.dictionaries(LABELS, st.none()), st.dictionaries(LABELS, st.floats(0, 1e5))),
    pinned=st.lists(LABELS, unique=True, max_size=8),
    left_out=st.frozensets(LABELS, max_size=5),
    shown=st.lists(LABELS, unique=True),
)


@given(choice=CHOICES)
def test_heard_then_pinned_then_candidates_each_label_once(choice: Choice) -> None:
    rows = rows_for(choice)
    labels = [label for label, _ in rows]
    kinds = [kind.value for _, kind in rows]

    assert len(set(labels)) == len(labels)
    assert kinds == sorted(kinds)
    assert kinds.count(RowKind.HEARD.value) == min(len(choice.heard.keys() - choice.left_out), MOST_HEARD)
    assert kinds.count(RowKind.CANDIDATE.value) <= MOST_CANDIDATES
    assert set(choice.pinned) <= set(labels), "a pinned label always has a row"


@given(choice=CHOICES)
def test_what_nobody_asked_for_has_a_percent_and_is_not_implied(choice: Choice) -> None:
    for label, kind in rows_for(choice):
        if kind is RowKind.CANDIDATE:
            assert choice.percents[label] >= max(LOWEST_PERCENT, LOWEST_SHARE * choice.thresholds[label])
        if kind is not RowKind.PINNED:
            assert label not in choice.left_out


@given(choice=CHOICES)
def test_shown_again_the_rows_keep_their_order(choice: Choice) -> None:
    rows = rows_for(choice)
    again = replace(choice, shown=[label for label, _ in rows])
    heard = [label for label, kind in rows_for(again) if kind is RowKind.HEARD]
    assert heard == [label for label, kind in rows if kind is RowKind.HEARD]


def test_the_newest_sound_comes_first() -> None:
    choice = Choice([50.0, 90.0, 70.0], [50.0] * 3, {0: 1.0, 1: 6.0, 2: 3.0}, (), frozenset(), ())
    assert [label for label, _ in rows_for(choice)] == [0, 2, 1]


def test_what_is_far_below_its_threshold_is_no_candidate() -> None:
    choice = Choice([10.0, 10.0], [30.0, 90.0], {}, (), frozenset(), ())
    assert rows_for(choice) == [(0, RowKind.CANDIDATE)]


def test_a_class_that_may_be_heard_makes_unsure_until_one_is_heard() -> None:
    def row(probability: float, kind: RowKind = RowKind.CANDIDATE) -> TagRow:
        return TagRow(0, "Dog", 0.5, kind, is_pinned=False, probability=probability)

    assert not is_unsure([])
    assert not is_unsure([row(0.1)])
    assert is_unsure([row(0.1), row(0.2)])
    assert not is_unsure([row(0.4), row(0.6, RowKind.HEARD)])
    said = [in_place_of_heard(rows, is_loud=is_loud) for rows in ([], [row(0.2)]) for is_loud in (False, True)]
    assert len(set(said[:3])) == 3, "quiet, unknown, not sure"
    assert said[2] == said[3]
