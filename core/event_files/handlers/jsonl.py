"""JSON Lines: an object for each span. Reads the events of `tag --events --format jsonl` too."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Any

from core.errors import UserError
from core.event_files.columns import COLUMNS, RowReader, row_of
from core.event_files.models import Found, LabelledSpan, LineProblem, Lines, span_or_problem
from core.file_names import json_text
from core.foreign_text import as_object, parse_json


def lines(spans: Iterable[LabelledSpan]) -> Iterator[str]:
    """A line for each; what is unknown is left out."""
    for span in spans:
        known = {name: value for name, value in zip(COLUMNS, row_of(span), strict=True) if value not in (None, "")}
        yield json_text(known) + "\n"


def recognise(first: list[str]) -> bool:
    """Whether the first line is an object."""
    try:
        return bool(first) and isinstance(json.loads(first[0]), dict)
    except (ValueError, RecursionError):
        return False


def read(lines: Lines) -> Iterator[Found]:
    """Spans and problems by line. Lines of `tag` that are no ended events are passed over."""
    for line, text in lines:
        if not text.strip():
            continue
        try:
            row = as_object(parse_json(text))
        except ValueError as error:
            yield LineProblem(line, f"it is no JSON ({error})")
            continue
        if row is None:
            yield LineProblem(line, "it is no JSON object")
        elif row.get("type", "event") == "event" and row.get("state", "ended") == "ended":
            yield span_or_problem(line, lambda row=row: _span(row))


@lru_cache(100)
def _reader(names: tuple[str, ...]) -> RowReader:
    return RowReader(names)  # most lines of a file have the same names


def _span(row: dict[str, Any]) -> LabelledSpan:
    try:
        return _reader(tuple(row)).span(row)
    except UserError as error:
        raise ValueError("it has no onset_s, offset_s and label") from error
