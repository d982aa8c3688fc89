"""In which row the name of each event stands on the picture, and which events are left out there."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from app.spectrogram.history.event_history import TimelineEvent

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
