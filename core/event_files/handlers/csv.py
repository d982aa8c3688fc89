"""CSV: a header and a row for each span. Reads tables of other programs too, by the names of their columns."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator

from core.event_files.columns import COLUMNS, RowReader, plain_name, row_of
from core.event_files.models import Found, LabelledSpan, LineProblem, Lines, span_or_problem


def lines(spans: Iterable[LabelledSpan]) -> Iterator[str]:
    """The rows as text."""
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    writer.writerow(COLUMNS)
    for span in spans:
        writer.writerow(row_of(span))
        yield buffer.getvalue()
        buffer.seek(0)
        buffer.truncate()
    yield buffer.getvalue()


def recognise(first: list[str]) -> bool:
    """Whether there is a header that names an onset."""
    header = next((line for line in first if not _names_separator(line)), "")
    names = {plain_name(name) for name in next(csv.reader([header], delimiter=_delimiter(header)), list[str]())}
    return bool(names & {"onset_s", "onset", "start_s", "start", "start_time", "begin", "begin_time", "start_seconds"})


def read(lines: Lines) -> Iterator[Found]:
    """Spans and problems by line. Raises UserError for a header without the columns that are needed."""
    numbered = _Numbered(lines)
    header = next((line for line in numbered if line.strip()), "")
    if _names_separator(header):
        delimiter, header = header[4], next(numbered, "")
    else:
        delimiter = _delimiter(header)
    names = next(csv.reader([header], delimiter=delimiter), list[str]())
    reader, rows = RowReader(names), csv.reader(numbered, delimiter=delimiter)
    while True:
        first = numbered.line + 1
        try:
            cells = next(rows)
        except StopIteration:
            return
        except csv.Error as error:
            yield LineProblem(first, f"it is no row ({error})")
            continue
        if any(cell.strip() for cell in cells):
            row = dict(zip(names, cells, strict=False))
            yield span_or_problem(first, lambda row=row: reader.span(row))


class _Numbered:
    """Lines with their ends, as `csv` wants them; knows the number of the last one."""

    def __init__(self, lines: Lines) -> None:
        self._lines = iter(lines)
        self.line = 0

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        self.line, text = next(self._lines)
        return text + "\n"


def _names_separator(line: str) -> bool:
    """Whether a line such as `sep=;`, which Excel writes, names the separator."""
    return line.lower().startswith("sep=") and len(line.strip()) == 5


def _delimiter(header: str) -> str:
    return max(",;\t", key=header.count)
