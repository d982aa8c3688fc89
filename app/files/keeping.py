"""Keeps the list of files on the disk: writes what changes half a second at a time, and reads scores when wanted."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from app.files.kept_list import KeptFile, KeptList
from app.files.kept_scores import final_scores, packed, unpacked
from app.files.row import FileRow
from app.files.tagging_queue import TaggingQueue
from app.runtime.background_jobs import BackgroundJobs
from app.runtime.progress_reports import emit_from_thread
from app.spectrogram.history.model_scores import ModelScores
from core.errors import UserError

log = logging.getLogger(__name__)
_EVERY_MS = 500


class ListKeeping(QObject):
    """Restores the list of a queue and keeps it from then on."""

    noticed = Signal(str)
    """A sentence: the list was damaged, and is elsewhere now."""
    failed = Signal(object)
    """A UserError, the first time that the disk refuses."""
    _deleted = Signal()
    """From a pool thread: nothing is kept any more."""

    def __init__(self, open_list: Callable[[], KeptList], queue: TaggingQueue, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._open_list, self._queue = open_list, queue
        # One thread: what is written last was changed last.
        self._jobs = BackgroundJobs(self, max_threads=1)
        self._changed: dict[FileRow, None] = {}
        self._kept: dict[Path, KeptFile] = {}
        self._shown: FileRow | None = None
        self._on_their_way: dict[Path, ModelScores] = {}
        """Scores that are being written."""
        self._has_failed = False
        self._is_over = False
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_EVERY_MS)
        self._timer.timeout.connect(self.write)
        queue.row_changed.connect(self._on_changed)
        queue.removed.connect(self._on_removed)
        self._deleted.connect(queue.clear)

    def restore(self, done: Callable[[], None]) -> None:
        """Read the list of the last run, go on with it, and call `done`, also where it cannot be read."""

        def on_loaded(found: _Loaded) -> None:
            self._on_loaded(found)
            done()

        def on_failed(error: UserError) -> None:
            self._on_failed(error)
            done()

        self._jobs.run(lambda: _loaded(self._open_list()), on_loaded, on_failed)

    def delete_stored(self) -> None:
        """Delete the list on disk and in the window, there also where the disk refuses. For a pool thread. Raises
        UserError."""
        try:
            self._open_list().delete_all()
        finally:
            emit_from_thread(self._deleted)

    @Slot()
    def write(self) -> None:
        """Write what has changed."""
        rows, self._changed = list(self._changed), {}
        files = [file for file in (row.to_kept() for row in rows) if self._kept.get(file.path) != file]
        if files:
            self._kept |= {file.path: file for file in files}
            self._jobs.run(
                lambda: self._open_list().put(files), None, lambda error: self._on_refused(rows, files, error)
            )
        for row in rows:
            self._write_scores(row)

    def show(self, row: FileRow | None) -> None:
        """A file is on show, or none: its scores are read, and those of the one before need not stay in memory."""
        before, self._shown = self._shown, row
        if before is not None and before is not row:
            self._release(before)
        if row is None or not row.is_over or row.timeline.models:
            return
        path, row.is_reading_scores = row.path, True
        self._jobs.run(
            lambda: _scores_of(self._open_list(), path),
            lambda model: self._on_scores(row, model),
            lambda _error: self._on_scores(row, None),
        )

    def _on_scores(self, row: FileRow, model: ModelScores | None) -> None:
        row.is_reading_scores = False
        if model is not None and row.is_over and row.model == model.model and not row.timeline.models:
            row.timeline.models, row.are_scores_kept = [model], True
        self._queue.row_changed.emit(row)
        if row is not self._shown:
            self._release(row)

    def _write_scores(self, row: FileRow) -> None:
        """Keep the scores of a file that is over. They stay in memory where the disk refuses."""
        if not row.is_over or row.are_scores_kept or not row.timeline.scores:
            return
        model, path = row.timeline.models[0], row.path
        if self._on_their_way.get(path) is model:
            return
        self._on_their_way[path], kept = model, final_scores(model)

        def on_written(_: object) -> None:
            self._on_their_way.pop(path, None)
            if row.timeline.models == [model]:
                row.are_scores_kept = True
                if row is not self._shown:
                    self._release(row)

        def on_refused(error: UserError) -> None:
            self._on_their_way.pop(path, None)
            self._on_refused([row], [], error)

        self._jobs.run(lambda: self._open_list().put_scores(path, packed(kept)), on_written, on_refused)

    @staticmethod
    def _release(row: FileRow) -> None:
        """Forget scores that can be read again."""
        if row.is_over and row.are_scores_kept and row.timeline.models:
            row.kept_tags, row.timeline.models = row.top_tags(), []

    def finish(self) -> None:
        """Write what has changed; what is cancelled from now on, as the program ends, is tagged at the next start."""
        self._timer.stop()
        if not self._is_over:
            self.write()
        self._is_over = True

    def close(self, timeout_s: float) -> bool:
        """Wait for what is being written; False when that takes longer."""
        self.finish()
        return self._jobs.wait(timeout_s)

    def _on_loaded(self, found: _Loaded) -> None:
        self._kept |= {file.path: file for file in found.files}
        if found.set_aside is not None:
            self.noticed.emit(
                f"The list of files was damaged: it was renamed to {found.set_aside.name}, and a new one was begun."
            )
        self._queue.restore(found.rows)

    @Slot(object)
    def _on_changed(self, row: FileRow) -> None:
        # A file that was taken off the list while it was tagged ends after that.
        if self._is_over or row.removed.is_set():
            return
        self._changed[row] = None
        if not self._timer.isActive():
            self._timer.start()

    @Slot(object)
    def _on_removed(self, rows: list[FileRow]) -> None:
        paths = [row.path for row in rows]
        for row in rows:
            self._changed.pop(row, None)
            self._kept.pop(row.path, None)
        self._jobs.run(lambda: self._open_list().remove(paths), None, self._on_failed)

    def _on_refused(self, rows: list[FileRow], files: list[KeptFile], error: UserError) -> None:
        """Write it again with the next change, or at the end: the disk may take it then."""
        for file in files:
            if self._kept.get(file.path) is file:
                del self._kept[file.path]
        self._changed = dict.fromkeys(row for row in rows if not row.removed.is_set()) | self._changed
        self._on_failed(error)

    def _on_failed(self, error: UserError) -> None:
        if not self._has_failed:
            self._has_failed = True
            self.failed.emit(error)


@dataclass(frozen=True, slots=True)
class _Loaded:
    """The list of the last run."""

    files: list[KeptFile]
    """Every kept file."""
    rows: list[FileRow]
    """Their rows."""
    set_aside: Path | None
    """Where a damaged list is now."""


def _loaded(kept: KeptList) -> _Loaded:
    # The rows too: a file of hours has thousands of events.
    files = kept.load()
    return _Loaded(files, [_row_of(file) for file in files], kept.set_aside)


def _row_of(file: KeptFile) -> FileRow:
    row = FileRow.from_kept(file)
    if not row.path.exists():
        row.note = "this file is missing"
    return row


def _scores_of(kept: KeptList, path: Path) -> ModelScores | None:
    """The kept scores of a file; None where there are none, or another version wrote them."""
    content = kept.scores(path)
    try:
        return None if content is None else unpacked(content)
    except ValueError:
        log.warning("the kept scores of %s cannot be read", path, exc_info=True)
        return None
