"""Tags one file on a pool thread, and reports by queued signals at most ten times a second."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import SignalInstance

from app.files.row import FileRow
from app.runtime.core_api import CoreApi, StopQuestion
from app.runtime.progress_reports import ProgressReports, emit_from_thread
from core.inference.edges.file_events import FileEvents
from core.inference.results import EventChange, TagScores
from core.labels import LabelSet


def tag_row(
    core: CoreApi,
    row: FileRow,
    tagger: Any,
    should_stop: StopQuestion,
    signals: tuple[SignalInstance, SignalInstance],
) -> None:
    """Tag a file. signals: one that takes the row and what is new of it, a FoundInFile; and one for the row and its
    note.

    Raises UserError.
    """
    progressed, noted = signals
    if note := core.track_note(row.path):
        emit_from_thread(noted, row, note)
    unsent = _Unsent(tagger.labels)
    reports = ProgressReports(lambda: emit_from_thread(progressed, row, unsent.take()))

    def on_progress(progress: float | None) -> None:
        unsent.progress = progress
        reports.notify()

    try:
        for scores in core.tag_file(row.path, tagger, on_progress, should_stop):
            unsent.add(scores)
            reports.notify()
    finally:
        # What a damaged file held comes before its error.
        unsent.finish()
        reports.flush()


@dataclass(frozen=True, slots=True)
class FoundInFile:
    """What is new of a file that is being tagged."""

    scores: tuple[TagScores, ...]
    """Windows, in order."""
    events: tuple[EventChange, ...]
    """Events that have ended; none of a model that says what sounds in a window, but not when."""
    implied: frozenset[int]
    """The ids of those that more specific ones cover."""
    progress: float | None
    """The share done; None while the length is unknown."""


class _Unsent:
    """What a pool thread has found since its last report."""

    def __init__(self, labels: LabelSet) -> None:
        self.progress: float | None = None
        self._scores: list[TagScores] = []
        self._events: list[EventChange] = []
        self._implied = set[int]()
        self._all, self._specific = FileEvents(labels, with_parents=True), FileEvents(labels)

    def add(self, scores: TagScores) -> None:
        """A window, and the events that end in its rows."""
        self._scores.append(scores)
        if scores.rows is not None:
            self._add_events(self._all.push(scores.rows), self._specific.push(scores.rows))

    def finish(self) -> None:
        """The events that the end of the file cuts off."""
        self._add_events(self._all.finish(), self._specific.finish())

    def _add_events(self, events: list[EventChange], specific: list[EventChange]) -> None:
        self._events += events
        self._implied |= {event.id for event in events} - {event.id for event in specific}

    def take(self) -> FoundInFile:
        """What is new, and the progress; scores and events are forgotten."""
        found = FoundInFile(tuple(self._scores), tuple(self._events), frozenset(self._implied), self.progress)
        self._scores, self._events, self._implied = [], [], set()
        return found
