"""Turns a query into conditions on the tables' keys: which labels, inputs and notes its text is in."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass

from core.heard.event import KINDS, EventQuery
from core.heard.folding import folded

_MOST_IDS = 10_000
"""SQLite takes some 32 000 values."""
Value = str | float | bytes | None


@dataclass(frozen=True, slots=True)
class Condition:
    """A piece of SQL that is true or false of a row of `events`, with the values of its question marks."""

    sql: str
    values: tuple[Value, ...] = ()


@dataclass(frozen=True, slots=True)
class LabelKey:
    """A label in the order in which events are sorted by label."""

    folded: str
    name: str
    label_id: str
    key: int

    @property
    def place(self) -> tuple[str, str, str]:
        """What the order compares."""
        return (self.folded, self.name, self.label_id)


@dataclass(frozen=True, slots=True)
class TextHits:
    """Where a text was found."""

    labels: tuple[int, ...]
    """Keys of labels."""
    inputs: tuple[int, ...]
    """Keys of inputs."""
    noted: Condition
    """True of the events with the text in their note."""

    @property
    def condition(self) -> Condition:
        """True of the events that have the text anywhere."""
        parts = (one_of("label", self.labels), one_of("input", self.inputs), self.noted)
        return Condition(f"({' OR '.join(part.sql for part in parts)})", sum((part.values for part in parts), ()))


@dataclass(frozen=True, slots=True)
class Wanted:
    """A query in the keys of one state of the store."""

    query: EventQuery
    kinds: tuple[int, ...]
    """Places in KINDS."""
    labels: tuple[LabelKey, ...] | None
    """None for all."""
    session: int | None
    """A session's key, -1 for one that is not there; None for all."""
    hits: TextHits | None
    """None without a text."""

    def kind(self) -> Condition:
        """Its kinds."""
        return one_of("kind", self.kinds)

    def label(self) -> Condition:
        """Its labels; true of all where it names none."""
        return _TRUE if self.labels is None else one_of("label", [label.key for label in self.labels])

    def conditions(self, without: tuple[str, ...] = ()) -> tuple[Condition, ...]:
        """Its conditions but for the kind, and but for those named in `without`: label, text, session."""
        query = self.query
        named = {
            "label": self.label(),
            "text": _TRUE if self.hits is None else self.hits.condition,
            "session": _TRUE if self.session is None else Condition("session = ?", (self.session,)),
            "since": _TRUE if query.since is None else Condition("onset_at >= ?", (query.since,)),
            "until": _TRUE if query.until is None else Condition("onset_at < ?", (query.until,)),
            "peak": Condition("peak >= ?", (query.least_peak,)) if query.least_peak > 0 else _TRUE,
            # Written out: SQLite uses a partial index only for a condition without question marks.
            "star": _TRUE if query.is_starred is None else Condition(f"is_starred = {int(query.is_starred)}"),
        }
        return tuple(condition for name, condition in named.items() if condition != _TRUE and name not in without)


_TRUE = Condition("1")


def one_of(column: str, keys: Iterable[int]) -> Condition:
    """True where a column has one of these keys."""
    values = tuple(keys)
    if len(values) == 1:
        return Condition(f"{column} = ?", values)
    return Condition(f"{column} IN ({','.join('?' * len(values))})", values)


def wanted(database: sqlite3.Connection, query: EventQuery) -> Wanted:
    """Look up what a query names."""
    return Wanted(
        query=query,
        kinds=tuple(dict.fromkeys(KINDS.index(kind) for kind in query.kinds)),
        labels=label_keys(database, query.labels) if query.labels else None,
        session=None if query.session is None else _session_key(database, query.session),
        hits=_find_text(database, folded(query.text)) if query.text else None,
    )


def label_keys(database: sqlite3.Connection, label_ids: tuple[str, ...] = ()) -> tuple[LabelKey, ...]:
    """Labels in the order in which events are sorted by label: those with these ids, or all without any."""
    rows = database.execute("SELECT folded, name, label_id, key FROM labels").fetchall()
    found = (LabelKey(*row) for row in rows if not label_ids or row[2] in label_ids)
    return tuple(sorted(found, key=lambda label: label.place))


def _session_key(database: sqlite3.Connection, session: str) -> int:
    found = database.execute("SELECT key FROM sessions WHERE session = ?", (session,)).fetchone()
    return found[0] if found else -1


def _find_text(database: sqlite3.Connection, text: str) -> TextHits:
    def keys(sql: str, *values: str) -> tuple[int, ...]:
        return tuple(key for (key,) in database.execute(sql, values))

    with_note = "SELECT id FROM events INDEXED BY by_note WHERE note <> '' AND has_text(note, ?)"
    noted = keys(f"{with_note} LIMIT {_MOST_IDS + 1}", text)
    is_few = len(noted) <= _MOST_IDS  # usual: then the notes are searched once for all sections of a page
    return TextHits(
        labels=keys("SELECT key FROM labels WHERE instr(folded, ?)", text),
        inputs=keys("SELECT key FROM inputs WHERE instr(folded, ?)", text),
        noted=one_of("id", noted) if is_few else Condition(f"id IN ({with_note})", (text,)),
    )
