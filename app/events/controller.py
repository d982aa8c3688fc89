"""Connects the list of events with the picture, and says where what it asks for cannot be done."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Protocol

from PySide6.QtCore import QObject, Signal, Slot

from app.events.collector import EventCollector
from app.events.export import ask_export, export_events, export_query
from app.events.matching import matches
from app.events.panel import EventsPanel
from app.events.writer import live_key
from app.runtime.background_jobs import BackgroundJobs
from app.runtime.core_api import Tagger
from app.spectrogram.history.event_history import TimelineEvent
from app.spectrogram.navigation import Navigation
from app.style import formatting
from core.audio.input_choice import InputChoice
from core.errors import UserError
from core.heard.event import EventQuery, HeardEvent

_OTHER_RUN = "This was heard before Soundmark was started this time: its picture is not kept."
_TOO_OLD = "This was heard longer ago than the picture goes back."


class HeardSession(Protocol):
    """What the events are collected from; see `app.live.session`."""

    tagger: Tagger | None
    input: InputChoice
    updated: Any
    tagger_changed: Any
    state_changed: Any


class EventsController(QObject):
    """Passes on to the collector what is heard, and does what the panel of events asks for."""

    failed = Signal(object)
    """A UserError: what is heard is not stored, which is reported once; or what should be exported is not."""
    panel_wanted = Signal()
    """The panel should be in front. No payload."""

    def __init__(
        self, collector: EventCollector, panel: EventsPanel, navigation: Navigation, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._collector, self._panel, self._navigation = collector, panel, navigation
        self._jobs = BackgroundJobs(self, max_threads=1)
        """Exports, which may take long, on a thread of their own."""
        self._was_frozen = navigation.is_frozen
        panel.go_to.connect(self.go_to)
        navigation.moved.connect(self._on_moved)
        panel.export_wanted.connect(self.export)
        collector.failed.connect(lambda error: self.failed.emit(_in_memory(error)))

    def follow(self, session: HeardSession) -> None:
        """Collect what a session hears from now on. Whatever fills the timeline must follow it before."""
        session.updated.connect(self._collector.take)
        session.tagger_changed.connect(lambda: self._collector.use_tagger(session.tagger))
        session.state_changed.connect(lambda: self._collector.listen_to(session.input.title))

    @Slot(float, float, str)
    def go_to(self, stream_s: float, stop_s: float, session: str) -> None:
        """Show an event of the live sound, where the picture still has it; else the panel says why not."""
        history = self._collector.live.columns
        if session != self._collector.session:
            self._panel.show_message(_OTHER_RUN)
        elif not history.start_s <= stream_s <= history.end_s:
            self._panel.show_message(_TOO_OLD)
        else:
            if not self._navigation.timeline.is_live:
                self._navigation.live_wanted.emit()
            self._navigation.go_to(stream_s, stop_s)

    @Slot()
    def _on_moved(self) -> None:
        """Back at the live sound, the list is back at what is heard now."""
        was_frozen, self._was_frozen = self._was_frozen, self._navigation.is_frozen
        if was_frozen and not self._was_frozen:
            self._panel.show_newest()

    @Slot(object, object)
    def export(self, events: tuple[HeardEvent, ...], query: EventQuery) -> None:
        """Save events, or all that a query wants where there are none, in a file that the user chooses."""
        chosen, store = ask_export(self._panel), self._collector.store
        if chosen is None:
            return
        path, kind = chosen
        here = [event for event in self._collector.here.values() if matches(query, event)]

        def work() -> int:
            if events or store is None:
                return export_events(events or here, path, kind)
            return export_query(store, query, path, kind)

        self._jobs.run(work, lambda number: self._on_exported(number, path), self.failed.emit)

    def _on_exported(self, number: int, path: Path) -> None:
        self._panel.show_message(f"{formatting.count(number, 'event')} saved in {path.name}")

    @Slot(object)
    def choose(self, event: TimelineEvent) -> None:
        """Select an event of the live sound in the list, while that is on show."""
        if not self._navigation.timeline.is_live:
            return
        self.panel_wanted.emit()
        self._panel.choose(live_key(self._collector.session, event.label_id, event.onset_s))


def _in_memory(error: UserError) -> UserError:
    remedy = f"{error.remedy} Until then what is heard stays in memory, for as long as Soundmark runs."
    return UserError(error.problem, remedy)
