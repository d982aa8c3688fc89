"""The files panel: the table of files, buttons, and a page for the empty list."""

from __future__ import annotations

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QFrame, QHBoxLayout, QStackedLayout, QVBoxLayout, QWidget

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
        self.summary.setObjectName("Muted")
        self.open_button = push_button("Open files…", "Choose files to tag (Ctrl+O)", is_primary=True)
        self.add_button = push_button("Open files…", "Choose more files to tag (Ctrl+O)")
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
        for button in (self.add_button, self.cancel_button, self.clear_button):
            bar.addWidget(button)
        filled = QWidget()
        column = QVBoxLayout(filled)
        column.setContentsMargins(1, 0, 1, 1)
        column.setSpacing(0)
        column.addLayout(bar)
        column.addWidget(self.table, 1)
        self._pages = QStackedLayout(self)
        self._pages.setContentsMargins(1, 1, 1, 1)
        self._pages.addWidget(empty_page(_EMPTY, self.open_button))
        self._pages.addWidget(filled)
        self.setMinimumHeight(120)

    def _connect(self) -> None:
        self.open_button.clicked.connect(self.open_wanted)
        self.add_button.clicked.connect(self.open_wanted)
        self.cancel_button.clicked.connect(self._files.cancel_all)
        self.clear_button.clicked.connect(self._files.clear)
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
        self.cancel_button.setEnabled(self._files.is_busy)
        self.summary.setText(_summary(rows))
        self.summary.setToolTip(self.summary.text())

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


def _summary(rows: list[FileRow]) -> str:
    """`14 files, 3 done, 1 failed`."""
    parts = [formatting.count(len(rows), "file")]
    for state in (FileState.DONE, FileState.FAILED, FileState.CANCELLED):
        number = sum(row.state is state for row in rows)
        if number:
            parts.append(f"{number} {state.value}")
    return ", ".join(parts)
