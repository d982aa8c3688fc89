"""The list of a file's events, beside the list of files."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QPoint, Qt, Signal, Slot
from PySide6.QtGui import QAction, QGuiApplication, QResizeEvent
from PySide6.QtWidgets import QFrame, QMenu, QStackedLayout, QVBoxLayout, QWidget

from app.events.of_file.model import FileEventsModel, in_file_text
from app.events.table import EventTable
from app.events.texts import NOTE, PICTURE, STAR, rows_as_text
from app.files.row import FileRow, FileState
from app.style import formatting
from app.style.appearance import Appearance
from app.style.plain_text import PlainLabel
from app.style.text_size import scaled_px
from app.widgets.labels import ElidedLabel
from core.heard.event import HeardEvent

_PICTURES_FROM_PX = 460
_NONE_YET = "Its events are listed here once it has been tagged."
_NOTHING = "Nothing was found in this file."


class FileEventsList(QFrame):
    """Shows the events of one file."""

    go_to = Signal(float, float)
    """Show an event of the file from its onset to its offset, in seconds."""
    play_wanted = Signal(object)
    """Play the sound of this HeardEvent, whose times are those of the file."""
    export_wanted = Signal(object)
    """Export the HeardEvents in this tuple."""

    def __init__(self, appearance: Appearance, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._appearance = appearance
        self.model = FileEventsModel(self)
        self.table = EventTable(self.model, appearance.theme)
        self.table.setAccessibleName("Events of the file")
        self.table.setToolTip("Enter shows the moment on the picture, Space plays it.")
        self.heading = ElidedLabel()
        self.heading.setObjectName("Muted")
        self.hint = PlainLabel(_NONE_YET)
        self.hint.setObjectName("Muted")
        self.hint.setWordWrap(True)
        self.hint.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._build()
        self.table.go_wanted.connect(self._go)
        self.table.play_wanted.connect(self.play_wanted)
        self.table.copy_wanted.connect(self.copy)
        self.table.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.table.customContextMenuRequested.connect(self._open_menu)
        appearance.changed.connect(lambda: self.table.apply_theme(appearance.theme))

    def _build(self) -> None:
        # Stars and notes are those of what was heard live.
        for column in (STAR, NOTE):
            self.table.setColumnHidden(column, True)
        self.heading.setContentsMargins(12, 4, 8, 4)
        pages = QWidget()
        self._pages = QStackedLayout(pages)
        self._pages.addWidget(self.table)
        self._pages.addWidget(self.hint)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.heading)
        column.addWidget(pages, 1)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Where there is little room, names are worth more than pictures."""
        super().resizeEvent(event)
        self.table.setColumnHidden(PICTURE, self.width() < scaled_px(_PICTURES_FROM_PX))

    def show_events(self, row: FileRow, *, with_parents: bool) -> None:
        """List the events of a file. with_parents: also those that more specific ones cover."""
        current = self.table.current()
        events = [*row.labels, *row.events(with_parents=with_parents)]
        self.model.show(row.path, events, row.timeline.history)
        if current is not None and self.table.current() is None:
            self.choose(current.label_id, current.onset_s)
        number = len(self.model.rows)
        name = row.path.name
        self.heading.setText(f"{formatting.count(number, 'event')} in {name}" if number else name)
        self.hint.setText(_NOTHING if row.state is FileState.DONE else _NONE_YET)
        self._pages.setCurrentWidget(self.table if number else self.hint)

    def choose(self, label_id: str, onset_s: float) -> None:
        """Select an event, if it is listed."""
        place = self.model.place_of(label_id, onset_s)
        if place is not None:
            self.table.choose(place)

    @Slot()
    def copy(self) -> None:
        """Copy the selected rows as text."""
        chosen = self.table.chosen()
        if chosen:
            QGuiApplication.clipboard().setText(rows_as_text(chosen, in_file_text))

    @Slot(object)
    def _go(self, event: HeardEvent) -> None:
        self.go_to.emit(event.onset_s, event.onset_s if event.offset_s is None else event.offset_s)

    @Slot(QPoint)
    def _open_menu(self, place: QPoint) -> None:
        chosen, current = self.table.chosen(), self.table.current()
        if chosen:
            one = current if current in chosen else chosen[0]
            self.menu_of(one, chosen).popup(self.table.viewport().mapToGlobal(place))

    def menu_of(self, one: HeardEvent, chosen: Sequence[HeardEvent]) -> QMenu:
        """The menu of the selected rows, of which `one` has the focus."""
        menu = QMenu(self.table)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for text, act in (
            ("Show on the picture\tEnter", lambda: self._go(one)),
            ("Play\tSpace", lambda: self.play_wanted.emit(one)),
            ("Copy\tCtrl+C", self.copy),
            ("Export…", lambda: self.export_wanted.emit(tuple(chosen))),
        ):
            action = QAction(text, menu)
            action.triggered.connect(act)
            menu.addAction(action)
        return menu
