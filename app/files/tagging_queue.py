"""Tags the listed files, one at a time, and reads the picture of the selected one. Paints nothing.

A pool thread runs `_tag` and `_picture`; they see a path, a tagger and a flag, and answer by queued signals at most
ten times a second. Everything else happens on the GUI thread.
"""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, Signal, SignalInstance, Slot

from app.files.row import FileRow, FileState
from app.files.table_model import FilesModel
from app.runtime.background_jobs import BackgroundJobs
from app.runtime.core_api import CoreCalls, FilePicture, FoundMedia, StopQuestion, Tagger
from app.spectrogram.score_history import ScoreHistory
from app.spectrogram.timeline import set_picture
from app.style.plain_text import rich_error
from core.errors import UserError
from core.inference.results import TagScores

log = logging.getLogger(__name__)
_ANSWER_EVERY_S = 0.1


class TaggingQueue(QObject):
    """The queue of files. `model` has the rows; row_changed, picture_ready: a FileRow; added: those that came.

    busy_changed: `is_busy` is another than before. counts_changed: so is the number of files in some state.
    """

    row_changed = Signal(object)
    picture_ready = Signal(object)
    added = Signal(object)
    busy_changed = Signal()
    counts_changed = Signal()
    scan_failed = Signal(object)
    _heard = Signal(object, object, object)
    _noted = Signal(object, str)

    def __init__(self, calls: CoreCalls, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._calls = calls
        # Two threads: a picture need not wait for a file being tagged, and files never tag side by side.
        self._jobs = BackgroundJobs(self, max_threads=2)
        self.model = FilesModel(self)
        self._tagger: Tagger | None = None
        self._current: FileRow | None = None
        self._counts: Counter[FileState] = Counter()
        self._was_busy = False
        self._heard.connect(self._on_heard)
        self._noted.connect(self._on_noted)

    @property
    def is_busy(self) -> bool:
        """Files are being tagged, or wait for it."""
        return any(not row.is_over for row in self.model.rows)

    def use_tagger(self, tagger: Tagger) -> None:
        """Tag with this model from the next file on."""
        self._tagger = tagger
        self._start_next()

    def add_paths(self, paths: Sequence[Path]) -> None:
        """List every sound and video file among paths and folders; they are searched on a pool thread."""
        self._jobs.run(lambda: self._calls.find_media(paths), self._on_found, self.scan_failed.emit)

    def cancel(self, row: FileRow) -> None:
        """Stop one file; the others go on."""
        if row.is_over:
            return
        row.stop.set()
        row.state = FileState.CANCELLED
        self._tell(row)

    @Slot()
    def cancel_all(self) -> None:
        """Stop every file."""
        for row in self.model.rows:
            self.cancel(row)

    def remove(self, row: FileRow) -> None:
        """Stop a file and take it off the list."""
        self.cancel(row)
        row.gone.set()
        self.model.remove(row)
        self._tell_counts()

    @Slot()
    def clear(self) -> None:
        """Take every file off the list."""
        for row in list(self.model.rows):
            self.remove(row)

    def ask_picture(self, row: FileRow) -> None:
        """Read the file's spectrogram, once; `picture_ready` comes when it is there or cannot be."""
        if row.has_asked_picture:
            return
        row.has_asked_picture = True
        path, should_stop = row.path, row.gone.is_set
        self._jobs.run(
            lambda: self._calls.file_picture(path, should_stop),
            lambda picture: self._on_picture(row, picture),
            lambda error: self._on_no_picture(row, error),
        )

    def close(self, timeout_s: float) -> bool:
        """Stop everything and wait; False when something still runs."""
        for row in self.model.rows:
            row.stop.set()
            row.gone.set()
        return self._jobs.wait(timeout_s)

    # ----- GUI thread -----

    def _on_found(self, found: FoundMedia) -> None:
        came = self.model.add(found.files)
        for path, error in found.problems:
            for row in self.model.add([path]):
                row.state, row.error = FileState.FAILED, error
                row.timeline.message = rich_error(error)
                self.model.row_changed(row)
                came.append(row)
        self._tell_counts()
        self.added.emit(came)
        self._start_next()

    def _start_next(self) -> None:
        waiting = next((row for row in self.model.rows if row.state is FileState.WAITING), None)
        if waiting is None or self._current is not None or self._tagger is None:
            return
        self._current, tagger = waiting, self._tagger
        waiting.state, waiting.progress = FileState.TAGGING, None
        waiting.timeline.scores = ScoreHistory(len(tagger.labels), is_live=False, capacity=100_000)
        waiting.timeline.labels, waiting.timeline.thresholds = tagger.labels, tagger.thresholds
        self._tell(waiting)
        stop = waiting.stop.is_set
        self._jobs.run(
            lambda: self._tag(waiting, tagger, stop),
            lambda _: self._on_over(waiting, None),
            lambda error: self._on_over(waiting, error),
        )

    @Slot(object, object, object)
    def _on_heard(self, row: FileRow, scores: tuple[TagScores, ...], progress: float | None) -> None:
        if row is not self._current or row.state is not FileState.TAGGING or row.timeline.scores is None:
            return
        for one in scores:
            row.timeline.scores.append(one)
            row.heard_s = max(row.heard_s, one.end_s)
        row.progress = progress
        if row.timeline.history is None:
            row.timeline.view.last_s = row.heard_s
            row.timeline.view.show_all()
        self._tell(row)

    @Slot(object, str)
    def _on_noted(self, row: FileRow, note: str) -> None:
        row.note = note
        self._tell(row)

    def _on_over(self, row: FileRow, error: UserError | None) -> None:
        self._current = None
        if row.state is FileState.TAGGING:
            row.state = FileState.DONE if error is None else FileState.FAILED
            row.duration_s = max(row.duration_s, row.heard_s)
            row.error = error
            if error is not None and row.timeline.history is None:
                row.timeline.message = rich_error(error)
        self._tell(row)
        self._start_next()

    def _on_picture(self, row: FileRow, picture: FilePicture) -> None:
        if len(picture.columns):
            set_picture(row.timeline, picture)
            row.duration_s = picture.duration_s
        else:
            row.timeline.message = "This file holds no sound."
        self._tell(row)
        self.picture_ready.emit(row)

    def _on_no_picture(self, row: FileRow, error: UserError) -> None:
        row.timeline.message = rich_error(error)
        self.picture_ready.emit(row)

    def _tell(self, row: FileRow) -> None:
        self.model.row_changed(row)
        self.row_changed.emit(row)
        self._tell_counts()

    def _tell_counts(self) -> None:
        counts, is_busy = Counter(row.state for row in self.model.rows), self.is_busy
        if counts != self._counts:
            self._counts = counts
            self.counts_changed.emit()
        if is_busy != self._was_busy:
            self._was_busy = is_busy
            self.busy_changed.emit()

    # ----- pool thread -----

    def _tag(self, row: FileRow, tagger: Any, should_stop: StopQuestion) -> None:
        if note := self._calls.track_note(row.path):
            self._emit(self._noted, row, note)
        answer = _Answer(self, row)
        for scores in self._calls.tag_file(row.path, tagger, answer.on_progress, should_stop):
            answer.add(scores)
        answer.send()

    def _emit_heard(self, row: FileRow, scores: tuple[TagScores, ...], progress: float | None) -> None:
        self._emit(self._heard, row, scores, progress)

    @staticmethod
    def _emit(signal: SignalInstance, *values: object) -> None:
        try:
            signal.emit(*values)
        except RuntimeError:
            log.info("a file was tagged after the window was gone")


class _Answer:
    """Collects what a worker finds, and sends it at most ten times a second. Lives on the pool thread."""

    def __init__(self, tagging: TaggingQueue, row: FileRow) -> None:
        self._tagging, self._row = tagging, row
        self._scores: list[TagScores] = []
        self._progress: float | None = None
        self._sent_at_s = 0.0

    def on_progress(self, progress: float | None) -> None:
        self._progress = progress
        self._send_if_due()

    def add(self, scores: TagScores) -> None:
        self._scores.append(scores)
        self._send_if_due()

    def _send_if_due(self) -> None:
        if time.monotonic() - self._sent_at_s >= _ANSWER_EVERY_S:
            self.send()

    def send(self) -> None:
        self._sent_at_s = time.monotonic()
        self._tagging._emit_heard(self._row, tuple(self._scores), self._progress)
        self._scores.clear()
