"""Saves the events of files in a format that the user chooses."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from PySide6.QtCore import QObject, Signal, Slot
from PySide6.QtWidgets import QWidget

from app.files.panel import FilesPanel, saved_in_words
from app.files.row import FileRow
from app.runtime.background_jobs import BackgroundJobs
from core.event_files.main import write_events


class FileExport(QObject):
    """Follows the panel's button. ask: asks for a path and a format; None where the user changes their mind."""

    saved = Signal(str)
    """A sentence: how many events were saved, and where."""
    failed = Signal(object)
    """A UserError."""

    def __init__(
        self, panel: FilesPanel, jobs: BackgroundJobs, ask: Callable[[QWidget], tuple[Path, str] | None]
    ) -> None:
        super().__init__(panel)
        self._panel, self._jobs, self._ask = panel, jobs, ask
        panel.export_wanted.connect(self._export)

    @Slot(object)
    def _export(self, rows: Sequence[FileRow]) -> None:
        asked = self._ask(self._panel)
        if asked is not None:
            path, kind = asked
            spans = [span for row in rows for span in row.spans()]
            self._jobs.run(
                lambda: write_events(kind, spans, path),
                lambda number: self.saved.emit(saved_in_words(number, path)),
                self.failed.emit,
            )
