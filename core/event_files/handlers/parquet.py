"""Parquet, for data analysis: a column for each field, in groups of rows. pyarrow is imported when it is used."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import IO, Any

from core.errors import UserError
from core.event_files.columns import COLUMNS, RowReader, row_of
from core.event_files.models import Found, LabelledSpan, span_or_problem

_GROUP_ROWS = 50_000
_NUMBERS = ("onset_s", "offset_s", "peak_p", "low_hz", "high_hz")
_MARK = b"PAR1"


def write(spans: Iterable[LabelledSpan], file: IO[bytes]) -> None:
    """Write spans as they come; at most a group of rows is in memory."""
    with _parquet().ParquetWriter(file, schema(), compression="zstd") as writer:
        rows: list[LabelledSpan] = []
        for span in spans:
            rows.append(span)
            if len(rows) == _GROUP_ROWS:
                writer.write_batch(batch(rows))
                rows = []
        if rows:
            writer.write_batch(batch(rows))


def is_parquet(path: Path) -> bool:
    """Whether the file begins as one does. Raises OSError."""
    with path.open("rb") as file:
        return file.read(len(_MARK)) == _MARK


def read(path: Path) -> Iterator[Found]:
    """Spans and problems by row, from 1. Raises UserError for a damaged file, and without the columns needed."""
    try:
        with _parquet().ParquetFile(path) as file:
            names: list[str] = file.schema_arrow.names
            reader, row_number = RowReader(names), 0
            for batch in file.iter_batches(_GROUP_ROWS):
                rows: list[dict[str, object]] = batch.to_pylist()
                for row in rows:
                    row_number += 1
                    yield span_or_problem(row_number, lambda row=row: reader.span(row))
    except _pyarrow().ArrowException as error:
        raise UserError(f"{path.name} is not a whole Parquet file ({error}).", "Write it again.") from error


def schema() -> Any:
    """The columns of a table of events, a pyarrow schema."""
    pyarrow = _pyarrow()
    types = {name: pyarrow.float64() for name in _NUMBERS} | {"onset_at": pyarrow.timestamp("us", "UTC")}
    return pyarrow.schema([(name, types.get(name, pyarrow.string())) for name in COLUMNS])


def batch(spans: list[LabelledSpan]) -> Any:
    """Spans as rows of that schema, a pyarrow RecordBatch."""
    rows = [row_of(span) for span in spans]
    columns: dict[str, list[Any]] = {name: [row[place] for row in rows] for place, name in enumerate(COLUMNS)}
    columns["onset_at"] = [
        None if span.onset_at is None else datetime.fromtimestamp(span.onset_at, UTC) for span in spans
    ]
    return _pyarrow().RecordBatch.from_pydict(columns, schema=schema())


def _pyarrow() -> Any:
    return import_module("pyarrow")  # it has no types


def _parquet() -> Any:
    return import_module("pyarrow.parquet")
