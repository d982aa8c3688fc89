"""Audacity's label tracks: onset, offset and label, separated by tabs; a line that begins with a backslash has the
frequencies of the label above it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from core.event_files.models import Found, LabelledSpan, LineProblem, Lines, number, one_line, span_or_problem


def lines(spans: Iterable[LabelledSpan]) -> Iterator[str]:
    """A line for each, and one more where frequencies are known."""
    for span in spans:
        yield f"{span.onset_s:.6f}\t{span.offset_s:.6f}\t{one_line(span.label)}\n"
        if span.low_hz is not None and span.high_hz is not None:
            yield f"\\\t{span.low_hz:.6f}\t{span.high_hz:.6f}\n"


def recognise(first: list[str]) -> bool:
    """Whether the first line begins with two numbers."""
    cells = first[0].split("\t") if first else []
    try:
        numbers = [number(cell, "time") for cell in cells[:2]]
    except ValueError:
        return False
    return len(numbers) == 2


def read(lines: Lines) -> Iterator[Found]:
    """Spans and problems by line."""
    waiting: Found | None = None  # until the next line: it may hold the frequencies
    for line, text in lines:
        cells = text.split("\t")
        if text.startswith("\\"):
            if isinstance(waiting, LabelledSpan):
                found = span_or_problem(line, lambda span=waiting, cells=cells: _with_frequencies(span, cells))
                if isinstance(found, LineProblem):
                    yield found
                else:
                    waiting = found
            continue
        if waiting is not None:
            yield waiting
        waiting = span_or_problem(line, lambda cells=cells: _span(cells)) if text.strip() else None
    if waiting is not None:
        yield waiting


def _span(cells: list[str]) -> LabelledSpan:
    if len(cells) < 2:
        raise ValueError("it has no onset and offset, separated by a tab")
    label = " ".join(cells[2:]).strip()
    return LabelledSpan(label, number(cells[0], "onset"), number(cells[1], "offset"))


def _with_frequencies(span: LabelledSpan, cells: list[str]) -> LabelledSpan:
    """Audacity writes -1 where a label has no lowest or highest frequency."""
    if len(cells) < 3:
        raise ValueError("it has no two frequencies")
    low, high = (number(cell, "frequency") for cell in cells[1:3])
    return replace(span, low_hz=low if low >= 0 else None, high_hz=high if high >= 0 else None)
