"""Raven's selection tables: a header and a row for each selection, separated by tabs.

Raven counts the times of several files on, one file after the other, and has the time within the file apart.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import PurePath

from core.errors import UserError
from core.event_files.models import Found, LabelledSpan, Lines, number, one_line, span_or_problem

HEARD_HZ = (0.0, 8000.0)
"""What the model hears: Raven draws every selection as a box."""
SHORTEST_S = 0.001
"""A box has a width."""
_HEADER = (
    *("Selection", "View", "Channel", "Begin Time (s)", "End Time (s)", "Low Freq (Hz)", "High Freq (Hz)"),
    *("Begin File", "File Offset (s)", "Annotation", "Score", "Notes"),
)
_LABELS = ("annotation", "label", "species", "common name", "class", "tags", "tag", "type", "call type", "name")


def lines(spans: Iterable[LabelledSpan]) -> Iterator[str]:
    """The header, and a row for each."""
    yield "\t".join(_HEADER) + "\n"
    for selection, span in enumerate(spans, 1):
        onset_s = span.source_start_s + span.onset_s
        times = (onset_s, max(span.source_start_s + span.offset_s, onset_s + SHORTEST_S))
        low, high = HEARD_HZ
        frequencies = (low if span.low_hz is None else span.low_hz, high if span.high_hz is None else span.high_hz)
        cells = (
            *(str(selection), "Spectrogram 1", "1", *(f"{time:.6f}" for time in times)),
            *(f"{frequency:.3f}" for frequency in frequencies),
            *(one_line(PurePath(span.source).name), f"{span.onset_s:.6f}", one_line(span.label)),
            *("" if span.peak is None else f"{span.peak:.4f}", one_line(span.note)),
        )
        yield "\t".join(cells) + "\n"


def recognise(first: list[str]) -> bool:
    """Whether there is the header of a selection table."""
    return bool(first) and "\t" in first[0] and "begin time (s)" in first[0].lower()


def read(lines: Lines) -> Iterator[Found]:
    """Spans and problems by line; a selection that is listed once a view counts once. Raises UserError for a table
    without labels."""
    header: list[str] = []
    seen = set[tuple[str, ...]]()
    for line, text in lines:
        cells = [cell.strip() for cell in text.split("\t")]
        if not any(cells):
            continue
        if not header:
            header = [cell.lower() for cell in cells]
            _require_labels(header)
            continue
        row = dict(zip(header, cells, strict=False))
        selection = tuple(row.get(name, "") for name in ("selection", "begin time (s)", "end time (s)"))
        if selection[0] and selection in seen:
            continue
        seen.add(selection)
        yield span_or_problem(line, lambda row=row: _span(row))


def _require_labels(header: list[str]) -> None:
    if not set(_LABELS) & set(header):
        raise UserError("The selection table has no column of labels.", "Name that column Annotation.")


def _span(row: dict[str, str]) -> LabelledSpan:
    def cell(name: str) -> float | None:
        return number(row[name], name) if row.get(name) else None

    begin_s, end_s = cell("begin time (s)"), cell("end time (s)")
    if begin_s is None or end_s is None:
        raise ValueError("it has no begin and end time")
    in_file_s = cell("file offset (s)")
    onset_s = begin_s if in_file_s is None else in_file_s
    peak = cell("score") if row.get("score") else cell("confidence")
    return LabelledSpan(
        label=next((row[name] for name in _LABELS if row.get(name)), ""),
        onset_s=onset_s,
        offset_s=end_s if in_file_s is None else onset_s + end_s - begin_s,
        peak=peak if peak is None or 0 <= peak <= 1 else None,
        low_hz=cell("low freq (hz)"),
        high_hz=cell("high freq (hz)"),
        source=row.get("begin file", ""),
        source_start_s=begin_s - onset_s,
        note=row.get("notes", ""),
    )
