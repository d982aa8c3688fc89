"""Finds the events of files, one source after the other."""

from __future__ import annotations

from dataclasses import replace

from core.inference.edges.finders import EVENT_FINDERS, USUAL_EDGES
from core.inference.events import SpecificEvents
from core.inference.results import EventChange, FrameScores
from core.labels import LabelSet


class FileEvents:
    """The events of one source after the other, each once it has ended; numbered afresh for each source.

    with_parents: also those that more specific ones cover. edges: how onsets and offsets are found, a key of
    EVENT_FINDERS.
    """

    def __init__(self, labels: LabelSet, with_parents: bool = False, edges: str = USUAL_EDGES) -> None:
        self._labels, self._with_parents, self._edges = labels, with_parents, edges
        self._begin()

    def _begin(self) -> None:
        self._finder, self._specific = EVENT_FINDERS[self._edges](len(self._labels)), SpecificEvents(self._labels)
        self._heard_s = 0.0

    def push(self, scores: FrameScores) -> list[EventChange]:
        """The events that end in these rows. A window hears beyond its rows, so `at_s` is how far it heard."""
        self._heard_s = max(scores.heard_s, self._heard_s)
        return self._ended(self._finder.push(scores))

    def finish(self) -> list[EventChange]:
        """The events that the end of the source cuts off."""
        ended = self._ended(self._finder.finish())
        self._begin()
        return ended

    def _ended(self, changes: list[EventChange]) -> list[EventChange]:
        ended = [change for change in changes if change.offset_s is not None]
        kept = ended if self._with_parents else self._specific.ended(changes)
        return [replace(change, at_s=max(change.at_s, self._heard_s)) for change in kept]
