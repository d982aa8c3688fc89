"""How numbers are written in the window."""

from __future__ import annotations

import pytest

from app.style import formatting


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (formatting.percent(0.923), "92 %"),
        (formatting.percent(0.002), "<1 %"),
        (formatting.percent(0.00001), "<1 %"),
        (formatting.percent(0.0049), "<1 %"),
        (formatting.percent(0.005), "1 %"),
        (formatting.percent(0.025), "3 %"),
        (formatting.percent(0.0), "0 %"),
        (formatting.percent(1.0), "100 %"),
        (formatting.decibels(-18.4, "dBFS"), "−18 dBFS"),
        (formatting.decibels(-0.2), "0 dB"),
        (formatting.frequency(1240), "1.24 kHz"),
        (formatting.seconds_ago(-10.0), "−10 s"),
        (formatting.seconds_ago(0.0), "now"),
        (formatting.duration(3723), "1:02:03"),
        (formatting.duration(59.96, tenths=True), "1:00.0"),
        (formatting.lasting(2.9), "2 s"),
        (formatting.lasting(62.9), "1:02"),
        (formatting.count(1, "file"), "1 file"),
        (formatting.count(14, "file"), "14 files"),
    ],
)
def test_numbers_are_written_for_people(written: str, expected: str) -> None:
    assert written.replace(formatting.THIN, " ") == expected
