"""Connects the list of files with the events of the selected one, their export, and the scores kept on the disk."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from app.events.export import ask_export
from app.events.of_file.list import FileEventsList
from app.files.file_export import FileExport
from app.files.keeping import ListKeeping
from app.files.panel import FilesPanel
from app.files.row import FileRow
from app.files.tagging_queue import TaggingQueue
from app.playback.player import Playback
from app.runtime.context import WindowParts
from app.spectrogram.history.event_history import TimelineEvent
from app.spectrogram.navigation import Navigation
from app.tags.parents import ShownParents
from core.heard.event import HeardEvent

_EVERY_MS = 500


class FileControls(QObject):
    """events: the list of the selected file's events.

    failed: a UserError. done: a sentence about what was done.
    """

    failed = Signal(object)
    done = Signal(str)

    def __init__(
        self, panel: FilesPanel, files: TaggingQueue, keeping: ListKeeping, parents: ShownParents, parts: WindowParts
    ) -> None:
        super().__init__(panel)
        self._panel, self._parents = panel, parents
        self._row: FileRow | None = None
        self.events = FileEventsList(parts.appearance)
        panel.put_beside(self.events)
        panel.selected.connect(self._on_selected)
        panel.selected.connect(keeping.show)
        for changed in (files.row_changed, files.picture_ready):
            changed.connect(self._on_changed)
        parents.changed.connect(self._refresh)
        self._later = QTimer(self)
        self._later.setSingleShot(True)
        self._later.setInterval(_EVERY_MS)
        self._later.timeout.connect(self._refresh)
        self._export = FileExport(panel, parts.jobs, lambda parent: ask_export(parent), parents)
        self._export.saved.connect(self.done)
        self._export.failed.connect(self.failed)
        self.events.export_wanted.connect(self._on_export)

    def connect_picture(self, navigation: Navigation, playback: Playback) -> None:
        """Enter goes to an event on the picture, Space plays it."""
        self._navigation, self._playback = navigation, playback
        self.events.go_to.connect(navigation.go_to)
        self.events.play_wanted.connect(self.play)

    @Slot(object)
    def play(self, event: HeardEvent) -> None:
        """Play the sound of an event of the selected file."""
        self._playback.play_file(Path(event.session), event.onset_s, event.offset_s)

    @Slot(object)
    def choose(self, event: TimelineEvent) -> None:
        """Select an event of the selected file in the list, while that file is on show."""
        if not self._navigation.timeline.is_live:
            self.events.choose(event.label_id, event.onset_s)

    @Slot(object)
    def _on_selected(self, row: FileRow | None) -> None:
        self._row = row
        self.events.setVisible(row is not None)
        self._refresh()

    @Slot(object)
    def _on_changed(self, row: FileRow) -> None:
        if row is not self._row:
            return
        if row.is_over:
            self._refresh()
        elif not self._later.isActive():
            # A file reports ten times a second while it is tagged, and may have thousands of events.
            self._later.start()

    @Slot()
    def _refresh(self) -> None:
        if self._row is not None:
            self.events.show_events(self._row, with_parents=self._parents.is_on)

    @Slot(object)
    def _on_export(self, chosen: tuple[HeardEvent, ...]) -> None:
        if self._row is not None:
            wanted = {(event.label_id, event.onset_s) for event in chosen}
            shown = [*self._row.labels, *self._row.events(with_parents=True)]
            self._export.save(self._row.path, [event for event in shown if (event.label_id, event.onset_s) in wanted])
