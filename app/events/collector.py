"""Collects what the live session hears as events, and stores them on a thread of its own.

An event is in memory from its onset until the store has it; where the disk takes nothing, it stays in memory, and the
first failure is reported.
"""

from __future__ import annotations

import math
import uuid
from collections.abc import Callable, Hashable, Sequence
from dataclasses import replace
from typing import Any

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from app.events.pictures import cut_picture, png_of
from app.events.wanted import WantedEvents
from app.events.writer import MOST_WAITING, EventWriter, Store, key_of
from app.runtime.background_jobs import BackgroundJobs
from app.runtime.core_api import Tagger
from app.spectrogram.live_timeline import LiveTimeline
from app.tags.muted import MutedClasses
from app.tags.parents import ShownParents
from core.errors import UserError
from core.heard.event import EventQuery, HeardEvent
from core.inference.near_misses import NearMiss
from core.inference.results import EventChange, LiveUpdate

RETRY_MS = 5000
"""What the disk has refused is tried again so much later."""


class EventCollector(QObject):
    """The events of this run of the program, and the store of all of them.

    session: names this run in the store. live: the timeline of what is heard. here: what is open or not yet
    stored, by `key_of`. store: None until it is open, and where it cannot be opened.
    """

    changed = Signal(object)
    """A HeardEvent has begun, ended, been stored (it has an id then), or been changed by the user."""
    removed = Signal(object)
    """The keys of events that were deleted."""
    opened = Signal()
    """The store can be asked. No payload."""
    noticed = Signal(str)
    """A sentence: the list of earlier runs was damaged, and is elsewhere now."""
    failed = Signal(object)
    """A UserError: what is heard stays in memory only. Reported once, and again after the store has taken something."""

    def __init__(
        self,
        open_store: Callable[[], Store],
        live: LiveTimeline,
        parents: ShownParents,
        muted: MutedClasses,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self.session = uuid.uuid4().hex
        self.live, self._parents, self._muted = live, parents, muted
        self.note_of: Callable[[float], str] = lambda _onset_s: ""
        """The note that an event begins with, by its onset in stream seconds."""
        self.here: dict[Hashable, HeardEvent] = {}
        self.store: Store | None = None
        self._open: dict[int, HeardEvent] = {}
        """By the numbers that the listener gives its events."""
        self._gone = set[Hashable]()
        """What was deleted before it was stored."""
        self._has_failed = False
        self._input = ""
        self._tagger: Tagger | None = None
        self._wanted: WantedEvents | None = None
        self._writer: EventWriter | None = None
        self._jobs = BackgroundJobs(self, max_threads=1)
        self._retry = QTimer(self)
        self._retry.setSingleShot(True)
        self._retry.setInterval(RETRY_MS)
        self._retry.timeout.connect(lambda: self._write(lambda writer: writer.add([])))
        self.reader = BackgroundJobs(self, max_threads=1)
        """Reads the store, so that what is heard does not wait for a long search."""
        muted.changed.connect(self._on_muted)
        self._jobs.run(lambda: self._open_store(open_store), self._on_opened, self._on_failed)

    # ----- what is heard -----

    def listen_to(self, title: str) -> None:
        """The input from now on."""
        self._input = title

    def use_tagger(self, tagger: Tagger | None) -> None:
        """The model from now on; None changes nothing."""
        if tagger is None:
            return
        self._add_near_misses(() if self._wanted is None else self._wanted.finish())
        self._tagger = tagger
        self._wanted = WantedEvents(tagger, self._parents, self._muted, self._open.__contains__)

    def take(self, update: LiveUpdate) -> None:
        """Collect what an update of the session says; the timeline has it already."""
        if self._wanted is None:
            return
        found = self._wanted.take(update)
        for change in found.changes:
            if change.offset_s is None:
                self._begin(change)
            elif change.id in self._open:
                self._end(change)
        self._add_near_misses(found.near_misses)

    @Slot()
    def _on_muted(self) -> None:
        """What lasts and is heard again is an event from its beginning; what lasts and is muted now stays one."""
        for change in () if self._wanted is None else self._wanted.unmute():
            self._begin(change)

    def _begin(self, change: EventChange) -> None:
        event = self._event(change.label, change.onset_s, None, change.peak)
        self._open[change.id] = event
        self._keep(event)
        self._write(lambda writer: [(event, writer.begin(event))])

    def _end(self, change: EventChange) -> None:
        assert change.offset_s is not None
        begun = self.here.get(key_of(self._open[change.id]), self._open[change.id])
        del self._open[change.id]
        offset_s = max(change.offset_s, begun.onset_s)
        event = replace(begun, offset_s=offset_s, offset_at=begun.onset_at + offset_s - begun.onset_s, peak=change.peak)
        self._keep(event)
        self._write(lambda writer: writer.end(event))

    def _add_near_misses(self, found: Sequence[NearMiss]) -> None:
        if self._tagger is None or not found:
            return
        events = [
            replace(self._event(miss.label, miss.onset_s, miss.offset_s, miss.peak), kind="near_miss", why=miss.why)
            for miss in found
        ]
        for event in events:
            self._keep(event)
        self._write(lambda writer: writer.add(events))

    def _event(self, label: int, onset_s: float, offset_s: float | None, peak: float) -> HeardEvent:
        tagger = self._tagger
        assert tagger is not None
        return HeardEvent(
            session=self.session,
            label_id=tagger.labels[label].id,
            label=tagger.labels[label].name,
            onset_s=onset_s,
            offset_s=offset_s,
            onset_at=self.live.wall_clock_s(onset_s),
            offset_at=None if offset_s is None else self.live.wall_clock_s(onset_s) + offset_s - onset_s,
            peak=min(max(peak, 0.0), 1.0),
            model=tagger.name,
            model_hash=tagger.weights_hash,
            input=self._input,
            note=self.note_of(onset_s),
        )

    def _keep(self, event: HeardEvent) -> None:
        """Keep an event until it is stored, and show it."""
        self.here[key_of(event)] = event
        if len(self.here) > MOST_WAITING:
            del self.here[next(iter(self.here))]
        self.changed.emit(event)

    # ----- what the user says of it -----

    def change(
        self,
        events: Sequence[HeardEvent],
        *,
        note: str | None = None,
        is_starred: bool | None = None,
        clip: str | None = None,
    ) -> None:
        """Write a note to events, star them, or say where their sound is; what is None stays."""
        values: dict[str, Any] = {"note": note, "is_starred": is_starred, "clip": clip}
        values = {name: value for name, value in values.items() if value is not None}
        for event in events:
            changed = replace(self.here.get(key_of(event), event), **values)
            if key_of(event) in self.here:
                self.here[key_of(event)] = changed
            self.changed.emit(changed)
        ids = [event.id for event in events if event.id]
        if ids:
            self._write(lambda writer: writer.change(ids, values))

    def delete(self, events: Sequence[HeardEvent]) -> None:
        """Delete events that are over; those that last stay."""
        over = [event for event in events if event.offset_s is not None]
        keys = [key_of(event) for event in over]
        for key in keys:
            self.here.pop(key, None)
        for event in over:
            if event.session == self.session and event.kind == "event":
                self.live.events.remove(event.label_id, event.onset_s)
        self.removed.emit(keys)
        self._gone.update(key_of(event) for event in over if not event.id)
        self._delete_ids([event.id for event in over if event.id])

    def _delete_ids(self, ids: Sequence[int]) -> None:
        store = self.store
        if ids and store is not None:
            self._jobs.run(lambda: store.delete(ids), None, self._on_failed)

    def starred(self) -> list[HeardEvent]:
        """All starred events of the store. For a pool thread; raises UserError."""
        query, found, after = EventQuery(is_starred=True), list[HeardEvent](), None
        while self.store is not None:
            page = self.store.page(query, after, 1000)
            found += page.events
            after = page.cursor
            if after is None:
                break
        return found

    def delete_stored(self) -> None:
        """Delete all events of the store. For a pool thread; raises UserError."""
        if self.store is not None:
            self.store.delete_all()

    def forget(self) -> None:
        """Show none of the events that have ended, after they were deleted from the store; those that last go on."""
        over = {key for key, event in self.here.items() if event.offset_s is not None}
        self._gone.update(key for key in over if not self.here[key].id)
        self.here = {key: event for key, event in self.here.items() if key not in over}
        self.live.events.forget_before(math.inf)
        for key, event in self.here.items():
            self.here[key] = lasting = replace(event, id=0)
            self._write(lambda writer, lasting=lasting: writer.begin_again(lasting))
        self.opened.emit()

    # ----- the store -----

    def end_open(self) -> None:
        """End what is open where the sound ends."""
        for number in list(self._open):
            event = self._open[number]
            last_s = max(self.live.view.last_s, event.onset_s)
            self._end(EventChange(number, 0, event.onset_s, event.peak, last_s, offset_s=last_s))

    def settle(self, timeout_s: float) -> bool:
        """Wait until what is known is stored, and take over the ids; False when it takes longer. For the end of the
        program, when no event loop runs any more."""
        is_done = self._jobs.wait(timeout_s)
        self._jobs.deliver()
        return is_done

    def close(self, timeout_s: float) -> bool:
        """End what is open, and close the store; False when it takes longer than `timeout_s`."""
        self.end_open()
        is_read = self.reader.wait(timeout_s / 2)
        self._jobs.run(lambda: None if self._writer is None else self._writer.close())
        return self._jobs.wait(timeout_s / 2) and is_read

    def _open_store(self, open_store: Callable[[], Store]) -> Store:
        store = open_store()
        # On this thread, so that what waits to be written already finds it.
        self._writer = EventWriter(store)
        return store

    def _on_opened(self, store: Store) -> None:
        self.store = store
        self.opened.emit()
        if store.set_aside is not None:
            self.noticed.emit(
                f"The list of events was damaged: it was renamed to {store.set_aside.name}, and a new one was begun."
            )

    def _write(self, write: Callable[[EventWriter], list[tuple[HeardEvent, int]]]) -> None:
        def work() -> list[tuple[HeardEvent, int]]:
            return [] if self._writer is None else write(self._writer)

        self._jobs.run(work, self._on_stored, self._on_failed)

    def _on_stored(self, stored: list[tuple[HeardEvent, int]]) -> None:
        self._has_failed = False
        self._delete_ids([event_id for event, event_id in stored if key_of(event) in self._gone])
        for event, event_id in stored:
            self._gone.discard(key_of(event))
            now = self.here.get(key_of(event))
            if now is None:
                continue
            with_id = replace(now, id=event_id)
            is_whole = event.offset_s is not None
            if is_whole:
                del self.here[key_of(event)]
                self._draw(with_id)
            else:
                self.here[key_of(event)] = with_id
            if (now.note, now.is_starred, now.clip) != (event.note, event.is_starred, event.clip) and not now.id:
                # The user was faster than the disk.
                self.change([with_id], note=now.note, is_starred=now.is_starred, clip=now.clip)
            self.changed.emit(with_id)

    def _draw(self, event: HeardEvent) -> None:
        """Store the picture of an event that is over and stored."""
        columns = cut_picture(self.live.columns, event)
        store = self.store
        if columns is not None and store is not None:
            self._jobs.run(lambda: store.put_picture(event.id, png_of(columns)), None, self._on_failed)

    def _on_failed(self, error: UserError) -> None:
        self._retry.start()
        if not self._has_failed:
            self._has_failed = True
            self.failed.emit(error)
