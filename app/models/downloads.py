"""Downloads published models and imports local ones in the background, and lists the models on this computer.

Pool threads run `_download` and the import; they see a row, a path and a stop flag, and report by a queued signal
at most ten times a second. Everything else happens on the GUI thread.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal, Slot

from app.models.download_row import DownloadRow, DownloadState
from app.runtime.background_jobs import BackgroundJobs
from app.runtime.core_api import CoreApi, ModelRow
from app.runtime.progress_reports import ProgressReports, emit_from_thread
from core.errors import UserError
from core.model.checkpoints.published import PUBLISHED_MODELS, PublishedModel

if TYPE_CHECKING:
    from core.model.store.download import DownloadProgress

_LEAST_PART_BYTES = 1_000_000
"""A smaller part of a download would be shown as 0 MB."""


class ModelDownloads(QObject):
    """`rows` are the published models, then the imported ones.

    listed: a tuple of ModelRow, every model that can be chosen. rows_changed: a row was added or removed.
    row_changed: a DownloadRow. import_changed: an import began or ended.
    arrived: the name of a model that was downloaded or imported.
    """

    listed = Signal(object)
    rows_changed = Signal()
    row_changed = Signal(object)
    import_changed = Signal()
    arrived = Signal(str)
    _reported = Signal(object, object, object)

    def __init__(self, core: CoreApi, jobs: BackgroundJobs, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._core, self._jobs = core, jobs
        # One thread each: two attempts at one file never overlap, and an import does not wait for a download.
        self._download_pool = BackgroundJobs(self, max_threads=1)
        self._imports = BackgroundJobs(self, max_threads=1)
        self.rows = [DownloadRow(model.name, model.title, model.summary, model) for model in PUBLISHED_MODELS]
        self.importing: Path | None = None
        self.import_error: UserError | None = None
        self._reported.connect(self._on_report)

    def refresh(self) -> None:
        """List the models on this computer."""
        self._jobs.run(self._core.list_models, self._on_listed)

    def look_for_parts(self) -> None:
        """Look for parts of downloads that an earlier run of the program did not finish."""

        def look() -> dict[str, int]:
            return {model.name: self._core.arrived_bytes(model) for model in PUBLISHED_MODELS}

        self._jobs.run(look, self._on_parts)

    def download(self, row: DownloadRow) -> None:
        """Download a model, or resume its download. One at a time; the others wait."""
        if row.published is None or not row.can_be_downloaded:
            return
        row.stop, row.error, row.state = threading.Event(), None, DownloadState.WAITING
        self.row_changed.emit(row)
        model, stop = row.published, row.stop
        self._download_pool.run(
            lambda: self._download(row, model, stop),
            lambda path: self._on_downloaded(row, stop, path),
            lambda error: self._on_failed(row, stop, error),
        )

    def stop(self, row: DownloadRow) -> None:
        """Stop a download; the part that has arrived is kept."""
        if row.is_on_its_way:
            row.stop.set()
            row.state = DownloadState.STOPPED if row.has_part else DownloadState.ABSENT
            self.row_changed.emit(row)

    @Slot()
    def stop_all(self) -> None:
        """Stop every download."""
        for row in self.rows:
            self.stop(row)

    def import_model(self, path: Path) -> None:
        """Import a local checkpoint, a file or a folder."""
        if self.importing is not None:
            return
        self.importing, self.import_error = path, None
        self.import_changed.emit()
        self._imports.run(lambda: self._core.import_model(path), self._on_imported, self._on_not_imported)

    def close(self, timeout_s: float) -> bool:
        """Stop everything and wait; False when something still runs."""
        self.stop_all()
        deadline_s = time.monotonic() + timeout_s
        ended = self._download_pool.wait(timeout_s)
        return self._imports.wait(max(deadline_s - time.monotonic(), 0.0)) and ended

    # ----- GUI thread -----

    def _on_listed(self, models: tuple[ModelRow, ...]) -> None:
        here = {model.name for model in models}
        for row in self.rows:
            if row.name in here and not row.is_on_its_way:
                row.state, row.progress, row.kept_bytes, row.error = DownloadState.HERE, None, 0, None
            elif row.is_here:
                row.state = DownloadState.ABSENT
        published = [row for row in self.rows if row.published is not None]
        imported = [
            DownloadRow(model.name, model.title, model.summary, state=DownloadState.HERE)
            for model in models
            if model.is_kept and model.name not in {row.name for row in published}
        ]
        self.rows = published + imported
        self.rows_changed.emit()
        self.listed.emit(models)

    def _on_parts(self, arrived: dict[str, int]) -> None:
        for row in self.rows:
            if row.state not in (DownloadState.ABSENT, DownloadState.FAILED):
                continue  # the others are known better than from this look
            kept = arrived.get(row.name, 0)
            row.kept_bytes = kept if kept >= _LEAST_PART_BYTES else 0
            row.progress = row.progress if row.kept_bytes else None
            if row.state is DownloadState.ABSENT and row.has_part:
                row.state = DownloadState.STOPPED
            self.row_changed.emit(row)

    @Slot(object, object, object)
    def _on_report(self, row: DownloadRow, stop: threading.Event, progress: DownloadProgress | None) -> None:
        if row.stop is not stop or row.is_here:
            return
        row.progress = progress or row.progress
        if row.is_on_its_way:
            row.state = DownloadState.DOWNLOADING
        elif row.progress is not None:
            # A report between the stop and the end of the thread's work.
            row.state = DownloadState.STOPPED
        self.row_changed.emit(row)

    def _on_downloaded(self, row: DownloadRow, stop: threading.Event, path: Path | None) -> None:
        if path is None:
            return
        if row.stop is stop:
            # Also if it was stopped: the last byte had already arrived.
            row.state, row.progress, row.kept_bytes = DownloadState.HERE, None, 0
            self.row_changed.emit(row)
        self._on_arrived(row.name)

    def _on_failed(self, row: DownloadRow, stop: threading.Event, error: UserError) -> None:
        if row.stop is stop and not stop.is_set():
            row.state, row.error = DownloadState.FAILED, error
            self.row_changed.emit(row)
            # Damaged parts are deleted.
            self.look_for_parts()

    def _on_arrived(self, name: str) -> None:
        self.arrived.emit(name)
        self.refresh()

    def _on_imported(self, path: Path) -> None:
        self.importing = None
        self.import_changed.emit()
        self._on_arrived(path.name)

    def _on_not_imported(self, error: UserError) -> None:
        self.importing, self.import_error = None, error
        self.import_changed.emit()

    # ----- pool thread -----

    def _download(self, row: DownloadRow, model: PublishedModel, stop: threading.Event) -> Path | None:
        """The folder of the model; None if it was stopped while it waited."""
        if stop.is_set():
            return None
        report = _NewestProgress(lambda progress: emit_from_thread(self._reported, row, stop, progress))
        report.send(None)
        try:
            return self._core.download_model(model, report.update, stop.is_set)
        finally:
            report.flush()


class _NewestProgress:
    """Sends the newest progress at most ten times a second, and always the last one. Used by one pool thread."""

    def __init__(self, send: Callable[[DownloadProgress | None], None]) -> None:
        self.send = send
        self._newest: DownloadProgress | None = None
        self._reports = ProgressReports(lambda: send(self._newest))
        self.flush = self._reports.flush

    def update(self, progress: DownloadProgress) -> None:
        self._newest = progress
        self._reports.notify()
        # The conversion follows the last byte, and reports nothing.
        if progress.done_bytes == progress.total_bytes:
            self.flush()
