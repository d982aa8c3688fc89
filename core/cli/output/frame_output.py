"""Writes the results of `tag --frames`, rows of 100 ms with a window's columns, and of `tag --events`."""

from __future__ import annotations

import csv
from functools import partial
from typing import IO, Protocol

from core.cli.output.window_output import FORMATS, JsonLines, ResultWriter, TaggedWindow, print_file_error, print_note
from core.cli.terminal.streams import print_error
from core.errors import UserError
from core.inference.edges.file_events import FileEvents
from core.inference.frame_rows import ROW_FRAMES, ROW_S
from core.inference.results import EventChange, FrameScores, TagScores
from core.labels import LabelSet
from core.terminal_text import shown


class FrameWriter(Protocol):
    """Writes results as they come; `end` follows the last rows of a source."""

    def frames(self, source: str, scores: FrameScores) -> None:
        """Write the next rows of a source."""
        ...

    def end(self, source: str) -> None:
        """Write what was kept back until the last row of a source."""
        ...

    def error(self, source: str, error: UserError) -> None:
        """Write that a source could not be read, or not to its end."""
        ...

    def note(self, source: str, text: str) -> None:
        """Write a remark on a source."""
        ...


class FrameRows:
    """Writes each row as a window of 100 ms; its index is its place."""

    def __init__(
        self, file: IO[str], labels: LabelSet, top_k: int | None, events: FileEvents | None = None, *, name: str
    ) -> None:
        del events  # rows are no events
        self._writer: ResultWriter = FORMATS[name](file, labels, top_k)

    def frames(self, source: str, scores: FrameScores) -> None:
        for centre_s, probabilities in zip(scores.times_s, scores.probabilities, strict=True):
            index = round(float(centre_s) / ROW_S - 0.5)
            row = TagScores(probabilities, index * ROW_FRAMES, (index + 1) * ROW_FRAMES)
            self._writer.window(TaggedWindow(source, index, row))

    def end(self, source: str) -> None:
        del source  # all its rows are written already

    def error(self, source: str, error: UserError) -> None:
        self._writer.error(source, error)

    def note(self, source: str, text: str) -> None:
        self._writer.note(source, text)


class EventLines:
    """Writes a line for each event that has ended."""

    def __init__(self, file: IO[str], labels: LabelSet, top_k: int | None, events: FileEvents | None = None) -> None:
        self._writer = JsonLines(file, labels, top_k)
        self._events = events or FileEvents(labels)
        self.error, self.note = self._writer.error, self._writer.note

    def frames(self, source: str, scores: FrameScores) -> None:
        for change in self._events.push(scores):
            self._writer.event(change, source)

    def end(self, source: str) -> None:
        for change in self._events.finish():
            self._writer.event(change, source)


class EventCsv:
    """Writes a row for each event that has ended: source, id, label, onset_s, offset_s, peak_p, at_s; and the name, if
    the label is an id for machines. Errors go to standard error. Control characters are escaped on a terminal only."""

    def __init__(self, file: IO[str], labels: LabelSet, top_k: int | None, events: FileEvents | None = None) -> None:
        del top_k  # an event has one label
        self._rows, self._labels, self._file = csv.writer(file), labels, file
        names = ["name"] if labels.has_cryptic_ids else []
        self._rows.writerow(["source", "id", "label", "onset_s", "offset_s", "peak_p", "at_s", *names])
        self._events = events or FileEvents(labels)

    def frames(self, source: str, scores: FrameScores) -> None:
        self._write(source, self._events.push(scores))

    def end(self, source: str) -> None:
        self._write(source, self._events.finish())

    def error(self, source: str, error: UserError) -> None:
        print_error(f"{source}: {error}")

    def note(self, source: str, text: str) -> None:
        print_note(source, text)

    def _write(self, source: str, events: list[EventChange]) -> None:
        for event in events:
            label = self._labels[event.label]
            names = [label.name] if self._labels.has_cryptic_ids else []
            times = [event.onset_s, event.offset_s, round(event.peak, 4), event.at_s]
            row = [source, event.id, label.id, *times, *names]
            self._rows.writerow(map(shown, row) if self._file.isatty() else row)
        self._file.flush()


class EventTable:
    """Writes a table for people: one line per event, the source above the first."""

    def __init__(self, file: IO[str], labels: LabelSet, top_k: int | None, events: FileEvents | None = None) -> None:
        del top_k  # an event has one label
        self._file, self._labels = file, labels
        self._events = events or FileEvents(labels)
        self._n_rows, self._n_events = 0, 0

    def frames(self, source: str, scores: FrameScores) -> None:
        if not self._n_rows:
            print(shown(source), file=self._file)
        self._n_rows += len(scores.times_s)
        self._write(self._events.push(scores))

    def end(self, source: str) -> None:
        del source
        self._write(self._events.finish())
        if self._n_rows and not self._n_events:
            print("    nothing that the model knows", file=self._file, flush=True)
        self._n_rows, self._n_events = 0, 0

    def error(self, source: str, error: UserError) -> None:
        print_file_error(source, error, self._file)

    def note(self, source: str, text: str) -> None:
        print_note(source, text)

    def _write(self, events: list[EventChange]) -> None:
        self._n_events += len(events)
        for event in events:
            words = f"{shown(self._labels.in_words(self._labels[event.label]))} {event.peak:4.0%}"
            print(f"{event.onset_s:9.2f} – {event.offset_s:8.2f} s   {words}", file=self._file, flush=True)


class MakeFrameWriter(Protocol):
    """events: which of them are written; all but those that more specific ones cover, unless given."""

    def __call__(
        self, file: IO[str], labels: LabelSet, top_k: int | None, events: FileEvents | None = None
    ) -> FrameWriter: ...


FRAME_FORMATS: dict[str, MakeFrameWriter] = {
    "table": EventTable,
    "jsonl": partial(FrameRows, name="jsonl"),
    "csv": partial(FrameRows, name="csv"),
}
"""What `tag --frames` writes."""

EVENT_FORMATS: dict[str, MakeFrameWriter] = {
    "table": EventTable,
    "jsonl": EventLines,
    "csv": EventCsv,
}
"""What `tag --events` writes."""
