"""What the list says of an event, on screen and on the clipboard."""

from __future__ import annotations

import time

import pytest

from app.events.texts import LENGTH, NAME, NOTE, PEAK, STAR, cell_text, clock, rows_as_text, short_duration, tool_tip
from app.style.formatting import THIN
from tests.core.heard.made_events import heard


@pytest.mark.parametrize(("seconds", "text"), [(0.04, "0.0 s"), (1.25, "1.2 s"), (59.9, "59.9 s"), (125.0, "2:05")])
def test_lengths_are_short(seconds: float, text: str) -> None:
    assert short_duration(seconds).replace(THIN, " ") == text


def test_an_open_event_has_lasted_until_now() -> None:
    event = heard(1.0, None)
    assert cell_text(event, LENGTH, event.onset_at + 3.9).replace(THIN, " ") == "3 s"


def test_a_near_miss_says_why_it_is_none() -> None:
    miss = heard(1.0, label="Dog", kind="near_miss", why="0.31 < 0.40")
    assert cell_text(miss, NAME).startswith("Dog")
    for text in (cell_text(miss, NAME), tool_tip(miss)):
        assert text.index(f"31{THIN}%") < text.index(f"40{THIN}%")
    close = heard(1.0, label="Dog", kind="near_miss", why="0.3996 < 0.4000")
    assert f"39.96{THIN}%" in cell_text(close, NAME)
    assert "too short" in cell_text(heard(1.0, kind="near_miss", why="too short"), NAME)


def test_the_other_cells() -> None:
    event = heard(1.0, peak=0.925, note="next door", is_starred=True)
    assert [cell_text(event, column) for column in (PEAK, NOTE, STAR)] == [f"93{THIN}%", "next door", "★"]
    assert event.input in tool_tip(event)
    assert event.model in tool_tip(event)


def test_only_earlier_days_are_named() -> None:
    now_at = time.time()
    assert len(clock(now_at)) < len(clock(now_at - 3 * 86_400))


def test_a_note_with_tabs_and_lines_stays_in_its_cell() -> None:
    text = rows_as_text([heard(1.0, note="a\tb\nc"), heard(2.0)])
    assert len(text.splitlines()) == 3
    assert len({line.count("\t") for line in text.splitlines()}) == 1
