"""Defines the tables of the event store, and makes them in a new file.

Names that repeat (sessions, labels, models, inputs) are stored once, so that a row of a year's two million is short.
Each sort has an index, and so does each filter that may leave few rows. Behind what an index is sorted by, it repeats
what else is asked for often, which spares looking up each row of thousands.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path

from core.errors import UserError

VERSION = 1
APPLICATION_ID = 0x536D4576  # "SmEv", in the header of the file
_TABLES = """
CREATE TABLE sessions (key INTEGER PRIMARY KEY, session TEXT NOT NULL UNIQUE, heard_until REAL NOT NULL);
CREATE TABLE labels (
    key INTEGER PRIMARY KEY, label_id TEXT NOT NULL, name TEXT NOT NULL, folded TEXT NOT NULL,
    UNIQUE (label_id, name)
);
CREATE TABLE label_counts (
    label INTEGER NOT NULL, kind INTEGER NOT NULL, n INTEGER NOT NULL, PRIMARY KEY (label, kind)
) WITHOUT ROWID;
CREATE TABLE models (
    key INTEGER PRIMARY KEY, model TEXT NOT NULL, model_hash TEXT NOT NULL, UNIQUE (model, model_hash)
);
CREATE TABLE inputs (key INTEGER PRIMARY KEY, input TEXT NOT NULL UNIQUE, folded TEXT NOT NULL);
CREATE TABLE events (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    kind INTEGER NOT NULL, label INTEGER NOT NULL, session INTEGER NOT NULL, model INTEGER NOT NULL,
    input INTEGER NOT NULL, onset_s REAL NOT NULL, offset_s REAL, onset_at REAL NOT NULL, offset_at REAL,
    length_s REAL NOT NULL, peak REAL NOT NULL, why TEXT NOT NULL, verdict TEXT NOT NULL, note TEXT NOT NULL,
    clip TEXT NOT NULL, is_starred INTEGER NOT NULL
);
CREATE INDEX by_time ON events (kind, onset_at, id);
CREATE INDEX by_label ON events (label, kind, onset_at, id, length_s, peak);
CREATE INDEX by_input ON events (input, kind, onset_at, id, length_s, peak);
CREATE INDEX by_session ON events (session, kind, onset_at, id, length_s, peak);
CREATE INDEX by_peak ON events (kind, peak, id, label, onset_at);
CREATE INDEX by_length ON events (kind, length_s, id, label, onset_at, peak);
CREATE INDEX by_star ON events (onset_at) WHERE is_starred = 1;
CREATE INDEX by_note ON events (note) WHERE note <> '';
CREATE INDEX open_events ON events (session) WHERE offset_s IS NULL;
CREATE TABLE pictures (event INTEGER PRIMARY KEY, picture BLOB NOT NULL);
CREATE INDEX picture_events ON pictures (event);
"""
_TRIGGERS = """
CREATE TRIGGER count_added AFTER INSERT ON events BEGIN
    INSERT INTO label_counts VALUES (new.label, new.kind, 1)
        ON CONFLICT (label, kind) DO UPDATE SET n = n + 1;
END;
CREATE TRIGGER count_removed AFTER DELETE ON events BEGIN
    UPDATE label_counts SET n = n - 1 WHERE label = old.label AND kind = old.kind;
    DELETE FROM pictures WHERE event = old.id;
END;
"""
_TRIGGER_NAMES = ("count_added", "count_removed")
_CLEARED = ("events", "pictures", "label_counts", "labels", "sessions", "models", "inputs")


def prepare(database: sqlite3.Connection, path: Path) -> None:
    """Make the tables in a new file. Raises UserError for a file of a newer Soundmark or of another program, and
    sqlite3.DatabaseError for a damaged one."""
    if _is_ready(database, path):
        return
    database.execute("PRAGMA auto_vacuum = NONE")
    database.execute("PRAGMA journal_mode = WAL")
    database.execute("BEGIN IMMEDIATE")
    try:
        if not _is_ready(database, path):  # another process may have made them meanwhile
            run_all(database, _TABLES)
            run_all(database, _TRIGGERS)
            database.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            database.execute(f"PRAGMA user_version = {VERSION}")
        database.execute("COMMIT")
    except BaseException:
        database.execute("ROLLBACK")
        raise


def _is_ready(database: sqlite3.Connection, path: Path) -> bool:
    (version,) = database.execute("PRAGMA user_version").fetchone()
    (application,) = database.execute("PRAGMA application_id").fetchone()
    (n_tables,) = database.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    if application == APPLICATION_ID and version > VERSION:
        problem = f"The list of events {path} was written by a newer version of Soundmark."
        raise UserError(problem, "Use that version, or move the file elsewhere to begin a new list.")
    if n_tables and application != APPLICATION_ID:
        problem = f"{path} is a database of another program."
        raise UserError(problem, "Move it elsewhere, so that Soundmark can keep its list of events there.")
    if n_tables:
        database.execute("SELECT max(id) FROM events").fetchone()  # fails where the file is damaged
    return n_tables > 0


def run_all(database: sqlite3.Connection, statements: str) -> None:
    """Run several statements inside the current transaction, which `executescript` would end."""
    pending = ""
    for line in statements.splitlines():
        pending += line + "\n"
        if sqlite3.complete_statement(pending):
            database.execute(pending)
            pending = ""


def clear(database: sqlite3.Connection) -> None:
    """Remove every row inside the current transaction; ids are still not used again."""
    for name in _TRIGGER_NAMES:  # without triggers, SQLite empties a table at once
        database.execute(f"DROP TRIGGER {name}")
    for name in _CLEARED:
        database.execute(f"DELETE FROM {name}")
    run_all(database, _TRIGGERS)
