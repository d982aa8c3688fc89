"""The queue of files: tags one after the other, and reads the picture of the selected file.

Pool threads run `tag_batch` and the reading of pictures. They get paths, a tagger and events, and report by queued
signals. Everything else runs on the GUI thread.
"""

from __future__ import annotations

import time
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from functools import partial
from itertools import islice
from pathlib import Path

from PySide6.QtCore import QObject, Signal, Slot

from app.files.file_events import events_from_changes, events_from_labels
from app.files.row import FileRow, FileState
from app.files.search import FoundFiles, belongs_to, no_sound_of, problems_in_words, search, unchanged_in_words
from app.files.table_model import FilesModel
from app.files.tagging_job import Batch, Begun, Ended, FoundInFile, Noted, Step, next_batch, tag_batch
from app.runtime.background_jobs import BackgroundJobs
from app.runtime.core_api import CoreApi, FilePicture, Tagger
from app.runtime.progress_reports import emit_from_thread
from app.spectrogram.timeline import set_picture
from app.style.plain_text import rich_error
from core.errors import UserError
from core.event_files.models import LabelFile


class TaggingQueue(QObject):
    """Tags the files in `model`, one after the other."""

    row_changed = Signal(object)
    """A FileRow that has changed."""
    picture_ready = Signal(object)
    """A FileRow whose picture has been read, or could not be."""
    added = Signal(object)
    """A list of the FileRows that were added or queued again."""
    removed = Signal(object)
    """A list of the FileRows that were removed."""
    busy_changed = Signal()
    """`is_busy` has changed. No payload."""
    counts_changed = Signal()
    """The number of files in some state has changed. No payload."""
    scan_failed = Signal(object)
    """A UserError: the paths could not be searched for files."""
    files_left_out = Signal(str)
    """A sentence that counts the files of a folder that are no media."""
    _reported = Signal(object, object)
    """From a pool thread: a FileRow, and a Step of its tagging."""

    def __init__(self, core: CoreApi, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._core = core
        # Two threads, so that a picture need not wait for the files being tagged; one batch is tagged at a time.
        self._jobs = BackgroundJobs(self, max_threads=2)
        self.model = FilesModel(self)
        self._tagger: Tagger | None = None
        self._batch: Batch | None = None
        self._current: FileRow | None = None
        self._counts: Counter[FileState] = Counter()
        self._first_waiting = 0
        """Before this place every file is over."""
        self._began_s = 0.0
        self._took_s: deque[float] = deque(maxlen=20)
        """How long the last files took."""
        self._was_busy = False
        self._reported.connect(self._on_reported)

    @property
    def is_busy(self) -> bool:
        """A file is being tagged, or is waiting."""
        return self._counts[FileState.WAITING] + self._counts[FileState.TAGGING] > 0

    @property
    def remaining(self) -> tuple[int, float | None]:
        """Files that are not over, and about how many seconds they will take; None until one has been tagged."""
        left = self._counts[FileState.WAITING] + self._counts[FileState.TAGGING]
        if not self._took_s or self._batch is None:
            return left, None
        is_tagging = self._current is not None and self._current.state is FileState.TAGGING
        share_done = (self._current.progress or 0.0) if self._current is not None and is_tagging else 0.0
        return left, (left - share_done) * sum(self._took_s) / len(self._took_s)

    def use_tagger(self, tagger: Tagger) -> None:
        """Use another model from the next file on."""
        self._tagger = tagger
        self._begin_anew()

    def add_paths(self, paths: Sequence[Path]) -> None:
        """Add the audio and video files among paths and in folders, which a pool thread searches."""
        find = self._core.find_media
        self._jobs.run(lambda: search(paths, find), self._on_found, self.scan_failed.emit)

    def restore(self, rows: Sequence[FileRow]) -> None:
        """List files of an earlier run of the program; those that were not over are tagged now."""
        listed = {row.path for row in self.model.rows}
        self.model.extend([row for row in rows if row.path not in listed])
        self._first_waiting = 0
        self._announce_counts()
        self._start_next()

    def tag_again(self, row: FileRow) -> None:
        """Tag a file that is over once more."""
        if row.is_over:
            row.reset()
            self._queue([row])

    def add_with_tagger(self, path: Path, tagger: Tagger) -> None:
        """Add one file that is tagged with another model than the one in use."""
        added = self.model.add([path], model=tagger.name)
        for row in added:
            row.tagger, row.note = tagger, f"tagged with {tagger.name}"
        self._queue(added)

    def cancel(self, row: FileRow) -> None:
        """Cancel one file; the others continue."""
        self._cancel([row])

    @Slot()
    def cancel_all(self) -> None:
        """Cancel all files."""
        self._cancel(self.model.rows)

    def _cancel(self, rows: Sequence[FileRow]) -> None:
        """Counts once: there may be a hundred thousand rows."""
        for row in (row for row in rows if not row.is_over):
            row.stop.set()
            row.state = FileState.CANCELLED
            self._announce(row, counts=False)
        self._announce_counts()

    def remove(self, row: FileRow) -> None:
        """Cancel a file and remove it from the list."""
        self.cancel(row)
        row.removed.set()
        self.model.remove(row)
        self._first_waiting = 0
        self.removed.emit([row])
        self._announce_counts()

    @Slot()
    def clear(self) -> None:
        """Remove all files from the list."""
        rows = list(self.model.rows)
        for row in rows:
            row.stop.set()
            row.removed.set()
            row.state = row.state if row.is_over else FileState.CANCELLED
        self.model.clear()
        self._first_waiting = 0
        for row in rows:
            self.row_changed.emit(row)
        self.removed.emit(rows)
        self._announce_counts()

    def request_picture(self, row: FileRow) -> None:
        """Read the file's spectrogram, once; `picture_ready` follows, also on failure."""
        if row.has_requested_picture:
            return
        row.has_requested_picture = True
        path, should_stop = row.path, row.removed.is_set
        self._jobs.run(
            lambda: self._core.file_picture(path, should_stop),
            lambda picture: self._on_picture(row, picture),
            lambda error: self._on_no_picture(row, error),
        )

    def close(self, timeout_s: float) -> bool:
        """Stop all work and wait for it; False when some is still running after `timeout_s`."""
        for row in self.model.rows:
            row.stop.set()
            row.removed.set()
        return self._jobs.wait(timeout_s)

    # ----- GUI thread -----

    def _on_found(self, found: FoundFiles) -> None:
        model = "" if self._tagger is None else self._tagger.name
        added = self.model.add(found.media.files, found.stamps, model)
        for path, error in found.media.problems:
            for row in self.model.add([path]):
                row.state, row.error = FileState.FAILED, error
                row.timeline.message = rich_error(error)
                self.model.row_changed(row)
                added.append(row)
        self._queue(added)
        for sentence in (found.media.left_out, unchanged_in_words(len(found.media.files) - len(added))):
            if sentence:
                self.files_left_out.emit(sentence)
        for labels in found.labels:
            self._show_labels(labels)
        for problem in found.label_problems:
            self.scan_failed.emit(problem)

    def _show_labels(self, labels: LabelFile) -> None:
        """Show a file of labels over the picture of its sound; what cannot be used of it is reported."""
        row = next((row for row in self.model.rows if belongs_to(labels.path, row.path)), None)
        if row is None:
            self.scan_failed.emit(no_sound_of(labels))
            return
        row.add_labels(events_from_labels(labels.path.name, labels.spans))
        self._announce(row)
        if labels.problems:
            self.files_left_out.emit(problems_in_words(labels))

    def _queue(self, rows: list[FileRow]) -> None:
        """Tag rows that have been added or are to be tagged again."""
        self._first_waiting = 0
        for row in rows:
            self.row_changed.emit(row)
        self._announce_counts()
        self.added.emit(rows)
        self._begin_anew()

    def _next_waiting(self) -> Iterator[FileRow]:
        rows = self.model.rows
        while self._first_waiting < len(rows) and rows[self._first_waiting].state is not FileState.WAITING:
            self._first_waiting += 1
        return (row for row in islice(rows, self._first_waiting, None) if row.state is FileState.WAITING)

    def _begin_anew(self) -> None:
        """Choose the next files again after the one that is being tagged."""
        if self._batch is not None:
            self._batch.ends.set()
        self._start_next()

    def _start_next(self) -> None:
        if self._batch is not None or (batch := next_batch(self._next_waiting(), self._tagger)) is None:
            return
        self._batch, report = batch, partial(emit_from_thread, self._reported)
        self._jobs.run(
            lambda: tag_batch(self._core, batch, report),
            lambda _: self._on_batch_over(None),
            self._on_batch_over,
        )

    @Slot(object, object)
    def _on_reported(self, row: FileRow, step: Step) -> None:
        """A step of a file's tagging, unless the file has been cancelled or waits once more."""
        if self._batch is None or not self._batch.has(row):
            return
        if isinstance(step, Begun) and row.state is FileState.WAITING:
            self._on_begun(row, self._batch.tagger)
        elif row.state is FileState.TAGGING:
            if isinstance(step, FoundInFile):
                self._on_found_in(row, step)
            elif isinstance(step, Noted):
                row.note = step.note
                self._announce(row)
            elif isinstance(step, Ended):
                self._on_ended(row, step.error)

    def _on_begun(self, row: FileRow, tagger: Tagger) -> None:
        self._current, self._began_s = row, time.monotonic()
        row.begin(tagger)
        self._announce(row)

    def _on_found_in(self, row: FileRow, found: FoundInFile) -> None:
        row.take(found.scores, events_from_changes(found.events, found.implied, row.timeline.models))
        row.progress = found.progress
        if row.timeline.history is None:
            row.timeline.view.last_s = row.tagged_s
            row.timeline.view.show_all()
        self._announce(row, counts=False)

    def _on_ended(self, row: FileRow, error: UserError | None) -> None:
        self._current = None
        row.state = FileState.DONE if error is None else FileState.FAILED
        row.duration_s = max(row.duration_s, row.tagged_s)
        self._took_s.append(time.monotonic() - self._began_s)
        row.find_events()
        row.error = error
        if error is not None and row.timeline.history is None:
            row.timeline.message = rich_error(error)
        self._announce(row)

    def _on_batch_over(self, error: UserError | None) -> None:
        """error: why none of its files could be tagged."""
        batch, self._batch, self._current = self._batch, None, None
        if batch is not None and error is not None:
            for row in (row for row in batch.stops if batch.has(row) and not row.is_over):
                self._on_ended(row, error)
        self._start_next()

    def _on_picture(self, row: FileRow, picture: FilePicture) -> None:
        if len(picture.columns):
            set_picture(row.timeline, picture)
            row.duration_s = picture.duration_s
        else:
            row.timeline.message = "This file contains no audio."
        self._announce(row)
        self.picture_ready.emit(row)

    def _on_no_picture(self, row: FileRow, error: UserError) -> None:
        row.timeline.message = rich_error(error)
        self.picture_ready.emit(row)

    def _announce(self, row: FileRow, *, counts: bool = True) -> None:
        self.model.row_changed(row)
        self.row_changed.emit(row)
        if counts:
            self._announce_counts()

    def _announce_counts(self) -> None:
        counts = Counter(row.state for row in self.model.rows)
        if counts != self._counts:
            self._counts = counts
            self.counts_changed.emit()
        if self.is_busy != self._was_busy:
            self._was_busy = self.is_busy
            self.busy_changed.emit()
