"""Tags files on a pool thread, windows of several together, and reports by queued signals.

What is found in a file is reported at most ten times a second.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from itertools import islice, takewhile
from pathlib import Path

from app.files.row import FileRow
from app.runtime.background_jobs import outcome_of
from app.runtime.core_api import CoreApi, FilesInTurn, Tagger
from app.runtime.progress_reports import ProgressReports
from core.errors import UserError
from core.inference.edges.file_events import FileEvents
from core.inference.results import EventChange, TagScores
from core.labels import LabelSet

_MOST_TOGETHER = 64


@dataclass(frozen=True, slots=True)
class Batch:
    """Files that go through a model together, in the order of the list."""

    tagger: Tagger
    """The model."""
    stops: Mapping[FileRow, threading.Event]
    """What ends each file's tagging: of a row that waits once more meanwhile, no longer the row's own."""
    ends: threading.Event = field(default_factory=threading.Event)
    """Set where no other file is to be begun."""

    def has(self, row: FileRow) -> bool:
        """The row's tagging is this batch's."""
        return self.stops.get(row) is row.stop


def next_batch(waiting: Iterator[FileRow], tagger: Tagger | None) -> Batch | None:
    """The next files that wait for the same model; None where none waits, or its model is not there yet.

    tagger: that of rows that have none of their own.
    """
    first = next(waiting, None)
    wanted = None if first is None else first.tagger or tagger
    if first is None or wanted is None:
        return None
    others = takewhile(lambda row: (row.tagger or tagger) is wanted, waiting)
    return Batch(wanted, {row: row.stop for row in (first, *islice(others, _MOST_TOGETHER - 1))})


@dataclass(frozen=True, slots=True)
class Begun:
    """A file is being tagged from now on."""


@dataclass(frozen=True, slots=True)
class Noted:
    """note: a remark, such as which audio track of a file is used."""

    note: str


@dataclass(frozen=True, slots=True)
class Ended:
    """A file has been tagged. error: why it could not be, or only in part."""

    error: UserError | None


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


Step = Begun | Noted | FoundInFile | Ended
Report = Callable[[FileRow, Step], None]


def tag_batch(core: CoreApi, batch: Batch, report: Report) -> None:
    """Tag the files of a batch. Each reports Begun, then what is found in it, and Ended. Raises UserError where no file
    can be tagged."""
    stop_of = {row.path: stop for row, stop in batch.stops.items()}
    with core.tag_files(list(stop_of), batch.tagger, lambda path: stop_of[path].is_set()) as files:
        for row, stop in batch.stops.items():
            if batch.ends.is_set():
                return
            if not stop.is_set():
                job = _FileJob(row.path, stop, batch.tagger.labels, partial(report, row))
                report(row, Begun())
                report(row, Ended(outcome_of(partial(job.run, core, files))[1]))


@dataclass(frozen=True, slots=True)
class _FileJob:
    """One file of a batch."""

    path: Path
    stop: threading.Event
    labels: LabelSet
    report: Callable[[Step], None]

    def run(self, core: CoreApi, files: FilesInTurn) -> None:
        """Raises UserError."""
        if note := core.track_note(self.path):
            self.report(Noted(note))
        unsent = _Unsent(self.labels)
        reports = ProgressReports(lambda: self.report(unsent.take()))

        def on_progress(progress: float | None) -> None:
            unsent.progress = progress
            reports.notify()

        try:
            for scores in files.of(self.path, on_progress):
                unsent.add(scores)
                reports.notify()
                if self.stop.is_set():
                    return
        finally:
            # What a damaged file held comes before its error.
            unsent.finish()
            reports.notify()
            reports.flush()


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
