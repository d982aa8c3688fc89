"""In which row the name of each event stands on the picture, and which events are left out there."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from itertools import accumulate, islice

from app.spectrogram.history.event_history import TimelineEvent
from core.inference.events import COVERED_SHARE
from core.label_tree import label_tree
from core.labels import LabelSet

MOST_ROWS = 6
"""Names that find no place in so many rows are left out; their boxes are drawn."""
Key = tuple[str, float]


def box_key(event: TimelineEvent) -> Key:
    """Says which event it is, while it lasts and later."""
    return event.label_id, event.onset_s


class BoxRows:
    """Gives each name a row below the top of the picture, so that no two names overlap.

    A box keeps its row for as long as the picture has the same scale, so that names stand still while they scroll.
    name_s: how many seconds a name covers at this scale.
    """

    def __init__(self, name_s: Callable[[str], float]) -> None:
        self._name_s = name_s
        self._rows: dict[Key, int] = {}

    def place(self, events: Sequence[TimelineEvent]) -> list[int | None]:
        """The row of each event, 0 for the highest; None where no row is free."""
        taken: list[list[tuple[float, float]]] = [[] for _ in range(MOST_ROWS)]
        rows = {box_key(event): self._rows[box_key(event)] for event in events if box_key(event) in self._rows}
        for event in events:
            if box_key(event) in rows:
                taken[rows[box_key(event)]].append(self._span(event))
        for event in events:
            if box_key(event) not in rows:
                span = self._span(event)
                free = next((row for row in range(MOST_ROWS) if not _overlaps(span, taken[row])), None)
                if free is not None:
                    taken[free].append(span)
                    rows[box_key(event)] = free
        self._rows = rows
        return [rows.get(box_key(event)) for event in events]

    def _span(self, event: TimelineEvent) -> tuple[float, float]:
        """What a box keeps free for itself: its time, and at least its name. An open one will still grow."""
        stop_s = math.inf if event.offset_s is None else max(event.offset_s, event.onset_s + self._name_s(event.name))
        return event.onset_s, stop_s


def _overlaps(span: tuple[float, float], taken: Sequence[tuple[float, float]]) -> bool:
    return any(span[0] < stop_s and start_s < span[1] for start_s, stop_s in taken)


@lru_cache(maxsize=16)
def implied_ids(labels: LabelSet) -> dict[str, frozenset[str]]:
    """The ids of what each label implies, by its id; only of labels that imply something."""
    tree = label_tree(labels)
    above = {label.id: frozenset(labels[place].id for place in tree.implied[label.index]) for label in labels}
    return {label_id: implied for label_id, implied in above.items() if implied}


def without_implied(
    events: Sequence[TimelineEvent], implied: Mapping[str, frozenset[str]], now_s: float
) -> list[TimelineEvent]:
    """The events without those that more specific ones cover by half or more.

    implied: the ids of the labels that each label implies. now_s: where open events end at present.
    """
    covering: dict[str, list[TimelineEvent]] = {}
    for event in sorted(events, key=lambda event: event.onset_s):
        for label_id in implied.get(event.label_id, ()):
            covering.setdefault(label_id, []).append(event)
    reached_s = {
        label_id: list(accumulate((_end(one, now_s) for one in found), max)) for label_id, found in covering.items()
    }

    def is_covered(event: TimelineEvent) -> bool:
        found = covering.get(event.label_id)
        if found is None:
            return False
        # Hours may have thousands of events: those that all end before this one begins are passed over.
        return _is_covered(event, islice(found, bisect_right(reached_s[event.label_id], event.onset_s), None), now_s)

    return [event for event in events if not is_covered(event)]


def _is_covered(event: TimelineEvent, covering: Iterable[TimelineEvent], now_s: float) -> bool:
    """covering: the events that imply its label, by onset."""
    stop_s = _end(event, now_s)
    covered_s, reached_s = 0.0, event.onset_s
    for one in covering:
        if one.onset_s > stop_s:
            break
        covered_s += max(0.0, min(_end(one, now_s), stop_s) - max(one.onset_s, reached_s))
        reached_s = max(reached_s, _end(one, now_s))
    return covered_s >= COVERED_SHARE * (stop_s - event.onset_s)


def _end(event: TimelineEvent, now_s: float) -> float:
    return max(now_s, event.onset_s) if event.offset_s is None else event.offset_s
