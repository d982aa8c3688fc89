"""Finds the keys of a page's events without looking at many more rows than the page has.

Three ways, by what the query leaves:

* A filter that leaves few rows: all of them are read through its index and sorted.
* By time, with labels, a text or a session: each label, input, session and kind has its rows in order of time in an
  index, and the first rows of each are merged.
* Otherwise the index of the sort is followed, and rows that the filters refuse are passed over. No filter leaves few
  rows, so a page is soon full.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Sequence
from dataclasses import dataclass

from core.heard.conditions import Condition, LabelKey, Wanted, label_keys
from core.heard.event import Cursor
from core.heard.sections import Section, few_rows, label_sections, sections_by_time, where, whole

_STEPS = 10_000
"""Of SQLite's machine, between two looks at the clock: some tenths of a millisecond."""
Keys = tuple[str | float, ...]
_LABEL_COLUMNS = ("labels.folded", "labels.name", "labels.label_id", "onset_at", "id")
_COLUMNS = {
    "time": ("onset_at", "id"),
    "length": ("length_s", "id"),
    "peak": ("peak", "id"),
    "label": _LABEL_COLUMNS,
}
"""What rows are compared by in each sort; the id makes each one's place its own."""


def page_keys(database: sqlite3.Connection, wanted: Wanted, after: Cursor | None, limit: int) -> list[Keys]:
    """What the events of a page are sorted by, in order, each with its id at the end: at most `limit` of them, those
    that come after `after`."""
    pages = _Pages(database, wanted, after.keys if after else None, limit)
    if not wanted.kinds or wanted.labels == ():
        return []
    sort = wanted.query.sort
    if sort == "time":
        return _page_by_time(pages)
    few = few_rows(database, wanted)
    if few is not None:
        return pages.merged(few, _COLUMNS[sort])
    return pages.label_by_label() if sort == "label" else pages.merged(whole(f"by_{sort}", wanted), _COLUMNS[sort])


def count_events(database: sqlite3.Connection, wanted: Wanted) -> int:
    """The number of events that a query leaves."""
    if not wanted.kinds:
        return 0
    sql = "SELECT coalesce(sum(n), 0) FROM label_counts"
    if wanted.conditions(("label",)):
        few = few_rows(database, wanted)
        if few is not None:
            return len({keys for section in few for keys in _Pages(database, wanted, None, -1).rows(section, ("id",))})
        sql = "SELECT count(*) FROM events"
    condition, values = where(wanted.kind(), *(wanted.conditions() if "events" in sql else (wanted.label(),)))
    return database.execute(sql + condition, values).fetchone()[0]


def count_up_to(database: sqlite3.Connection, wanted: Wanted, most: int, patience_s: float) -> tuple[int, bool]:
    """The number of events that a query leaves, and whether that is all: it stops above `most`, and after a while."""
    if not wanted.kinds or not wanted.conditions(("label",)):
        return count_events(database, wanted), True
    few = few_rows(database, wanted)
    sections = few or sections_by_time(wanted) or whole("by_time", wanted)
    ids = set[int]()
    ends_s = time.monotonic() + patience_s
    database.set_progress_handler(lambda: time.monotonic() > ends_s, _STEPS)
    try:
        for section in sections:
            condition, values = section.where()
            for (event_id,) in database.execute(f"SELECT id FROM {section.table}{condition}", values):
                ids.add(event_id)
                if len(ids) > most:
                    return most, False
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode != sqlite3.SQLITE_INTERRUPT:
            raise
        return len(ids), False
    finally:
        database.set_progress_handler(None, 0)
    return len(ids), True


def _page_by_time(pages: _Pages) -> list[Keys]:
    """Most filters have their rows in order of time; those of peak and star are looked at first, if they leave few."""
    query = pages.wanted.query
    sections = sections_by_time(pages.wanted)
    if sections is None or query.least_peak > 0 or query.is_starred:
        few = few_rows(pages.database, pages.wanted)
        sections = few or sections or whole("by_time", pages.wanted)
    return pages.merged(sections, _COLUMNS["time"])


@dataclass(frozen=True, slots=True)
class _Pages:
    database: sqlite3.Connection
    wanted: Wanted
    after: Keys | None
    limit: int

    @property
    def is_descending(self) -> bool:
        return self.wanted.query.is_descending

    def merged(self, sections: Sequence[Section], columns: tuple[str, ...]) -> list[Keys]:
        """The first rows of all sections together; a row may be in several."""
        rows = {keys for section in sections for keys in self.rows(section, columns, self.after)}
        return sorted(rows, reverse=self.is_descending)[: self.limit]

    def label_by_label(self) -> list[Keys]:
        """The first rows of the labels, one label after the other, each in order of time."""
        labels = label_keys(self.database) if self.wanted.labels is None else self.wanted.labels
        found = list[Keys]()
        for label in reversed(labels) if self.is_descending else labels:
            if len(found) < self.limit and not self._is_over(label):
                found += self._of_label(label)
        return found[: self.limit]

    def _is_over(self, label: LabelKey) -> bool:
        """Whether all of a label's rows come before this page."""
        if self.after is None:
            return False
        last = self.after[: len(label.place)]
        return label.place > last if self.is_descending else label.place < last

    def _of_label(self, label: LabelKey) -> list[Keys]:
        n_places = len(label.place)
        is_begun = self.after is not None and self.after[:n_places] == label.place
        after = self.after[n_places:] if self.after is not None and is_begun else None
        sections = label_sections(self.wanted, label.key)
        rows = [row for section in sections for row in self.rows(section, _COLUMNS["time"], after)]
        return [(*label.place, *row) for row in sorted(rows, reverse=self.is_descending)]

    def rows(self, section: Section, columns: tuple[str, ...], after: Keys | None = None) -> list[Keys]:
        """The first rows of a section after the keys `after`."""
        order, comparison = ("DESC", "<") if self.is_descending else ("ASC", ">")
        condition, values = section.where(*(_beyond(columns, comparison, after) if after is not None else ()))
        table = section.table + (" JOIN labels ON labels.key = events.label" if columns == _LABEL_COLUMNS else "")
        sorting = ", ".join(f"{column} {order}" for column in columns)
        sql = f"SELECT {', '.join(columns)} FROM {table}{condition} ORDER BY {sorting} LIMIT ?"
        return self.database.execute(sql, (*values, self.limit)).fetchall()


def _beyond(columns: tuple[str, ...], comparison: str, after: Keys) -> tuple[Condition]:
    places = ", ".join("?" * len(columns))
    return (Condition(f"({', '.join(columns)}) {comparison} ({places})", after),)
