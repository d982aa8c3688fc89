"""Keeps what was heard, in an SQLite file that several windows may use at once.

What is stored survives a killed process; an event that was open then ends where its session was last heard of. No call
holds the file for long, so that none waits long for another window's. A call that the disk refuses raises UserError and
changes nothing, and the store can be used again.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from core.errors import UserError
from core.heard import schema
from core.heard.conditions import one_of, wanted
from core.heard.connections import Connections
from core.heard.event import KINDS, Cursor, EventQuery, HeardEvent, Page, check_end
from core.heard.paging import count_events, count_up_to, page_keys
from core.heard.rows import RowWriter, end, end_open, read_events, read_text, stored
from core.heard.sessions import RunningSessions
from core.program import data_folder

FILE_NAME = "events.sqlite"
MOST_PICTURES = 50_000
_ROWS_AT_ONCE = 2000
"""In one transaction, so that other windows get their turn."""
_IDS_AT_ONCE = 20_000


def events_file() -> Path:
    """The event store in the user's data; it may not exist yet."""
    return data_folder() / FILE_NAME


class EventStore:
    """The stored events. Any thread may call it. Every method raises UserError where the file cannot be used.

    Of an event that was deleted, nothing can be changed; that is no error.
    """

    def __init__(self, path: Path | None = None) -> None:
        """path: the file, made where it is missing; None for that of the user's data. Events that a killed process left
        open are ended. Raises UserError also for a file of a newer version or of another program, which stays as it is.
        """
        self.path = events_file() if path is None else path
        self._connections = Connections(self.path)
        self._running = RunningSessions(self.path)
        with suppress(UserError):  # a file that can be read only is still worth reading
            self._end_left_open()

    @property
    def set_aside(self) -> Path | None:
        """Where a damaged file was moved to when this store was opened; None if there was none."""
        return self._connections.set_aside

    def begin(self, event: HeardEvent) -> int:
        """Store an open event; its id."""
        self._running.hold(event.session)
        return self.add([event])[0]

    def end(self, event_id: int, offset_s: float, offset_at: float, peak: float) -> None:
        """Store where an event ends. Raises ValueError for a peak that is no probability."""
        check_end(offset_s, offset_s, peak)
        with self._connections.writing() as database:
            end(database, event_id, offset_s, offset_at, peak)

    def add(self, events: Sequence[HeardEvent]) -> list[int]:
        """Store events; their ids. At most 2000 are stored together, all or none."""
        ids = list[int]()
        for first in range(0, len(events), _ROWS_AT_ONCE):
            with self._connections.writing() as database:
                writer = RowWriter(database)
                ids += [writer.insert(event) for event in events[first : first + _ROWS_AT_ONCE]]
        return ids

    def change(
        self,
        event_ids: Sequence[int],
        *,
        note: str | None = None,
        verdict: str | None = None,
        clip: str | None = None,
        is_starred: bool | None = None,
    ) -> None:
        """Change what people say of events; what is None stays."""
        texts = {"note": note, "verdict": verdict, "clip": clip}
        values = {name: stored(text) for name, text in texts.items() if text is not None}
        changes: dict[str, str | bytes | int] = {**values}
        if is_starred is not None:
            changes["is_starred"] = int(is_starred)
        if not changes:
            return
        setting = ", ".join(f"{name} = ?" for name in changes)
        for ids in _in_parts(event_ids):
            condition = one_of("id", ids)
            with self._connections.writing() as database:
                sql = f"UPDATE events SET {setting} WHERE {condition.sql}"
                database.execute(sql, (*changes.values(), *condition.values))

    def page(self, query: EventQuery, after: Cursor | None = None, limit: int = 200) -> Page:
        """The first events of a query, or those after a cursor. Events that were added meanwhile shift nothing."""
        with self._connections.reading() as database:
            keys = page_keys(database, wanted(database, query), after, limit + 1)
            events = read_events(database, [int(key[-1]) for key in keys[:limit]])
        return Page(events, Cursor(keys[limit - 1]) if len(keys) > limit else None)

    def events(self, event_ids: Sequence[int]) -> tuple[HeardEvent, ...]:
        """The events with these ids, in their order, without those that were deleted."""
        with self._connections.reading() as database:
            return tuple(event for ids in _in_parts(event_ids) for event in read_events(database, ids))

    def has(self, event_id: int) -> bool:
        """Whether an event is there, or was deleted."""
        with self._connections.reading() as database:
            return database.execute("SELECT 1 FROM events WHERE id = ?", (event_id,)).fetchone() is not None

    def count(self, query: EventQuery) -> int:
        """How many events a query has. With filters that leave many of millions of events this may take seconds."""
        with self._connections.reading() as database:
            return count_events(database, wanted(database, query))

    def count_up_to(self, query: EventQuery, most: int, patience_s: float = 0.3) -> tuple[int, bool]:
        """How many events a query has, and whether that is all: it counts to `most`, and for about `patience_s`."""
        with self._connections.reading() as database:
            return count_up_to(database, wanted(database, query), most, patience_s)

    def labels(self, kinds: tuple[str, ...] = ("event",)) -> list[tuple[str, str, int]]:
        """(label id, name, number of events) of every label that has events of these kinds, by name."""
        condition = one_of("kind", [KINDS.index(kind) for kind in kinds])
        sql = (
            "SELECT label_id, name, sum(n) FROM label_counts JOIN labels ON labels.key = label_counts.label"
            f" WHERE {condition.sql} GROUP BY labels.key HAVING sum(n) > 0 ORDER BY folded, name, label_id"
        )
        with self._connections.reading() as database:
            rows = database.execute(sql, condition.values).fetchall()
        return [(read_text(label_id), read_text(label), n) for label_id, label, n in rows]

    def iterate(self, query: EventQuery) -> Iterator[HeardEvent]:
        """All events of a query, with a page of them in memory."""
        cursor: Cursor | None = None
        while True:
            page = self.page(query, cursor, limit=_ROWS_AT_ONCE)
            yield from page.events
            cursor = page.cursor
            if cursor is None:
                return

    def put_picture(self, event_id: int, picture: bytes) -> None:
        """Store an event's picture. The pictures of the newest 50 000 events that have one are kept."""
        with self._connections.writing() as database:
            sql = "INSERT OR REPLACE INTO pictures SELECT id, ? FROM events WHERE id = ?"
            database.execute(sql, (picture, event_id))
            oldest = "SELECT event FROM pictures INDEXED BY picture_events ORDER BY event DESC LIMIT -1 OFFSET ?"
            database.execute(f"DELETE FROM pictures WHERE event IN ({oldest})", (MOST_PICTURES,))

    def picture(self, event_id: int) -> bytes | None:
        """An event's picture; None if it has none."""
        with self._connections.reading() as database:
            found = database.execute("SELECT picture FROM pictures WHERE event = ?", (event_id,)).fetchone()
        return found[0] if found else None

    def delete(self, event_ids: Iterable[int]) -> None:
        """Delete events with their pictures. Files that they name stay."""
        for ids in _in_parts(list(event_ids)):
            condition = one_of("id", ids)
            with self._connections.writing() as database:
                database.execute(f"DELETE FROM events WHERE {condition.sql}", condition.values)

    def delete_all(self) -> None:
        """Delete everything, and overwrite it on the disk. The file gets small where no other window is reading it."""
        with self._connections.writing() as database:
            schema.clear(database)
        with self._connections.alone() as database, suppress(sqlite3.OperationalError):
            database.execute("VACUUM")
            database.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def close(self) -> None:
        """End this process's sessions and close the file. Nothing may be called afterwards."""
        self._running.close()
        self._connections.close()

    def _end_left_open(self) -> None:
        sql = "SELECT key, session FROM sessions WHERE key IN (SELECT session FROM events WHERE offset_s IS NULL)"
        with self._connections.reading() as database:
            open_sessions = database.execute(sql).fetchall()
        left = [key for key, session in open_sessions if not self._running.is_running(read_text(session))]
        if left:
            with self._connections.writing() as database:
                for key in left:
                    end_open(database, key)
        self._running.remove_left()


def _in_parts(ids: Sequence[int]) -> Iterator[Sequence[int]]:
    for first in range(0, len(ids), _IDS_AT_ONCE):
        yield ids[first : first + _IDS_AT_ONCE]
