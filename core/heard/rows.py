"""Writes events as rows, and reads them again."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from core.file_names import is_unicode, name_bytes
from core.heard.conditions import one_of
from core.heard.event import KINDS, HeardEvent
from core.heard.folding import folded

_INSERT = (
    "INSERT INTO events (kind, label, session, model, input, onset_s, offset_s, onset_at, offset_at, length_s, peak,"
    " why, verdict, note, clip, is_starred) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
_SELECT = (
    "SELECT sessions.session, labels.label_id, labels.name, onset_s, offset_s, onset_at, offset_at, peak,"
    " models.model, models.model_hash, inputs.input, kind, why, verdict, note, clip, is_starred, events.id FROM events"
    " JOIN sessions ON sessions.key = events.session JOIN labels ON labels.key = events.label"
    " JOIN models ON models.key = events.model JOIN inputs ON inputs.key = events.input"
)


@dataclass(slots=True)
class RowWriter:
    """Adds rows within one transaction."""

    database: sqlite3.Connection
    _keys: dict[tuple[str, ...], int] = field(default_factory=dict[tuple[str, ...], int])

    def insert(self, event: HeardEvent) -> int:
        """Add a row; its id."""
        until = event.onset_at if event.offset_at is None else event.offset_at
        keys = (
            self._key("labels", label_id=event.label_id, name=event.label, folded=folded(event.label)),
            self._key("sessions", session=event.session, heard_until=until),
            self._key("models", model=event.model, model_hash=event.model_hash),
            self._key("inputs", input=event.input, folded=folded(event.input)),
        )
        times = (event.onset_s, event.offset_s, event.onset_at, event.offset_at, event.length_s, event.peak)
        numbers = [None if value is None else float(value) for value in times]  # also of numpy's float32
        texts = (stored(text) for text in (event.why, event.verdict, event.note, event.clip))
        values = (KINDS.index(event.kind), *keys, *numbers, *texts, event.is_starred)
        row_id = self.database.execute(_INSERT, values).lastrowid
        mark_heard(self.database, keys[1], until)
        assert row_id is not None
        return row_id

    def _key(self, table: str, **values: str | float) -> int:
        """The key of what a row refers to, which is added where it is missing."""
        texts = [stored(value) if isinstance(value, str) else value for value in values.values()]
        names = [name for name in values if name not in ("folded", "heard_until")]
        known = (table, *(str(values[name]) for name in names))
        if known not in self._keys:
            places = ", ".join("?" * len(values))
            self.database.execute(f"INSERT OR IGNORE INTO {table} ({', '.join(values)}) VALUES ({places})", texts)
            condition = " AND ".join(f"{name} = ?" for name in names)
            found = self.database.execute(f"SELECT key FROM {table} WHERE {condition}", texts[: len(names)])
            self._keys[known] = found.fetchone()[0]
        return self._keys[known]


def end(database: sqlite3.Connection, event_id: int, offset_s: float, offset_at: float, peak: float) -> None:
    """Write where an event ends, which is not before its onset; nothing where it was deleted."""
    found = database.execute("SELECT session FROM events WHERE id = ?", (event_id,)).fetchone()
    if found is not None:
        sql = (
            "UPDATE events SET offset_s = max(onset_s, ?1), offset_at = ?2, length_s = max(onset_s, ?1) - onset_s,"
            " peak = ?3 WHERE id = ?4"
        )
        database.execute(sql, (float(offset_s), float(offset_at), float(peak), event_id))
        mark_heard(database, found[0], offset_at)


def end_open(database: sqlite3.Connection, session: int) -> None:
    """End the open events of a session where the last that is known of it was heard."""
    length = "max(0, (SELECT heard_until FROM sessions WHERE key = events.session) - onset_at)"
    database.execute(
        f"UPDATE events SET length_s = {length}, offset_s = onset_s + {length}, offset_at = onset_at + {length}"
        " WHERE session = ? AND offset_s IS NULL",
        (session,),
    )


def mark_heard(database: sqlite3.Connection, session: int, until: float) -> None:
    """Remember how far a session has listened, in clock time."""
    sql = "UPDATE sessions SET heard_until = ? WHERE key = ? AND heard_until < ?"
    database.execute(sql, (until, session, until))


def read_events(database: sqlite3.Connection, ids: Sequence[int]) -> tuple[HeardEvent, ...]:
    """The events with these ids, in their order; those that were deleted are left out."""
    condition = one_of("events.id", ids)
    rows = {row[-1]: row for row in database.execute(f"{_SELECT} WHERE {condition.sql}", condition.values)}
    return tuple(_event(rows[one]) for one in ids if one in rows)


def stored(text: str) -> str | bytes:
    """A text as SQLite takes it: what is not Unicode (some file names) as bytes."""
    return text if is_unicode(text) else name_bytes(text)


def read_text(value: str | bytes) -> str:
    """A text that `stored` made."""
    return value.decode("utf-8", "surrogateescape") if isinstance(value, bytes) else value


def _event(row: Sequence[Any]) -> HeardEvent:
    session, label_id, label, *times, peak, model, model_hash, source, kind = row[:12]
    why, verdict, note, clip, is_starred, event_id = row[12:]
    return HeardEvent(
        session=read_text(session),
        label_id=read_text(label_id),
        label=read_text(label),
        onset_s=times[0],
        offset_s=times[1],
        onset_at=times[2],
        offset_at=times[3],
        peak=peak,
        model=read_text(model),
        model_hash=read_text(model_hash),
        input=read_text(source),
        kind=KINDS[int(kind)],
        why=read_text(why),
        verdict=read_text(verdict),
        note=read_text(note),
        clip=read_text(clip),
        is_starred=bool(is_starred),
        id=event_id,
    )
