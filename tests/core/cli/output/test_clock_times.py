"""Times are read as people type them, in local time."""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from datetime import datetime

import pytest

from core.cli.output.clock_times import since_time, until_time


@pytest.fixture(autouse=True)
def berlin(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    if not hasattr(time, "tzset"):
        pytest.skip("this system has one time zone")
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.parametrize(
    ("text", "iso"),
    [
        ("2026-11-30", "2026-11-30T00:00:00+01:00"),
        ("2026-07-01T15:45", "2026-07-01T15:45:00+02:00"),
        ("2026-07-01 15:45:10.5", "2026-07-01T15:45:10.500+02:00"),
        ("2026-07-01T15:45:00Z", "2026-07-01T15:45:00+00:00"),
        ("2026-07-01T15:45:00-05:00", "2026-07-01T15:45:00-05:00"),
    ],
)
def test_dates_are_local_unless_they_say_otherwise(text: str, iso: str) -> None:
    assert since_time(text) == datetime.fromisoformat(iso).timestamp()


def test_a_date_ends_at_the_next_midnight() -> None:
    assert until_time("2026-11-30") == datetime.fromisoformat("2026-12-01T00:00:00+01:00").timestamp()
    assert until_time("2026-03-29") - since_time("2026-03-29") == 23 * 3600  # clocks go forward
    assert until_time("2026-11-30T00:00") == since_time("2026-11-30")


@pytest.mark.parametrize(
    ("text", "seconds"), [("90s", 90), ("30min", 1800), ("5m", 300), ("2h", 7200), ("1.5 d", 129_600), ("1w", 604_800)]
)
def test_how_long_ago_counts_from_now(text: str, seconds: float) -> None:
    before = time.time()
    found = since_time(text)
    assert before - seconds <= found + 0.001
    assert found <= time.time() - seconds + 0.001


def test_a_time_alone_is_of_today() -> None:
    found = datetime.fromtimestamp(since_time("7:45"))
    assert (found.hour, found.minute) == (7, 45)
    assert found.date() in {datetime.now().date(), datetime.fromtimestamp(time.time() - 5).date()}


@pytest.mark.parametrize("text", ["", "yesterday", "25:00", "2026-13-01", "2y", "-2h", "1e9w", "99999999999d"])
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError):
        since_time(text)
