"""Saves the events of files in a format that the user chooses."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from PySide6.QtCore import QObject, Signal, Slot
from PySide6.QtWidgets import QWidget

from app.files.file_events import spans_of
from app.files.panel import FilesPanel, saved_in_words
from app.files.row import FileRow
from app.runtime.background_jobs import BackgroundJobs
from app.spectrogram.history.event_history import TimelineEvent
from app.tags.parents import ShownParents
from core.event_files.main import write_events
from core.event_files.models import LabelledSpan

Ask = Callable[[QWidget], tuple[Path, str] | None]


class FileExport(QObject):
    """Follows the panel's button, and saves events of one file.

    ask: asks for a path and a format; None where the user changes their mind. parents: whether events that more
    specific ones cover are saved too.
    """

    saved = Signal(str)
    """A sentence: how many events were saved, and where."""
    failed = Signal(object)
    """A UserError."""

    def __init__(self, panel: FilesPanel, jobs: BackgroundJobs, ask: Ask, parents: ShownParents) -> None:
        super().__init__(panel)
        self._panel, self._jobs, self._ask, self._parents = panel, jobs, ask, parents
        panel.export_wanted.connect(self._export)

    @Slot(object)
    def _export(self, rows: Sequence[FileRow]) -> None:
        self._write([span for row in rows for span in row.spans(with_parents=self._parents.is_on)])

    def save(self, source: Path, events: Sequence[TimelineEvent]) -> None:
        """Save these events of a file."""
        self._write(list(spans_of(source, events)))

    def _write(self, spans: list[LabelledSpan]) -> None:
        asked = self._ask(self._panel)
        if asked is not None:
            path, kind = asked
            self._jobs.run(
                lambda: write_events(kind, spans, path),
                lambda number: self.saved.emit(saved_in_words(number, path)),
                self.failed.emit,
            )
