"""Writes the events of tagged files in the formats of other programs, and what `export` takes from the event store."""

from __future__ import annotations

import io
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, TYPE_CHECKING, cast

from core.cli.output.each_file import tag_one
from core.cli.output.window_output import print_note
from core.cli.terminal.streams import print_error
from core.errors import UsageError, UserError
from core.event_files.main import FORMATS, only_one_source, write_events, write_to
from core.event_files.models import LabelledSpan
from core.inference.edges.file_events import FileEvents
from core.inference.results import EventChange, FrameScores
from core.terminal_text import shown

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

    from core.inference.files.together import TaggedFiles
    from core.inference.tagger import Tagger

NOT_TEXT = ("parquet",)


class FileSpans:
    """Tags files, and keeps the events of the last one as spans."""

    def __init__(self, tagger: Tagger, events: FileEvents, files: TaggedFiles[FrameScores]) -> None:
        self._tagger, self._events, self._files = tagger, events, files
        self._spans: list[LabelledSpan] = []
        self._start_s = 0.0
        self.n_errors = 0

    def of(self, path: Path) -> list[LabelledSpan]:
        """The events of a file by onset; of a damaged file those before the damage."""
        self._spans = []
        self.n_errors += not tag_one(path, self)
        return sorted(self._spans, key=lambda span: (span.onset_s, span.offset_s))

    def of_all(self, paths: Iterable[Path]) -> Iterator[LabelledSpan]:
        """The events of files that follow each other in time."""
        for path in paths:
            yield from self.of(path)

    def tag(self, path: Path) -> None:
        from core.audio.decoding.decode import duration_s

        heard_s = 0.0
        try:
            for scores in self._files.of(path):
                heard_s = max(heard_s, scores.heard_s)
                self._add(path, self._events.push(scores))
        finally:
            self._add(path, self._events.finish())  # what a damaged file held comes before its error
            self._start_s += heard_s
        self._start_s += (duration_s(path) or heard_s) - heard_s

    def error(self, source: str, error: UserError) -> None:
        print_error(f"{source}: {error}")

    def note(self, source: str, text: str) -> None:
        print_note(source, text)

    def _add(self, path: Path, events: list[EventChange]) -> None:
        for event in events:
            assert event.offset_s is not None
            label = self._tagger.labels[event.label]
            self._spans.append(
                LabelledSpan(
                    label=label.name,
                    onset_s=max(0.0, event.onset_s),
                    offset_s=event.offset_s,
                    peak=min(1.0, event.peak),
                    source=str(path),
                    source_start_s=self._start_s,
                    label_id=label.id,
                    model=self._tagger.name,
                )
            )


class _Stopped:
    """Ends a stream of spans when the user stops, so that what there is can be written."""

    def __init__(self, spans: Iterable[LabelledSpan]) -> None:
        self._spans = spans
        self.has_stopped = False

    def __iter__(self) -> Iterator[LabelledSpan]:
        try:
            yield from self._spans
        except KeyboardInterrupt:
            self.has_stopped = True


class _StandardOutput(io.RawIOBase):
    """Takes text in UTF-8; on a terminal, control characters in names are escaped."""

    def write(self, data: ReadableBuffer, /) -> int:
        content = bytes(data)
        text = content.decode("utf-8").replace("\r\n", "\n")
        if sys.stdout.isatty():
            text = "\n".join("\t".join(map(shown, line.split("\t"))) for line in text.split("\n"))
        sys.stdout.write(text)
        return len(content)


def write_one(format: str, spans: Iterable[LabelledSpan], output: Path | None) -> None:
    """Write all spans to one file, or to standard output without one; of a stream that the user stops, what came
    before, and then raise KeyboardInterrupt. Raises UserError."""
    stream = _Stopped(spans)
    if output is None:
        write_to(format, stream, cast("IO[bytes]", _StandardOutput()))
        sys.stdout.flush()
    else:
        write_events(format, stream, output)
    if stream.has_stopped:
        raise KeyboardInterrupt


def write_each(format: str, spans: FileSpans, places: dict[Path, Path]) -> None:
    """Write the events of each file to its place; none for a file that could not be read. Raises UserError."""
    for path, place in places.items():
        n_errors = spans.n_errors
        found = spans.of(path)
        if found or spans.n_errors == n_errors:
            write_events(format, found, place)


def check_one_output(format: str, n_files: int, output: Path | None) -> None:
    """Raise UsageError where the events of so many files cannot be written to one output."""
    if n_files > 1 and not FORMATS[format].holds_sources:
        raise only_one_source(format)
    if output is None and format in NOT_TEXT:
        raise UsageError(f"{FORMATS[format].title} is no text.", "Name a file with --output.")
