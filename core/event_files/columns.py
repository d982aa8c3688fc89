"""Finds the columns of a table of labels by their names, and makes a span of a row."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from core.errors import UserError
from core.event_files.models import LabelledSpan, number

COLUMNS = (
    *("source", "onset_s", "offset_s", "label", "label_id", "peak_p", "low_hz", "high_hz"),
    *("onset_at", "session", "model", "verdict", "note"),
)
"""Of the tables that this program writes."""
_NAMES: dict[str, tuple[str, ...]] = {
    "onset": ("onset_s", "onset", "start_s", "start", "start_time", "begin_time", "begin", "start_seconds"),
    "offset": ("offset_s", "offset", "end_s", "end", "end_time", "stop", "stop_time", "end_seconds"),
    "length": ("duration_s", "duration", "length_s", "length"),
    "label": ("label", "event_label", "common_name", "class", "category", "species", "annotation", "tag", "name"),
    "label_id": ("label_id",),
    "name": ("name",),
    "peak": ("peak_p", "peak", "confidence", "score", "probability", "p"),
    "low": ("low_hz", "low_freq_hz", "f_low", "min_freq", "low_f"),
    "high": ("high_hz", "high_freq_hz", "f_high", "max_freq", "high_f"),
    "source": ("source", "file", "filename", "file_name", "path", "begin_path", "begin_file"),
    "onset_at": ("onset_at",),
    "session": ("session",),
    "model": ("model",),
    "verdict": ("verdict",),
    "note": ("note", "notes", "comment", "comments"),
}
"""What other programs call each column, in small letters, without units in brackets."""


def plain_name(name: str) -> str:
    """A column's name in small letters, without a unit of seconds: `Start (s)` becomes `start`, `Low Freq (Hz)`
    becomes `low_freq_hz`."""
    words = name.strip().lower().replace("(s)", "").replace("(", "").replace(")", "")
    return "_".join(words.replace("-", " ").replace("_", " ").split())


class RowReader:
    """Makes spans of the rows of one table."""

    def __init__(self, names: Sequence[str]) -> None:
        """names: of the columns. Raises UserError where those of the times or of the label are missing."""
        present: dict[str, str] = {}
        for name in names:
            present.setdefault(plain_name(name), name)
        self._columns = {
            what: found for what, choices in _NAMES.items() if (found := _first(choices, present)) is not None
        }
        self._is_of_tag = "at_s" in present
        lacking = [what for what in ("onset", "label") if what not in self._columns]
        lacking += [] if {"offset", "length"} & self._columns.keys() else ["offset"]
        if lacking:
            problem = f"The table has no column for the {' and the '.join(lacking)}."
            raise UserError(problem, "Name its columns onset_s, offset_s and label, in seconds.")

    def span(self, row: Mapping[str, object]) -> LabelledSpan:
        """The span of a row. Raises ValueError for one that cannot be used."""
        onset_s = self._number(row, "onset")
        offset_s = self._number(row, "offset")
        if onset_s is None:
            raise ValueError("it has no onset")
        if offset_s is None:
            length_s = self._number(row, "length")
            if length_s is None:
                raise ValueError("it has no end")
            offset_s = onset_s + length_s
        label, label_id = self._label(row)
        return LabelledSpan(
            label=label,
            onset_s=onset_s,
            offset_s=offset_s,
            peak=self._number(row, "peak"),
            low_hz=self._number(row, "low"),
            high_hz=self._number(row, "high"),
            source=self._text(row, "source"),
            note=self._text(row, "note"),
            label_id=label_id,
            onset_at=parse_clock(row.get(self._columns.get("onset_at", ""))),
            session=self._text(row, "session"),
            model=self._text(row, "model"),
            verdict=self._text(row, "verdict"),
        )

    def _label(self, row: Mapping[str, object]) -> tuple[str, str]:
        """Name and id. `tag` writes an id into `label` and the name, where it differs, into `name`."""
        label, label_id, name = (self._text(row, what) for what in ("label", "label_id", "name"))
        return (name or label, label) if self._is_of_tag else (label, label_id)

    def _text(self, row: Mapping[str, object], what: str) -> str:
        value = row.get(self._columns.get(what, ""))
        return "" if value is None else str(value).strip()

    def _number(self, row: Mapping[str, object], what: str) -> float | None:
        value = row.get(self._columns.get(what, ""))
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            return None if math.isnan(value) else float(value)
        text = "" if value is None else str(value).strip()
        return number(text, what) if text else None


def row_of(span: LabelledSpan) -> tuple[str | float | None, ...]:
    """A span as a row of COLUMNS; None where nothing is known."""
    return (
        *(span.source, round(span.onset_s, 6), round(span.offset_s, 6), span.label, span.label_id),
        *(None if span.peak is None else round(span.peak, 4), span.low_hz, span.high_hz),
        *(None if span.onset_at is None else clock_text(span.onset_at), span.session, span.model, span.verdict),
        span.note,
    )


def clock_text(at: float) -> str:
    """Clock time as ISO 8601 in UTC, in milliseconds: 2026-11-30T15:45:18.250Z."""
    return datetime.fromtimestamp(round(at, 3), UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def parse_clock(value: object) -> float | None:
    """Clock time of a cell: a date and time of ISO 8601, or of a Parquet file; None for an empty cell. Raises
    ValueError for anything else."""
    if value is None or value == "":
        return None
    try:
        moment = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
        return moment.timestamp()
    except (ValueError, OverflowError, OSError) as error:
        raise ValueError(f"its clock time {value} is not like 2026-11-30T15:45:18Z") from error


def _first(choices: Sequence[str], present: Mapping[str, str]) -> str | None:
    return next((present[name] for name in choices if name in present), None)
