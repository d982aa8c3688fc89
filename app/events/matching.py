"""Says of an event in memory what the store says of those on disk: whether a query wants it, and where it stands."""

from __future__ import annotations

from collections.abc import Callable

from core.heard.event import EventQuery, HeardEvent
from core.heard.folding import folded, has_text

Key = tuple[object, ...]


def matches(query: EventQuery, event: HeardEvent) -> bool:
    """Whether a query wants this event."""
    part = folded(query.text)
    return (
        event.kind in query.kinds
        and (not query.labels or event.label_id in query.labels)
        and (query.since is None or event.onset_at >= query.since)
        and (query.until is None or event.onset_at < query.until)
        and (query.session is None or event.session == query.session)
        and event.peak >= query.least_peak
        and (query.is_starred is None or event.is_starred == query.is_starred)
        and (not part or any(has_text(text, part) for text in (event.label, event.note, event.input)))
    )


_SORT_KEYS: dict[str, Callable[[HeardEvent], Key]] = {
    "time": lambda event: (event.onset_at,),
    "length": lambda event: (event.length_s,),
    "label": lambda event: (folded(event.label), event.label, event.label_id, event.onset_at),
    "peak": lambda event: (event.peak,),
}


def sort_key(query: EventQuery, event: HeardEvent) -> Key:
    """What a query sorts by; of what is not stored yet, the id is the highest."""
    return *_SORT_KEYS[query.sort](event), event.id or 2**63


def comes_before(query: EventQuery, one: HeardEvent, other: HeardEvent) -> bool:
    """Whether `one` stands above `other` in the order of a query."""
    first, second = sort_key(query, one), sort_key(query, other)
    return first > second if query.is_descending else first < second  # type: ignore[operator]
