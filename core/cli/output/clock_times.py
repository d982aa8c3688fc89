"""Reads points in time as people type them: a date, a date and time, a time of today, or how long ago."""

from __future__ import annotations

import argparse
import re
from datetime import datetime, time, timedelta

_AGO = re.compile(r"(?P<n>\d+(?:\.\d+)?) ?(?P<unit>s|min|m|h|d|w)")
_SECONDS = {"s": 1, "min": 60, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
_TODAY = re.compile(r"\d{1,2}:\d{2}(?::\d{2})?")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_FORMS = "such as 2026-11-30, 2026-11-30T15:45, 15:45 or 2h (ago; s, min, h, d, w)"


def since_time(text: str) -> float:
    """Seconds since 1970; a date alone is its beginning, and what has no time zone is local time."""
    return _moment(text, datetime.now().astimezone()).timestamp()


def until_time(text: str) -> float:
    """As `since_time`, but a date alone is its end."""
    moment = _moment(text, datetime.now().astimezone())
    if _DATE.fullmatch(text.strip()):  # the next midnight, which is not always 24 hours later
        moment = datetime.combine(moment.date() + timedelta(days=1), time()).astimezone()
    return moment.timestamp()


def _moment(text: str, now: datetime) -> datetime:
    words = text.strip()
    ago = _AGO.fullmatch(words)
    try:
        if ago is not None:
            return now - timedelta(seconds=float(ago["n"]) * _SECONDS[ago["unit"]])
        if _TODAY.fullmatch(words):
            return datetime.combine(now.date(), time.fromisoformat(words.zfill(len("15:45")))).astimezone()
        return datetime.fromisoformat(words).astimezone()
    except (ValueError, OverflowError, OSError) as error:
        raise argparse.ArgumentTypeError(f"{text!r} is no time, {_FORMS}") from error
