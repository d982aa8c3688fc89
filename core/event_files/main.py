"""Writes events to a file in any of the formats, and reads a file of labels whichever format it has."""

from __future__ import annotations

import errno
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import IO, Protocol

from core.atomic_write import atomic_file
from core.errors import UsageError, UserError
from core.event_files.handlers import audacity, csv, jsonl, parquet, raven, srt, webvtt
from core.event_files.models import EventFormat, Found, LabelFile, LabelledSpan, LineProblem, Lines
from core.event_files.text_encoding import numbered_lines

_LINES_TO_RECOGNISE = 5
_LINES_AT_ONCE = 1000


def write_events(format: str, spans: Iterable[LabelledSpan], path: Path) -> int:
    """Write spans to a file, which stays as it was unless all of them can be written; returns their number.

    format: a key of FORMATS. Spans are written as they come, in constant memory; WebVTT wants them by onset. Raises
    UserError where the disk refuses.
    """
    counted = _Counted(spans)
    try:
        with atomic_file(path) as file:
            write_to(format, counted, file)
    except OSError as error:
        remedy = "Free some space there." if error.errno in (errno.ENOSPC, errno.EDQUOT) else "Choose another place."
        raise UserError(f"{path} cannot be written ({error.strerror or error}).", remedy) from error
    return counted.n


def write_to(format: str, spans: Iterable[LabelledSpan], file: IO[bytes]) -> None:
    """Write spans to an open file. Raises UsageError for spans of several sources where the format cannot tell these
    apart, and what `file` raises."""
    entry = FORMATS[format]
    entry.write(spans if entry.holds_sources else _of_one_source(format, spans), file)


def read_labels(path: Path) -> LabelFile:
    """Read a file of labels in any of the formats and usual encodings; what cannot be used is in its problems.

    Raises UserError for a file that cannot be read, or is of no known format.
    """
    try:
        name, found = _found(path)
        spans, problems = _sorted_out(found)
    except OSError as error:
        raise UserError(f"{path} cannot be read ({error.strerror or error}).", "Check the file.") from error
    return LabelFile(path, name, spans, problems)


def _found(path: Path) -> tuple[str, Iterable[Found]]:
    if parquet.is_parquet(path):
        return "parquet", parquet.read(path)
    lines = list(numbered_lines(path))
    first = [text for _, text in lines if text.strip()][:_LINES_TO_RECOGNISE]
    if not first:
        problem = f"{path.name} is empty."
        raise UserError(problem, "Give a file of labels.")
    for name, entry in FORMATS.items():
        if entry.recognise is not None and entry.read is not None and entry.recognise(first):
            return name, entry.read(lines)
    names = ", ".join(entry.title for entry in FORMATS.values())
    raise UserError(f"{path.name} is no file of labels.", f"These are read: {names}.")


def _sorted_out(found: Iterable[Found]) -> tuple[tuple[LabelledSpan, ...], tuple[LineProblem, ...]]:
    spans, problems = list[LabelledSpan](), list[LineProblem]()
    for one in found:
        if isinstance(one, LineProblem):
            problems.append(one)
            spans += [] if one.usable is None else [one.usable]
        else:
            spans.append(one)
    spans.sort(key=lambda span: (span.source, span.onset_s))
    return tuple(spans), tuple(problems)


def _of_one_source(format: str, spans: Iterable[LabelledSpan]) -> Iterator[LabelledSpan]:
    source: str | None = None
    for span in spans:
        if source is not None and span.source != source:
            raise only_one_source(format)
        source = span.source
        yield span


def only_one_source(format: str) -> UsageError:
    """The error that a format cannot tell several sources apart."""
    problem = f"{FORMATS[format].title} cannot tell the events of several files apart."
    return UsageError(problem, "Write one file beside each sound with --output-dir, or choose another --format.")


def _as_text(lines: Callable[[Iterable[LabelledSpan]], Iterator[str]]) -> Callable[..., None]:
    """Writes lines as UTF-8, some at a time."""

    def write(spans: Iterable[LabelledSpan], file: IO[bytes]) -> None:
        some: list[str] = []
        for text in lines(spans):
            some.append(text)
            if len(some) == _LINES_AT_ONCE:
                file.write(_encoded(some))
                some = []
        file.write(_encoded(some))

    return write


def _encoded(texts: list[str]) -> bytes:
    return "".join(texts).encode("utf-8", "backslashreplace")  # names of files may hold what no encoding has


def _text_format(
    title: str, suffix: str, module: _TextModule, *, holds_sources: bool = False, has_clock_time: bool = False
) -> EventFormat:
    return EventFormat(
        title=title,
        suffix=suffix,
        write=_as_text(module.lines),
        holds_sources=holds_sources,
        has_clock_time=has_clock_time,
        recognise=module.recognise,
        read=module.read,
    )


class _TextModule(Protocol):
    """What a module of a text format has."""

    def lines(self, spans: Iterable[LabelledSpan]) -> Iterator[str]: ...
    def recognise(self, first: list[str]) -> bool: ...
    def read(self, lines: Lines) -> Iterator[Found]: ...


class _Counted:
    """Counts what goes through."""

    def __init__(self, spans: Iterable[LabelledSpan]) -> None:
        self._spans, self.n = spans, 0

    def __iter__(self) -> Iterator[LabelledSpan]:
        for span in self._spans:
            self.n += 1
            yield span


FORMATS: dict[str, EventFormat] = {
    "audacity": _text_format("Audacity", ".txt", audacity),
    "raven": _text_format("Raven", ".selections.txt", raven, holds_sources=True),
    "vtt": _text_format("WebVTT", ".vtt", webvtt),
    "srt": _text_format("SRT", ".srt", srt),
    "jsonl": _text_format("JSON Lines", ".jsonl", jsonl, holds_sources=True, has_clock_time=True),
    "csv": _text_format("CSV", ".csv", csv, holds_sources=True, has_clock_time=True),
    "parquet": EventFormat("Parquet", ".parquet", parquet.write, holds_sources=True, has_clock_time=True),
}
"""By the name of --format. A file of text is read by the first one that recognises it."""
