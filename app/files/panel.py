"""The files panel: the table of files, buttons, and a page for the empty list."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from PySide6.QtCore import QElapsedTimer, Qt, Signal, Slot
from PySide6.QtWidgets import QFrame, QHBoxLayout, QSplitter, QStackedLayout, QVBoxLayout, QWidget

from app.files.row import FileRow, FileState
from app.files.table import FileTable
from app.files.tagging_queue import TaggingQueue
from app.style import formatting
from app.style.appearance import Appearance
from app.widgets.dialog_parts import empty_page, push_button
from app.widgets.labels import ElidedLabel

_EMPTY = "Drop audio or video files, or whole folders, anywhere in this window."


class FilesPanel(QFrame):
    """The panel of files."""

    selected = Signal(object)
    """The FileRow to show, or None."""
    export_wanted = Signal(object)
    """A list of FileRows whose events are to be saved: the selected one, or all."""
    open_wanted = Signal()
    """A button “Open files…” was pressed. No payload."""

    def __init__(self, files: TaggingQueue, appearance: Appearance, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("Card")
        self._files, self._appearance = files, appearance
        self.table = FileTable(files.model, appearance.theme)
        self.table.setAccessibleName("Files")
        self.table.setToolTip("Select a file to see its spectrogram and tags. Del cancels or removes it.")
        self.summary = ElidedLabel()
        self._summary_age = QElapsedTimer()
        self._split = QSplitter(Qt.Orientation.Horizontal)
        self._split.setChildrenCollapsible(False)
        self.summary.setObjectName("Muted")
        self.open_button = push_button("Open files…", "Choose files to tag (Ctrl+O)", is_primary=True)
        self.add_button = push_button("Open files…", "Choose more files to tag (Ctrl+O)")
        self.again_button = push_button("Tag again", "Tag the selected file once more, with the model in use")
        self.export_button = push_button("Export…", "Save the events of the selected file, or of all, as a file")
        self.cancel_button = push_button("Cancel all", "Stop tagging all files (Esc)")
        self.clear_button = push_button("Clear list", "Remove all files from the list")
        self._build()
        self._connect()
        self.refresh()

    def _build(self) -> None:
        bar = QHBoxLayout()
        bar.setContentsMargins(12, 6, 8, 4)
        bar.setSpacing(8)
        bar.addWidget(self.summary, 1)
        for button in (self.add_button, self.again_button, self.export_button, self.cancel_button, self.clear_button):
            bar.addWidget(button)
        filled = QWidget()
        column = QVBoxLayout(filled)
        column.setContentsMargins(1, 0, 1, 1)
        column.setSpacing(0)
        column.addLayout(bar)
        self._split.addWidget(self.table)
        column.addWidget(self._split, 1)
        self._pages = QStackedLayout(self)
        self._pages.setContentsMargins(1, 1, 1, 1)
        self._pages.addWidget(empty_page(_EMPTY, self.open_button))
        self._pages.addWidget(filled)
        self.setMinimumHeight(120)

    def put_beside(self, widget: QWidget) -> None:
        """Have a widget beside the table, hidden until somebody shows it."""
        self._split.addWidget(widget)
        self._split.setStretchFactor(0, 3)
        self._split.setStretchFactor(1, 2)
        widget.hide()

    def _connect(self) -> None:
        self.open_button.clicked.connect(self.open_wanted)
        self.add_button.clicked.connect(self.open_wanted)
        self.cancel_button.clicked.connect(self._files.cancel_all)
        self.clear_button.clicked.connect(self._files.clear)
        self.again_button.clicked.connect(self._tag_again)
        self.export_button.clicked.connect(self._export)
        self.table.selected.connect(self.refresh)
        self._files.row_changed.connect(self._on_row_changed)
        self.table.selected.connect(self.selected)
        self.table.end_wanted.connect(self._end)
        self._files.counts_changed.connect(self.refresh)
        self._files.added.connect(self._on_added)
        self._appearance.changed.connect(self._apply_theme)

    @Slot()
    def refresh(self) -> None:
        """Update buttons and summary."""
        rows = self._files.model.rows
        self._pages.setCurrentIndex(1 if rows else 0)
        row = self.table.current_row()
        self.cancel_button.setEnabled(self._files.is_busy)
        self.again_button.setEnabled(row is not None and row.is_over)
        self.export_button.setEnabled(any(row.state is FileState.DONE for row in rows))
        self._show_summary()

    def _show_summary(self) -> None:
        self._summary_age.restart()
        self.summary.setText(", ".join([*_counts(self._files.model.rows), *_remaining(*self._files.remaining)]))
        self.summary.setToolTip(self.summary.text())

    @Slot(object)
    def _on_row_changed(self, row: FileRow) -> None:
        """The time that remains changes while a file is tagged; once a second is often enough."""
        if row.state is FileState.TAGGING and self._summary_age.hasExpired(1000):
            self._show_summary()

    @Slot()
    def _tag_again(self) -> None:
        row = self.table.current_row()
        if row is not None:
            self._files.tag_again(row)

    @Slot()
    def _export(self) -> None:
        row = self.table.current_row()
        self.export_wanted.emit([row] if row is not None else list(self._files.model.rows))

    @Slot()
    def clear_selection(self) -> None:
        """Deselect the file."""
        self.table.selectionModel().clear()

    @Slot(object)
    def _on_added(self, rows: list[FileRow]) -> None:
        """Scroll to the first of the new files."""
        if rows:
            self.table.scroll_to_row(rows[0])

    @Slot(object)
    def _end(self, row: FileRow) -> None:
        if row.is_over:
            self._files.remove(row)
        else:
            self._files.cancel(row)

    @Slot()
    def _apply_theme(self) -> None:
        self.table.apply_theme(self._appearance.theme)


def _counts(rows: list[FileRow]) -> list[str]:
    """`14 files`, `3 done`, `1 failed`."""
    number_of = Counter(row.state for row in rows)
    states = (FileState.DONE, FileState.FAILED, FileState.CANCELLED)
    return [formatting.count(len(rows), "file")] + [
        f"{number_of[state]} {state.value}" for state in states if number_of[state]
    ]


def _remaining(files: int, seconds: float | None) -> list[str]:
    """`10 to go`, and `about 2:30 left` where that is known."""
    if not files:
        return []
    return [f"{files} to go"] + ([f"about {formatting.duration(seconds)} left"] if seconds is not None else [])


def saved_in_words(number: int, path: Path) -> str:
    """That events were saved."""
    return f"{formatting.count(number, 'event')} saved in {path}."
