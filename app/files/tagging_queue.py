"""The queue of files: tags one file at a time, and reads the picture of the selected file.

Pool threads run `_tag` and the reading of pictures. They get a path, a tagger and an event, and report by queued
signals at most ten times a second. Everything else runs on the GUI thread.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, Signal, Slot

from app.files.row import FileRow, FileState
from app.files.table_model import FilesModel
from app.runtime.background_jobs import BackgroundJobs
from app.runtime.core_api import CoreApi, FilePicture, FoundMedia, StopQuestion, Tagger
from app.runtime.progress_reports import ProgressReports, emit_from_thread
from app.spectrogram.timeline import set_picture
from app.style.plain_text import rich_error
from core.errors import UserError
from core.inference.results import TagScores


class TaggingQueue(QObject):
    """Tags the files in `model`, one after the other."""

    row_changed = Signal(object)
    """A FileRow that has changed."""
    picture_ready = Signal(object)
    """A FileRow whose picture has been read, or could not be."""
    added = Signal(object)
    """A list of the FileRows that were added or queued again."""
    busy_changed = Signal()
    """`is_busy` has changed. No payload."""
    counts_changed = Signal()
    """The number of files in some state has changed. No payload."""
    scan_failed = Signal(object)
    """A UserError: the paths could not be searched for files."""
    files_left_out = Signal(str)
    """A sentence that counts the files of a folder that are no media."""
    _progressed = Signal(object, object, object)
    """From a pool thread: a FileRow, a tuple of new TagScores, and the progress or None."""
    _noted = Signal(object, str)
    """From a pool thread: a FileRow and its note."""

    def __init__(self, core: CoreApi, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._core = core
        # Two threads, so that a picture need not wait for the file being tagged; files are tagged one at a time.
        self._jobs = BackgroundJobs(self, max_threads=2)
        self.model = FilesModel(self)
        self._tagger: Tagger | None = None
        self._current: FileRow | None = None
        self._counts: Counter[FileState] = Counter()
        self._was_busy = False
        self._progressed.connect(self._on_progress)
        self._noted.connect(self._on_noted)

    @property
    def is_busy(self) -> bool:
        """A file is being tagged, or is waiting."""
        return any(not row.is_over for row in self.model.rows)

    def use_tagger(self, tagger: Tagger) -> None:
        """Use another model from the next file on."""
        self._tagger = tagger
        self._start_next()

    def add_paths(self, paths: Sequence[Path]) -> None:
        """Add the audio and video files among paths and in folders, which a pool thread searches."""
        self._jobs.run(lambda: self._core.find_media(paths), self._on_found, self.scan_failed.emit)

    def add_with_tagger(self, path: Path, tagger: Tagger) -> None:
        """Add one file that is tagged with another model than the one in use."""
        added = self.model.add([path])
        for row in added:
            row.tagger, row.note = tagger, f"tagged with {tagger.name}"
        self._announce_counts()
        self.added.emit(added)
        self._start_next()

    def cancel(self, row: FileRow) -> None:
        """Cancel one file; the others continue."""
        if row.is_over:
            return
        row.stop.set()
        row.state = FileState.CANCELLED
        self._announce(row)

    @Slot()
    def cancel_all(self) -> None:
        """Cancel all files."""
        for row in self.model.rows:
            self.cancel(row)

    def remove(self, row: FileRow) -> None:
        """Cancel a file and remove it from the list."""
        self.cancel(row)
        row.removed.set()
        self.model.remove(row)
        self._announce_counts()

    @Slot()
    def clear(self) -> None:
        """Remove all files from the list."""
        for row in list(self.model.rows):
            self.remove(row)

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

    def _on_found(self, found: FoundMedia) -> None:
        added = self.model.add(found.files)
        for path, error in found.problems:
            for row in self.model.add([path]):
                row.state, row.error = FileState.FAILED, error
                row.timeline.message = rich_error(error)
                self.model.row_changed(row)
                added.append(row)
        self._announce_counts()
        self.added.emit(added)
        if found.left_out:
            self.files_left_out.emit(found.left_out)
        self._start_next()

    def _start_next(self) -> None:
        waiting = next((row for row in self.model.rows if row.state is FileState.WAITING), None)
        tagger = self._tagger if waiting is None or waiting.tagger is None else waiting.tagger
        if waiting is None or self._current is not None or tagger is None:
            return
        self._current = waiting
        waiting.state, waiting.progress = FileState.TAGGING, None
        waiting.timeline.use_labels(tagger)
        self._announce(waiting)
        stop = waiting.stop.is_set
        self._jobs.run(
            lambda: self._tag(waiting, tagger, stop),
            lambda _: self._on_ended(waiting, None),
            lambda error: self._on_ended(waiting, error),
        )

    @Slot(object, object, object)
    def _on_progress(self, row: FileRow, scores: tuple[TagScores, ...], progress: float | None) -> None:
        if row is not self._current or row.state is not FileState.TAGGING or row.timeline.scores is None:
            return
        for window in scores:
            row.timeline.scores.append(window)
            row.tagged_s = max(row.tagged_s, window.end_s)
        row.progress = progress
        if row.timeline.history is None:
            row.timeline.view.last_s = row.tagged_s
            row.timeline.view.show_all()
        self._announce(row)

    @Slot(object, str)
    def _on_noted(self, row: FileRow, note: str) -> None:
        row.note = note
        self._announce(row)

    def _on_ended(self, row: FileRow, error: UserError | None) -> None:
        self._current = None
        if row.state is FileState.TAGGING:
            row.state = FileState.DONE if error is None else FileState.FAILED
            row.duration_s = max(row.duration_s, row.tagged_s)
            row.error = error
            if error is not None and row.timeline.history is None:
                row.timeline.message = rich_error(error)
        self._announce(row)
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

    def _announce(self, row: FileRow) -> None:
        self.model.row_changed(row)
        self.row_changed.emit(row)
        self._announce_counts()

    def _announce_counts(self) -> None:
        counts, is_busy = Counter(row.state for row in self.model.rows), self.is_busy
        if counts != self._counts:
            self._counts = counts
            self.counts_changed.emit()
        if is_busy != self._was_busy:
            self._was_busy = is_busy
            self.busy_changed.emit()

    # ----- pool thread -----

    def _tag(self, row: FileRow, tagger: Any, should_stop: StopQuestion) -> None:
        if note := self._core.track_note(row.path):
            emit_from_thread(self._noted, row, note)
        unsent = _Unsent()
        reports = ProgressReports(lambda: emit_from_thread(self._progressed, row, *unsent.take()))

        def on_progress(progress: float | None) -> None:
            unsent.progress = progress
            reports.notify()

        for scores in self._core.tag_file(row.path, tagger, on_progress, should_stop):
            unsent.scores.append(scores)
            reports.notify()
        reports.flush()


class _Unsent:
    """What a pool thread has found since its last report."""

    def __init__(self) -> None:
        self.scores: list[TagScores] = []
        self.progress: float | None = None

    def take(self) -> tuple[tuple[TagScores, ...], float | None]:
        """The new scores and the progress; the scores are forgotten."""
        scores, self.scores = tuple(self.scores), []
        return scores, self.progress
