"""What the list of events says of each: clock time, length, name, peak, and why a near miss was none."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Sequence
from datetime import datetime

from app.style import formatting
from core.heard.event import HeardEvent

COLUMNS = ("", "Time", "Length", "Class", "Peak", "Picture", "Note")
STAR, TIME, LENGTH, NAME, PEAK, PICTURE, NOTE = range(len(COLUMNS))
SORTS = {TIME: "time", LENGTH: "length", NAME: "label", PEAK: "peak"}
"""The columns that the list can be sorted by, as queries name them."""
TIPS = {
    STAR: "Starred events are kept",
    TIME: "When it began",
    LENGTH: "How long it lasted, or has lasted so far",
    NAME: "What was heard",
    PEAK: "Its highest confidence",
    PICTURE: "Its spectrogram",
    NOTE: "What you wrote. F2 or a double click writes.",
}


def cell_text(event: HeardEvent, column: int, now_at: float | None = None) -> str:
    """The text of a cell; empty for pictures. now_at: where an open event ends at present, seconds since 1970."""
    if column == TIME:
        return clock(event.onset_at)
    if column == LENGTH:
        return length(event, now_at)
    if column == NAME:
        return f"{event.label}  (almost: {_why(event)})" if event.kind == "near_miss" else event.label
    if column == PEAK:
        return formatting.percent(event.peak)
    if column == NOTE:
        return event.note
    return "★" if column == STAR and event.is_starred else ""


def clock(epoch_s: float) -> str:
    """`14:02:31.4`, and before today with the date: `2026-11-30 14:02:31`."""
    moment = datetime.fromtimestamp(epoch_s)
    if moment.date() != datetime.fromtimestamp(time.time()).date():
        return moment.strftime("%Y-%m-%d %H:%M:%S")
    return f"{moment:%H:%M:%S}.{moment.microsecond // 100_000}"


def length(event: HeardEvent, now_at: float | None = None) -> str:
    """`1.2 s`, `2:05`; of an open event how long it has lasted, in whole seconds."""
    if event.offset_s is None:
        return formatting.lasting((time.time() if now_at is None else now_at) - event.onset_at)
    return short_duration(event.offset_s - event.onset_s)


def short_duration(seconds: float) -> str:
    """`1.2 s` below a minute, `2:05` from there on."""
    return f"{seconds:.1f}{formatting.THIN}s" if seconds < 59.95 else formatting.duration(seconds)


def tool_tip(event: HeardEvent) -> str:
    """Where an event comes from."""
    end = "" if event.offset_at is None else f" to {clock(event.offset_at)}"
    lines = [
        f"{event.label}, {clock(event.onset_at)}{end}",
        f"Input: {event.input}",
        f"Model: {event.model}",
    ]
    return "\n".join([*lines, *([f"No event: {_why(event)}"] if event.why else [])])


def _why(event: HeardEvent) -> str:
    """Why a near miss is no event, in percent as everywhere in the window: `31 %, needs 40 %`."""
    below = re.fullmatch(r"(\d\.\d+) < (\d\.\d+)", event.why)
    if below is None:
        return event.why
    peak, needed = (f"{100 * float(part):.6g}{formatting.THIN}%" for part in below.groups())
    return f"{peak}, needs {needed}"


def rows_as_text(events: Sequence[HeardEvent], text_of: Callable[[HeardEvent, int], str] = cell_text) -> str:
    """Rows for the clipboard: a line each, with tabs, below a heading. text_of: the text of a cell."""
    columns = (TIME, LENGTH, NAME, PEAK, NOTE)
    lines = ["\t".join(COLUMNS[column] for column in columns)]
    lines += ["\t".join(_plain(text_of(event, column)) for column in columns) for event in events]
    return "\n".join(lines) + "\n"


def _plain(text: str) -> str:
    """Without what would begin another cell or line."""
    return " ".join(text.replace(formatting.THIN, " ").split())
