"""Writes the results of `tag --frames`: rows of 100 ms with a window's columns, or a table of onsets and offsets."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import IO, Protocol

from core.cli.window_output import FORMATS, ResultWriter, TaggedWindow, print_file_error, print_note
from core.errors import UserError
from core.inference.events import Event, EventTracker
from core.inference.frame_rows import ROW_FRAMES, ROW_S
from core.inference.results import FrameScores, TagScores
from core.labels import LabelSet
from core.terminal_text import shown


class FrameWriter(Protocol):
    """Writes results as they come; `end` follows the last rows of a source."""

    def frames(self, source: str, scores: FrameScores) -> None: ...
    def end(self, source: str) -> None: ...
    def error(self, source: str, error: UserError) -> None: ...
    def note(self, source: str, text: str) -> None: ...


class FrameRows:
    """Writes each row as a window of 100 ms; its index is its place."""

    def __init__(self, file: IO[str], labels: LabelSet, top_k: int | None, *, name: str) -> None:
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


class EventTable:
    """Writes a table for people: one line per event, the source above the first."""

    def __init__(self, file: IO[str], labels: LabelSet, top_k: int | None) -> None:
        del top_k  # an event has one label
        self._file, self._labels = file, labels
        self._tracker = EventTracker(len(labels))
        self._n_rows, self._n_events = 0, 0

    def frames(self, source: str, scores: FrameScores) -> None:
        if not self._n_rows:
            print(shown(source), file=self._file)
        self._n_rows += len(scores.times_s)
        self._write(self._tracker.push(scores))

    def end(self, source: str) -> None:
        del source
        self._write(self._tracker.finish())
        if self._n_rows and not self._n_events:
            print("    nothing that the model knows", file=self._file, flush=True)
        self._n_rows, self._n_events = 0, 0

    def error(self, source: str, error: UserError) -> None:
        print_file_error(source, error, self._file)

    def note(self, source: str, text: str) -> None:
        print_note(source, text)

    def _write(self, events: list[Event]) -> None:
        self._n_events += len(events)
        for event in events:
            words = f"{shown(self._labels.in_words(self._labels[event.label]))} {event.peak:4.0%}"
            print(f"{event.onset_s:9.2f} – {event.offset_s:8.2f} s   {words}", file=self._file, flush=True)


FRAME_FORMATS: dict[str, Callable[[IO[str], LabelSet, int | None], FrameWriter]] = {
    "table": EventTable,
    "jsonl": partial(FrameRows, name="jsonl"),
    "csv": partial(FrameRows, name="csv"),
}
