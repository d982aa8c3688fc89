"""Formats numbers for the window."""

from __future__ import annotations

import math

MINUS = "\N{MINUS SIGN}"
THIN = "\N{NARROW NO-BREAK SPACE}"
_BELOW_ONE = 0.5


def percent(probability: float) -> str:
    """`0.923` -> `92 %`, `0.005` -> `1 %`; above zero but below half a percent it is `<1 %`, and only zero is `0 %`."""
    displayed = displayed_percent(probability)
    return f"<1{THIN}%" if displayed == _BELOW_ONE else f"{displayed:.0f}{THIN}%"


def displayed_percent(probability: float) -> float:
    """What `percent` displays, as a number to sort by: whole percents, and 0.5 for `<1 %`."""
    return _BELOW_ONE if 0 < probability < 0.005 else float(whole_percent(probability))


def whole_percent(probability: float) -> int:
    """Percents, rounded half up: `0.005` -> 1, `0.025` -> 3."""
    return math.floor(100 * probability + 0.5)


def decibels(value_db: float, unit: str = "dB") -> str:
    """`-18.4` -> `−18 dB`, with a true minus sign so that the figures line up."""
    rounded = round(value_db)
    return f"{MINUS if rounded < 0 else ''}{abs(rounded)}{THIN}{unit}"


def frequency(frequency_hz: float) -> str:
    """`1240.0` -> `1.24 kHz`, `250.0` -> `250 Hz`."""
    if frequency_hz < 1000:
        return f"{frequency_hz:.0f}{THIN}Hz"
    return f"{frequency_hz / 1000:.2f}{THIN}kHz"


def seconds_ago(offset_s: float) -> str:
    """A time relative to now, `-10.0` -> `−10 s`, `-150.0` -> `−2:30`; zero is `now`."""
    if abs(offset_s) < 0.005:
        return "now"
    if abs(offset_s) >= 100:
        return f"{MINUS if offset_s < 0 else '+'}{duration(abs(offset_s))}"
    return f"{MINUS if offset_s < 0 else '+'}{abs(offset_s):.3g}{THIN}s"


def duration(seconds: float, *, tenths: bool = False) -> str:
    """`62.4` -> `1:02` (or `1:02.4`), `3723.0` -> `1:02:03`."""
    scaled = round(seconds * 10) if tenths else round(seconds) * 10
    whole, tenth = divmod(scaled, 10)
    minutes, second = divmod(whole, 60)
    hours, minute = divmod(minutes, 60)
    text = f"{hours}:{minute:02d}:{second:02d}" if hours else f"{minute}:{second:02d}"
    return f"{text}.{tenth}" if tenths else text


def lasting(seconds: float) -> str:
    """How long something has lasted so far, in whole seconds: `2.9` -> `2 s`, `62.4` -> `1:02`."""
    whole = math.floor(max(seconds, 0.0) + 1e-6)
    return f"{whole}{THIN}s" if whole < 60 else duration(whole)


def count(number: int, noun: str, plural: str = "") -> str:
    """`14, "file"` -> `14 files`; `2, "class", "classes"` -> `2 classes`."""
    return f"{number} {noun if number == 1 else plural or f'{noun}s'}"


def megabytes_of(done_bytes: int, total_bytes: int) -> str:
    """`120e6, 346e6` -> `120 of 346 MB`; `120 MB` where the total is not known (0)."""
    whole = f" of {total_bytes / 1e6:.0f}" if total_bytes else ""
    return f"{done_bytes / 1e6:.0f}{whole}{THIN}MB"
