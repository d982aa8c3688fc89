"""Names on the picture do not overlap and do not jump; what more specific events cover is left out."""

from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st

from app.spectrogram.boxes.event_boxes import MOST_ROWS, BoxRows, implied_ids, without_implied
from app.spectrogram.history.event_history import TimelineEvent
from core.labels import Label, LabelSet

NAME_S = 1.5


def _event(onset_s: float, offset_s: float | None, label: str = "dog") -> TimelineEvent:
    return TimelineEvent(label, label.title(), onset_s, offset_s)


EVENTS = st.lists(
    st.builds(
        lambda onset_s, length_s, label: _event(onset_s, None if length_s is None else onset_s + length_s, label),
        st.floats(0, 60).map(lambda value: round(value, 3)),
        st.one_of(st.none(), st.floats(0, 20)),
        st.sampled_from(["dog", "cat", "cow", "hen"]),
    ),
    max_size=30,
    unique_by=lambda event: (event.label_id, event.onset_s),
).map(lambda events: sorted(events, key=lambda event: event.onset_s))


def _covers(event: TimelineEvent) -> tuple[float, float]:
    return event.onset_s, math.inf if event.offset_s is None else max(event.offset_s, event.onset_s + NAME_S)


@given(events=EVENTS)
def test_no_two_names_in_a_row_overlap(events: list[TimelineEvent]) -> None:
    rows = BoxRows(lambda name: NAME_S).place(events)
    assert all(row is None or 0 <= row < MOST_ROWS for row in rows)
    for place, (event, row) in enumerate(zip(events, rows, strict=True)):
        for other, same in zip(events[place + 1 :], rows[place + 1 :], strict=True):
            if row is not None and row == same:
                (start_s, stop_s), (other_start_s, other_stop_s) = _covers(event), _covers(other)
                assert stop_s <= other_start_s or other_stop_s <= start_s


@given(events=EVENTS, first=st.integers(0, 10), count=st.integers(1, 20))
def test_a_name_keeps_its_row_while_the_picture_scrolls(events: list[TimelineEvent], first: int, count: int) -> None:
    rows = BoxRows(lambda name: NAME_S)
    before = dict(zip(events[:count], rows.place(events[:count]), strict=True))
    later = events[first:]
    after = dict(zip(later, rows.place(later), strict=True))
    kept = [event for event in later if before.get(event) is not None]
    assert [after[event] for event in kept] == [before[event] for event in kept]


def test_sounds_one_after_the_other_share_a_row_and_those_at_once_do_not() -> None:
    rows = BoxRows(lambda name: NAME_S)
    assert rows.place([_event(0.0, 1.0), _event(1.6, 2.0, "cat"), _event(1.8, None, "cow")]) == [0, 0, 1]


LABELS = LabelSet(
    (
        Label(0, "animal", "Animal"),
        Label(1, "dog", "Dog", parents=("animal",)),
        Label(2, "rain", "Rain"),
    )
)


def test_what_a_more_specific_event_covers_is_left_out() -> None:
    animal, dog, rain = _event(0.0, 4.0, "animal"), _event(1.0, 3.5, "dog"), _event(0.0, None, "rain")
    implied = implied_ids(LABELS)
    assert implied == {"dog": frozenset({"animal"})}
    assert without_implied([animal, dog, rain], implied, 10.0) == [dog, rain]
    assert without_implied([animal, rain], implied, 10.0) == [animal, rain]
    short = _event(1.0, 2.0, "dog")
    assert without_implied([animal, short], implied, 10.0) == [animal, short], "it covers a quarter only"
    assert without_implied([animal, dog], {}, 10.0) == [animal, dog]
