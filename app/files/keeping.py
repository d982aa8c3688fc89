"""Writes changes of the list of files to the disk, half a second at a time, on a thread of its own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from app.files.kept_list import KeptFile, KeptList
from app.files.row import FileRow
from app.files.tagging_queue import TaggingQueue
from app.runtime.background_jobs import BackgroundJobs
from app.runtime.progress_reports import emit_from_thread
from core.errors import UserError

_EVERY_MS = 500


class ListKeeping(QObject):
    """Restores the list of a queue and keeps it from then on."""

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

        def on_loaded(found: tuple[list[KeptFile], set[Path]]) -> None:
            self._on_loaded(found)
            done()

        def on_failed(error: UserError) -> None:
            self._on_failed(error)
            done()

        self._jobs.run(lambda: _loaded(self._open_list()), on_loaded, on_failed)

    def delete_stored(self) -> None:
        """Delete the list on disk and in the window. For a pool thread. Raises UserError."""
        self._open_list().delete_all()
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

    def _on_loaded(self, found: tuple[list[KeptFile], set[Path]]) -> None:
        files, missing = found
        self._kept |= {file.path: file for file in files}
        rows = [FileRow.from_kept(file) for file in files]
        for row in rows:
            if row.path in missing:
                row.note = "this file is missing"
        self._queue.restore(rows)

    @Slot(object)
    def _on_changed(self, row: FileRow) -> None:
        if self._is_over:
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


def _loaded(kept: KeptList) -> tuple[list[KeptFile], set[Path]]:
    """Every kept file, and those of them that are not there any more."""
    files = kept.load()
    return files, {file.path for file in files if not file.path.exists()}
