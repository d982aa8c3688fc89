"""Defines a labelled span of a sound, and what a file of labels is read into."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import IO

_YEAR_3000 = 32_503_680_000.0


@dataclass(frozen=True, slots=True)
class LabelledSpan:
    """A label from onset to offset. Raises ValueError for impossible times, peaks and frequencies, and without a label.

    Two spans may overlap, and one may have no length.
    """

    label: str
    """For people."""
    onset_s: float
    """Seconds from the beginning of its source, 0 or more."""
    offset_s: float
    """Not before the onset."""
    peak: float | None = None
    """The label's highest probability; None where it is unknown."""
    low_hz: float | None = None
    """Its lowest frequency, where it is known."""
    high_hz: float | None = None
    source: str = ""
    """The path or name of the sound that it lies in."""
    source_start_s: float = 0.0
    """Where that sound begins, if several lie one after the other."""
    note: str = ""
    label_id: str = ""
    """The label's id in its model."""
    onset_at: float | None = None
    """The onset in clock time, seconds since 1970, of what was heard live."""
    session: str = ""
    """Which run of the program heard it."""
    model: str = ""
    """Which model heard it."""
    verdict: str = ""
    """What a person said of it."""
    line: int = field(default=0, compare=False)
    """Of the file that it was read from; 0 if it was not."""

    def __post_init__(self) -> None:
        if not self.label.strip():
            raise ValueError("it has no label")
        if not math.isfinite(self.onset_s) or not math.isfinite(self.offset_s):
            raise ValueError(f"its times are {self.onset_s:g} s and {self.offset_s:g} s")
        if self.offset_s < self.onset_s:
            raise ValueError(f"it ends at {self.offset_s:g} s, before it begins at {self.onset_s:g} s")
        if self.peak is not None and not 0 <= self.peak <= 1:
            raise ValueError(f"its peak is {self.peak:g}")
        low, high = (self.low_hz or 0.0), math.inf if self.high_hz is None else self.high_hz
        if not 0 <= low <= high or self.high_hz == math.inf:
            raise ValueError(f"its frequencies are {low:g} to {high:g} Hz")
        if self.onset_at is not None and not 0 <= self.onset_at < _YEAR_3000:
            raise ValueError(f"its clock time is {self.onset_at:g} s after 1970")
        if self.onset_s < 0:
            raise BeforeZeroError(self)


class BeforeZeroError(ValueError):
    """A span that begins before its sound."""

    def __init__(self, span: LabelledSpan) -> None:
        super().__init__(f"it begins at {span.onset_s:g} s, before the sound")
        self.span = span


@dataclass(frozen=True, slots=True)
class LineProblem:
    """What cannot be used of a file of labels, or only in part."""

    line: int
    """Counted from 1; in a Parquet file the number of the row."""
    text: str
    """For people, to follow "line N: "."""
    usable: LabelledSpan | None = None
    """What can be used of it."""


@dataclass(frozen=True, slots=True)
class LabelFile:
    """The labels of a file."""

    path: Path
    format: str
    """A key of FORMATS."""
    spans: tuple[LabelledSpan, ...]
    """In order of time within each source, in the order of the file where they begin together."""
    problems: tuple[LineProblem, ...] = ()
    """By line."""


Found = LabelledSpan | LineProblem
"""What a reader finds at a line."""
Lines = Iterable[tuple[int, str]]
"""Lines of text without their ends, each with its number, from 1."""


@dataclass(frozen=True, slots=True)
class EventFormat:
    """A kind of file that spans are written to and read from."""

    title: str
    """For menus."""
    suffix: str
    """Of its files' names, with the dot."""
    write: Callable[[Iterable[LabelledSpan], IO[bytes]], None]
    """Writes spans as they come, in constant memory."""
    holds_sources: bool
    """Whether spans of several sources can be told apart in one file."""
    has_clock_time: bool = False
    """Whether it keeps when in clock time, and in which session, something was heard."""
    recognise: Callable[[list[str]], bool] | None = None
    """Whether these first lines (those with more than spaces) are of this format. None for a format that is no text."""
    read: Callable[[Lines], Iterator[Found]] | None = None
    """Reads lines of text. None for a format that is no text."""


def one_line(text: str) -> str:
    """A text without tabs, line ends and other control characters, for formats that give these a meaning."""
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())


def span_or_problem(line: int, make: Callable[[], LabelledSpan]) -> Found:
    """The span, or why it cannot be used, or not all of it."""
    try:
        return replace(make(), line=line)
    except BeforeZeroError as error:
        if error.span.offset_s <= 0:
            return LineProblem(line, str(error))
        return LineProblem(line, f"{error}; it is used from 0 s", replace(error.span, onset_s=0.0, line=line))
    except ValueError as error:
        return LineProblem(line, str(error))


def number(text: str, what: str) -> float:
    """The number of a cell, with a point or a comma. Raises ValueError naming `what` it should be."""
    try:
        value = float(text.strip().replace(",", "."))
    except ValueError:
        raise ValueError(f"its {what} {text.strip()!r} is not a number") from None
    if not math.isfinite(value):
        raise ValueError(f"its {what} is {text.strip()}")
    return value
