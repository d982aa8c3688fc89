"""Fetches published models and imports local ones, in the background; lists what is here. Paints nothing.

Pool threads run `_fetch` and `_import`; they see a table row, a path and a flag, and report by a queued signal at most
ten times a second. Everything else happens on the GUI thread.
"""

from __future__ import annotations

import logging
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal, Slot

from app.models.download_row import FetchRow, FetchState
from app.runtime.background_jobs import BackgroundJobs
from app.runtime.core_api import CoreCalls, ModelRow
from core.errors import UserError
from core.model.checkpoints.published import PUBLISHED_MODELS, PublishedModel

if TYPE_CHECKING:
    from core.model.store.download import DownloadProgress

log = logging.getLogger(__name__)
_REPORT_EVERY_S = 0.1
_WORTH_A_WORD = 1_000_000
"""Bytes: what is less would be shown as nothing."""


class ModelFetching(QObject):
    """`rows` are the published models, then the imported ones.

    listed: a tuple of ModelRow, all that can be chosen here. rows_changed: a row came or went. row_changed: a FetchRow.
    import_changed: an import began or ended. arrived: the name of a model that has come, fetched or imported.
    """

    listed = Signal(object)
    rows_changed = Signal()
    row_changed = Signal(object)
    import_changed = Signal()
    arrived = Signal(str)
    _reported = Signal(object, object, object)

    def __init__(self, calls: CoreCalls, jobs: BackgroundJobs, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._calls, self._jobs = calls, jobs
        # One thread each: two attempts at one file never meet, and an import need not wait for a download.
        self._downloads = BackgroundJobs(self, max_threads=1)
        self._imports = BackgroundJobs(self, max_threads=1)
        self.rows = [FetchRow(model.name, model.title, model.summary, model) for model in PUBLISHED_MODELS]
        self.importing: Path | None = None
        self.import_error: UserError | None = None
        self._reported.connect(self._on_report)

    def refresh(self) -> None:
        """Look what is on this machine."""
        self._jobs.run(self._calls.list_models, self._on_listed)

    def look_for_parts(self) -> None:
        """Look what downloads that an earlier run of the program did not finish have left."""

        def look() -> dict[str, int]:
            return {model.name: self._calls.arrived_bytes(model) for model in PUBLISHED_MODELS}

        self._jobs.run(look, self._on_parts)

    def fetch(self, row: FetchRow) -> None:
        """Get a model, or go on with what has arrived of it. One at a time; the others wait."""
        if row.published is None or not row.can_be_fetched:
            return
        row.stop, row.error, row.state = threading.Event(), None, FetchState.WAITING
        self.row_changed.emit(row)
        model, stop = row.published, row.stop
        self._downloads.run(
            lambda: self._fetch(row, model, stop),
            lambda path: self._on_fetched(row, stop, path),
            lambda error: self._on_failed(row, stop, error),
        )

    def stop(self, row: FetchRow) -> None:
        """Fetch no more of it; what has arrived is kept for the next time."""
        if row.is_on_its_way:
            row.stop.set()
            row.state = FetchState.STOPPED if row.has_part else FetchState.ABSENT
            self.row_changed.emit(row)

    @Slot()
    def stop_all(self) -> None:
        """Fetch nothing any more."""
        for row in self.rows:
            self.stop(row)

    def import_model(self, path: Path) -> None:
        """Make a local checkpoint, a file or a folder, one of the models here."""
        if self.importing is not None:
            return
        self.importing, self.import_error = path, None
        self.import_changed.emit()
        self._imports.run(lambda: self._calls.import_model(path), self._on_imported, self._on_not_imported)

    def close(self, timeout_s: float) -> bool:
        """Stop everything and wait; False when something still runs."""
        self.stop_all()
        deadline_s = time.monotonic() + timeout_s
        ended = self._downloads.wait(timeout_s)
        return self._imports.wait(max(deadline_s - time.monotonic(), 0.0)) and ended

    # ----- GUI thread -----

    def _on_listed(self, models: tuple[ModelRow, ...]) -> None:
        here = {model.name for model in models}
        for row in self.rows:
            if row.name in here and not row.is_on_its_way:
                row.state, row.progress, row.kept_bytes, row.error = FetchState.HERE, None, 0, None
            elif row.is_here:
                row.state = FetchState.ABSENT
        published = [row for row in self.rows if row.published is not None]
        imported = [
            FetchRow(model.name, model.title, model.summary, state=FetchState.HERE)
            for model in models
            if model.is_kept and model.name not in {row.name for row in published}
        ]
        self.rows = published + imported
        self.rows_changed.emit()
        self.listed.emit(models)

    def _on_parts(self, arrived: dict[str, int]) -> None:
        for row in self.rows:
            if row.state not in (FetchState.ABSENT, FetchState.FAILED):
                continue  # of the others more is known than this look has seen
            kept = arrived.get(row.name, 0)
            row.kept_bytes = kept if kept >= _WORTH_A_WORD else 0
            row.progress = row.progress if row.kept_bytes else None
            if row.state is FetchState.ABSENT and row.has_part:
                row.state = FetchState.STOPPED
            self.row_changed.emit(row)

    @Slot(object, object, object)
    def _on_report(self, row: FetchRow, stop: threading.Event, progress: DownloadProgress | None) -> None:
        if row.stop is not stop or row.is_here:
            return
        row.progress = progress or row.progress
        if row.is_on_its_way:
            row.state = FetchState.FETCHING
        elif row.progress is not None:
            # What came between the stop and the end of the thread's work.
            row.state = FetchState.STOPPED
        self.row_changed.emit(row)

    def _on_fetched(self, row: FetchRow, stop: threading.Event, path: Path | None) -> None:
        if path is None:
            return
        if row.stop is stop:
            # Even where it was stopped: the last byte was quicker.
            row.state, row.progress, row.kept_bytes = FetchState.HERE, None, 0
            self.row_changed.emit(row)
        self._on_arrived(row.name)

    def _on_failed(self, row: FetchRow, stop: threading.Event, error: UserError) -> None:
        if row.stop is stop and not stop.is_set():
            row.state, row.error = FetchState.FAILED, error
            self.row_changed.emit(row)
            # What has arrived damaged is thrown away.
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

    def _fetch(self, row: FetchRow, model: PublishedModel, stop: threading.Event) -> Path | None:
        """Where the model is now; None where it was taken back while it waited."""
        if stop.is_set():
            return None
        report = _Reports(self, row, stop)
        report.send(None)
        try:
            return self._calls.download_model(model, report.take, stop.is_set)
        finally:
            report.flush()

    def emit_report(self, row: FetchRow, stop: threading.Event, progress: DownloadProgress | None) -> None:
        """Carry a pool thread's report over to the GUI thread."""
        try:
            self._reported.emit(row, stop, progress)
        except RuntimeError:
            log.info("a model was fetched after the window was gone")


class _Reports:
    """Sends on the newest report at most ten times a second, and the last one always. Lives on the pool thread."""

    def __init__(self, fetching: ModelFetching, row: FetchRow, stop: threading.Event) -> None:
        self._fetching, self._row, self._stop = fetching, row, stop
        self._sent_at_s = 0.0
        self._unsent: DownloadProgress | None = None

    def take(self, progress: DownloadProgress) -> None:
        self._unsent = progress
        # The conversion follows the last byte, and reports nothing.
        is_last = progress.done_bytes == progress.total_bytes
        if is_last or time.monotonic() - self._sent_at_s >= _REPORT_EVERY_S:
            self.flush()

    def flush(self) -> None:
        if self._unsent is not None:
            self.send(self._unsent)

    def send(self, progress: DownloadProgress | None) -> None:
        self._sent_at_s, self._unsent = time.monotonic(), None
        self._fetching.emit_report(self._row, self._stop, progress)
