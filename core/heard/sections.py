"""Lists the sections of the indexes in which the events of a query lie, and how many rows these have."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass

from core.heard.conditions import Condition, Value, Wanted, one_of

FEW = 20_000
"""Rows that are read and sorted within a page's time."""
_MOST_MERGED = 60
"""Sections that are merged within a page's time."""


@dataclass(frozen=True, slots=True)
class Section:
    """Rows of `events` that lie together in one index."""

    index: str
    """"" for the table itself, by id."""
    own: tuple[Condition, ...]
    """What the index finds them by."""
    others: tuple[Condition, ...]
    """What they are tested for."""

    @property
    def table(self) -> str:
        """For SQL after FROM."""
        return f"events INDEXED BY {self.index}" if self.index else "events NOT INDEXED"

    def where(self, *more: Condition) -> tuple[str, tuple[Value, ...]]:
        """SQL and its values."""
        return where(*self.own, *self.others, *more)


def where(*conditions: Condition) -> tuple[str, tuple[Value, ...]]:
    """A WHERE of conditions that all hold, and its values."""
    values = tuple(value for condition in conditions for value in condition.values)
    return " WHERE " + (" AND ".join(condition.sql for condition in conditions) or "1"), values


def whole(index: str, wanted: Wanted) -> list[Section]:
    """All of an index that begins with the kind: a section for each kind, in the order of the index."""
    return [Section(index, (one_of("kind", [kind]),), wanted.conditions()) for kind in wanted.kinds]


def sections_by_time(wanted: Wanted) -> list[Section] | None:
    """Sections that each are in order of time and together hold what the query wants; None where its labels or its
    text would make them too many."""
    if wanted.hits is not None:
        found = _text_sections(wanted, is_each_sorted=True)
    elif wanted.labels is not None:
        found = _by_key("label", [label.key for label in wanted.labels], wanted, ("label",))
    elif wanted.session is not None:
        found = _by_key("session", [wanted.session], wanted, ("session",))
    else:
        found = whole("by_time", wanted)
    return found if len(found) <= _MOST_MERGED else None


def label_sections(wanted: Wanted, label: int) -> list[Section]:
    """The sections of one label, each in order of time."""
    return _by_key("label", [label], wanted, ("label",))


def few_rows(database: sqlite3.Connection, wanted: Wanted) -> list[Section] | None:
    """Sections with at most FEW rows that together hold what the query wants, by the narrowest of its filters; None
    without such a filter."""
    query, kind = wanted.query, wanted.kind()
    times = tuple(one for one in wanted.conditions(("label", "text", "session", "peak", "star")))
    filters = {
        "by_label": (kind, wanted.label(), *times) if wanted.labels is not None else None,
        "by_session": (kind, Condition("session = ?", (wanted.session,)), *times)
        if wanted.session is not None
        else None,
        "by_time": (kind, *times) if times else None,
        "by_star": (Condition("is_starred = 1"), *times) if query.is_starred else None,
        "by_peak": (kind, Condition("peak >= ?", (query.least_peak,))) if query.least_peak > 0 else None,
    }
    choices = [[Section(index, own, (kind, *wanted.conditions()))] for index, own in filters.items() if own is not None]
    if wanted.hits is not None:
        choices.append(_text_sections(wanted, is_each_sorted=False))
    counted = [(sum(_count_up_to_few(database, section) for section in choice), choice) for choice in choices]
    n_rows, narrowest = min(counted, key=lambda pair: pair[0], default=(FEW + 1, list[Section]()))
    return narrowest if n_rows <= FEW else None


def _text_sections(wanted: Wanted, is_each_sorted: bool) -> list[Section]:
    """The events with the text in their label, in their input, and in their note."""
    assert wanted.hits is not None
    asked = None if wanted.labels is None else {label.key for label in wanted.labels}
    labels = [key for key in wanted.hits.labels if asked is None or key in asked]
    satisfied = ("text",)
    noted = Section("", (wanted.hits.noted,), (wanted.kind(), *wanted.conditions(satisfied)))
    if is_each_sorted:
        by_label = _by_key("label", labels, wanted, ("label", "text"))
        return [*by_label, *_by_key("input", wanted.hits.inputs, wanted, satisfied), noted]
    return [
        Section("by_label", (one_of("label", labels), wanted.kind()), wanted.conditions(("label", "text"))),
        Section("by_input", (one_of("input", wanted.hits.inputs), wanted.kind()), wanted.conditions(satisfied)),
        noted,
    ]


def _by_key(column: str, keys: Sequence[int], wanted: Wanted, satisfied: tuple[str, ...]) -> list[Section]:
    others = wanted.conditions(satisfied)
    return [
        Section(f"by_{column}", (one_of(column, [key]), one_of("kind", [kind])), others)
        for key in keys
        for kind in wanted.kinds
    ]


def _count_up_to_few(database: sqlite3.Connection, section: Section) -> int:
    """How many rows its index finds; FEW + 1 for more than FEW."""
    condition, values = where(*section.own)
    sql = f"SELECT count(*) FROM (SELECT 1 FROM {section.table}{condition} LIMIT {FEW + 1})"
    return database.execute(sql, values).fetchone()[0]
