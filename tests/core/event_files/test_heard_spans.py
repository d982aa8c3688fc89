"""Stored events on the time axis of a file."""

from __future__ import annotations

import pytest

from core.event_files.heard_spans import HeardSpans
from core.event_files.main import FORMATS
from tests.core.heard.made_events import START_AT, heard

AN_HOUR_LATER = heard(1.0, 2.0, "Rain", session="b2", onset_at=START_AT + 3600, offset_at=START_AT + 3602)
EVENTS = (heard(5.0, 1.0), heard(6.0, None), AN_HOUR_LATER)


@pytest.mark.parametrize("name", [name for name, entry in FORMATS.items() if not entry.has_clock_time])
def test_without_clock_time_all_lie_on_the_axis_of_the_first_session(name: str) -> None:
    spans = HeardSpans(name, EVENTS)

    assert [(span.label, span.onset_s, span.offset_s) for span in spans] == [("Dog", 5, 6), ("Rain", 3600, 3602)]
    assert (spans.zero_at, spans.n, spans.n_open) == (START_AT, 2, 1)


@pytest.mark.parametrize("name", [name for name, entry in FORMATS.items() if entry.has_clock_time])
def test_with_clock_time_each_keeps_the_seconds_of_its_session(name: str) -> None:
    spans = HeardSpans(name, EVENTS)

    found = [(span.session, span.onset_s, span.onset_at, span.source) for span in spans]
    assert found == [("a1", 5, START_AT + 5, "USB microphone"), ("b2", 1, START_AT + 3600, "USB microphone")]
    assert spans.zero_at is None


def test_a_near_miss_says_why() -> None:
    [span] = HeardSpans("csv", [heard(5.0, kind="near_miss", why="too short", note="next door")])
    assert (span.label, span.note) == ("Dog", "almost: too short; next door")


@pytest.mark.parametrize("name", ["audacity", "srt", "vtt"])
def test_where_there_are_no_notes_the_label_of_a_near_miss_tells_it_from_an_event(name: str) -> None:
    spans = HeardSpans(name, [heard(5.0), heard(7.0, kind="near_miss", why="too short")])
    assert [span.label for span in spans] == ["Dog", "Dog (almost)"]
