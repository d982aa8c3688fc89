"""The events panel: the list of what was heard, with filters above it and what can be done with its rows."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

from PySide6.QtCore import QModelIndex, QPoint, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QAction, QGuiApplication
from PySide6.QtWidgets import QFrame, QHBoxLayout, QMenu, QMessageBox, QStackedLayout, QVBoxLayout, QWidget

from app.events.collector import EventCollector
from app.events.filters import EventFilters
from app.events.model import EventsModel
from app.events.table import EventTable
from app.events.texts import rows_as_text
from app.style import formatting
from app.style.appearance import Appearance
from app.style.plain_text import PlainLabel
from app.tags.muted import MutedClasses
from app.widgets.dialog_parts import push_button
from app.widgets.labels import ElidedLabel
from core.errors import UserError
from core.heard.event import EventQuery, HeardEvent

_EMPTY = "What is heard is listed here."
_NOTHING_FOUND = "Nothing was heard that matches."
_COUNTED_EVERY_MS = 2000
_COUNTED = 10_000
"""To this number events are counted where a filter leaves some of millions."""
_LIST, _HINT = range(2)


class EventsPanel(QFrame):
    """The panel of events."""

    go_to = Signal(float, float, str)
    """Show an event from its onset to its offset, in stream seconds, of this session."""
    play_wanted = Signal(object)
    """Play the sound of this HeardEvent."""
    export_wanted = Signal(object, object)
    """Export the HeardEvents in this tuple; where it is empty, what this EventQuery wants."""

    def __init__(
        self, collector: EventCollector, appearance: Appearance, muted: MutedClasses, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setObjectName("Card")
        self._collector, self._appearance, self._muted = collector, appearance, muted
        self.model = EventsModel(collector, self)
        self.table = EventTable(self.model, appearance.theme)
        self.table.setAccessibleName("Events")
        self.table.setToolTip("Enter shows the moment on the picture, Space plays it, F2 writes a note.")
        self.filters = EventFilters()
        self.summary = ElidedLabel()
        self.summary.setObjectName("Muted")
        self.export_button = push_button("Export…", "Save the selected events, or all that are listed, as a file")
        self.hint = PlainLabel(_EMPTY)
        self._count, self._is_all = 0, True
        self._awaited: Hashable | None = None
        """The event to select once it is listed."""
        self._counting = QTimer(self)
        self._counting.setSingleShot(True)
        self._counting.setInterval(_COUNTED_EVERY_MS)
        self._build()
        self._connect()
        self._refresh()

    def _build(self) -> None:
        bar = QHBoxLayout()
        bar.setContentsMargins(12, 6, 8, 4)
        bar.setSpacing(8)
        bar.addWidget(self.filters, 3)
        bar.addWidget(self.summary, 1)
        bar.addWidget(self.export_button)
        self.hint.setObjectName("Muted")
        self.hint.setAlignment(Qt.AlignmentFlag.AlignCenter)
        pages = QWidget()
        self._pages = QStackedLayout(pages)
        self._pages.addWidget(self.table)
        self._pages.addWidget(self.hint)
        column = QVBoxLayout(self)
        column.setContentsMargins(1, 1, 1, 1)
        column.setSpacing(0)
        column.addLayout(bar)
        column.addWidget(pages, 1)
        self.setMinimumHeight(120)

    def _connect(self) -> None:
        table, model = self.table, self.model
        table.go_wanted.connect(self._go)
        table.play_wanted.connect(self.play_wanted)
        table.copy_wanted.connect(self.copy)
        table.delete_wanted.connect(self.ask_to_delete)
        table.star_wanted.connect(lambda event: self.star([event]))
        table.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        table.customContextMenuRequested.connect(self._open_menu)
        model.note_written.connect(lambda event, note: self._collector.change([event], note=note))
        model.read.connect(self._refresh)
        model.read.connect(self._choose_awaited)
        model.read_failed.connect(self._on_read_failed)
        for signal in (model.rowsInserted, model.rowsRemoved, model.modelReset):
            signal.connect(self._refresh)
        model.rowsInserted.connect(self._hold)
        self._collector.opened.connect(self._list_labels)
        self.filters.changed.connect(self._search)
        self.filters.moved_on.connect(self._move_on)
        self.filters.search.left_downwards.connect(self._go_to_list)
        self.export_button.clicked.connect(self._export)
        self._counting.timeout.connect(self._ask_for_count)
        self._appearance.changed.connect(lambda: table.apply_theme(self._appearance.theme))

    # ----- what is listed -----

    @Slot()
    def _search(self) -> None:
        self.model.show(self.filters.applied_to(self.model.query))
        self._counting.start(0)

    @Slot(object)
    def _move_on(self, since: float | None) -> None:
        self.model.move_on(since)
        self._counting.start(0)

    def choose(self, key: Hashable) -> None:
        """Select an event, at once or as soon as it has been read; filters that hide it are cleared."""
        if self.model.place_of_key(key) is None and not self.filters.is_all:
            self.filters.show_all()
            self._search()
        self._awaited = key
        self._choose_awaited()

    @Slot()
    def _choose_awaited(self) -> None:
        place = None if self._awaited is None else self.model.place_of_key(self._awaited)
        if place is not None:
            self._awaited = None
            self.table.choose(place)

    @Slot()
    def _refresh(self) -> None:
        """Update the hint, and soon the number of events."""
        has_rows = bool(self.model.rows)
        self._pages.setCurrentIndex(_LIST if has_rows else _HINT)
        self.hint.setText(_EMPTY if self.filters.is_all else _NOTHING_FOUND)
        self.export_button.setEnabled(has_rows)
        self._show_count()
        if not self._counting.isActive():
            self._counting.start(_COUNTED_EVERY_MS)

    def _show_count(self) -> None:
        number = max(self._count, len(self.model.rows))
        words = formatting.count(number, "event") if self._is_all else f"{number:,}+ events"
        self.summary.setText(words if self.model.rows else "")

    @Slot()
    def _ask_for_count(self) -> None:
        store, query = self._collector.store, self.model.query
        if store is not None:
            self._collector.reader.run(
                lambda: store.count_up_to(query, _COUNTED), lambda found: self._on_count(query, *found)
            )
            self._list_labels()

    def _on_count(self, query: EventQuery, count: int, is_all: bool) -> None:
        if query == self.model.query:
            self._count, self._is_all = count, is_all
            self._show_count()

    @Slot()
    def _list_labels(self) -> None:
        store = self._collector.store
        if store is not None:
            kinds = self.model.query.kinds
            self._collector.reader.run(lambda: store.labels(kinds), self._on_labels)

    def _on_labels(self, labels: Sequence[tuple[str, str, int]]) -> None:
        self.filters.list_labels([(label_id, name) for label_id, name, _ in labels])

    @Slot()
    def _go_to_list(self) -> None:
        if self.model.rows:
            self.table.choose(0)
            self.table.setFocus(Qt.FocusReason.TabFocusReason)

    @Slot(QModelIndex, int, int)
    def _hold(self, _parent: QModelIndex, first: int, last: int) -> None:
        """What is looked at stays in its place when newer events come in above it."""
        table, bar = self.table, self.table.verticalScrollBar()
        is_at_work = bool(table.chosen()) and not self._collector.live.view.is_following
        is_editing = table.state() == EventTable.State.EditingState
        row_px = table.verticalHeader().defaultSectionSize()
        if (bar.value() > 0 or is_at_work or is_editing) and first * row_px <= bar.value():
            table.updateGeometries()
            bar.setValue(bar.value() + (last - first + 1) * row_px)

    def show_newest(self) -> None:
        """Go to the top of the list."""
        self.table.scrollToTop()

    def show_message(self, text: str) -> None:
        """Say something in the bar, until the list changes."""
        self.summary.setText(text)
        self.summary.setToolTip(text)

    @Slot(object)
    def _on_read_failed(self, error: UserError) -> None:
        self.show_message(f"{error.problem} {error.remedy}")

    # ----- what can be done with rows -----

    @Slot(object)
    def _go(self, event: HeardEvent) -> None:
        self.go_to.emit(event.onset_s, event.onset_s if event.offset_s is None else event.offset_s, event.session)

    @Slot()
    def copy(self) -> None:
        """Copy the selected rows as text."""
        chosen = self.table.chosen()
        if chosen:
            QGuiApplication.clipboard().setText(rows_as_text(chosen))

    def star(self, events: Sequence[HeardEvent]) -> None:
        """Star events, or take the star of all of them where all have one."""
        if events:
            self._collector.change(events, is_starred=not all(event.is_starred for event in events))

    @Slot()
    def ask_to_delete(self) -> None:
        """Ask whether the selected events should be deleted."""
        chosen = self.table.chosen()
        if not chosen:
            return
        text = f"Delete {formatting.count(len(chosen), 'event')} from the list? This cannot be undone."
        box = QMessageBox(QMessageBox.Icon.Question, "Delete events", text, parent=self.window())
        box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        box.setStandardButtons(QMessageBox.StandardButton.Cancel)
        delete = box.addButton("Delete", QMessageBox.ButtonRole.AcceptRole)
        delete.clicked.connect(lambda: self._collector.delete(chosen))
        box.open()

    @Slot()
    def _export(self) -> None:
        chosen = self.table.chosen()
        # One row is selected as soon as one was looked at: only several are meant as a choice.
        self.export_wanted.emit(tuple(chosen) if len(chosen) > 1 else (), self.model.query)

    @Slot(QPoint)
    def _open_menu(self, place: QPoint) -> None:
        if self.table.chosen():
            self._menu().popup(self.table.viewport().mapToGlobal(place))

    def _menu(self) -> QMenu:
        """The menu of the selected rows."""
        chosen, current = self.table.chosen(), self.table.current()
        one = current if current in chosen else chosen[0]
        menu = QMenu(self.table)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        are_starred = all(event.is_starred for event in chosen)
        for text, act in (
            ("Show on the picture\tEnter", lambda: self._go(one)),
            ("Play\tSpace", lambda: self.play_wanted.emit(one)),
            ("Remove the star" if are_starred else "Star", lambda: self.star(chosen)),
            (
                "Unmute this class" if one.label_id in self._muted else "Mute this class",
                lambda: self._muted.toggle(one.label_id, one.label),
            ),
            ("Copy\tCtrl+C", self.copy),
            ("Export…", lambda: self.export_wanted.emit(tuple(chosen), self.model.query)),
            ("Delete…\tDel", self.ask_to_delete),
        ):
            action = QAction(text, menu)
            action.triggered.connect(act)
            menu.addAction(action)
        return menu
