"""Tags one file on a pool thread, and reports by queued signals at most ten times a second."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import SignalInstance

from app.files.row import FileRow
from app.runtime.core_api import CoreApi, StopQuestion
from app.runtime.progress_reports import ProgressReports, emit_from_thread
from core.inference.results import TagScores


def tag_row(
    core: CoreApi,
    row: FileRow,
    tagger: Any,
    should_stop: StopQuestion,
    signals: tuple[SignalInstance, SignalInstance],
) -> None:
    """Tag a file. signals: one that takes the row, new TagScores and the progress, and one for the row and its note.

    Raises UserError.
    """
    progressed, noted = signals
    if note := core.track_note(row.path):
        emit_from_thread(noted, row, note)
    unsent = _Unsent()
    reports = ProgressReports(lambda: emit_from_thread(progressed, row, *unsent.take()))

    def on_progress(progress: float | None) -> None:
        unsent.progress = progress
        reports.notify()

    for scores in core.tag_file(row.path, tagger, on_progress, should_stop):
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
