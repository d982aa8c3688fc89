"""Leaves out the events of labels that a more specific one implies: while a dog is heard, that an animal is."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby

from core.inference.results import EventChange
from core.label_tree import label_tree
from core.labels import LabelSet

COVERED_SHARE = 0.5
"""An event of a file is left out if more specific ones cover this much of it."""


class SpecificEvents:
    """The events of one stream that say more than others do; `started` is for listening, `ended` for files.

    Takes every change of the stream, in order, in one of the two ways.
    """

    def __init__(self, labels: LabelSet) -> None:
        implied = label_tree(labels).implied
        self._more_specific = {
            label: frozenset(one for one, above in enumerate(implied) if label in above)
            for label in frozenset[int]().union(*implied)
        }
        self._onsets_s: dict[int, float] = {}
        """Of the events that last, by label."""
        self._past: dict[int, list[tuple[float, float]]] = {}
        """Onset and offset of events that are over, by label; only of those that can still cover one that lasts."""
        self._left_out = set[int]()
        """Events that last and whose start was left out."""

    def started(self, changes: Sequence[EventChange]) -> list[EventChange]:
        """The changes without the events that began while a more specific one lasted, or with it. What has been shown
        to begin is shown to end, whatever begins later."""
        kept: list[EventChange] = []
        for _, moment in groupby(changes, key=lambda change: change.at_s):
            together = list(moment)
            self._follow(together)
            self._left_out |= {change.id for change in together if self._is_left_out_at_start(change)}
            kept += [change for change in together if change.id not in self._left_out]
            self._left_out -= {change.id for change in together if change.offset_s is not None}
        return kept

    def ended(self, changes: Iterable[EventChange]) -> list[EventChange]:
        """The events that have ended, without those that more specific ones cover by half or more."""
        kept: list[EventChange] = []
        for change in changes:
            if change.offset_s is not None and not self._is_covered(change, change.offset_s):
                kept.append(change)
            self._follow([change])
        return kept

    def _follow(self, changes: Sequence[EventChange]) -> None:
        for change in changes:
            if change.offset_s is None:
                self._onsets_s[change.label] = change.onset_s
            else:
                self._onsets_s.pop(change.label, None)
                self._past.setdefault(change.label, []).append((change.onset_s, change.offset_s))
        oldest_s = min(self._onsets_s.values(), default=float("inf"))
        for label, spans in list(self._past.items()):
            self._past[label] = [span for span in spans if span[1] > oldest_s]

    def _is_left_out_at_start(self, change: EventChange) -> bool:
        return change.offset_s is None and not self._onsets_s.keys().isdisjoint(
            self._more_specific.get(change.label, frozenset())
        )

    def _is_covered(self, change: EventChange, offset_s: float) -> bool:
        spans = [
            span
            for label in self._more_specific.get(change.label, ())
            for span in (*self._past.get(label, ()), *((start, offset_s) for start in self._lasting_since(label)))
        ]
        covered_s = _covered(spans, change.onset_s, offset_s)
        return bool(spans) and covered_s >= COVERED_SHARE * (offset_s - change.onset_s)

    def _lasting_since(self, label: int) -> tuple[float, ...]:
        return (self._onsets_s[label],) if label in self._onsets_s else ()


def _covered(spans: Sequence[tuple[float, float]], onset_s: float, offset_s: float) -> float:
    """How many of the seconds from onset to offset lie in any of the spans."""
    covered_s, end_s = 0.0, onset_s
    for start_s, stop_s in sorted(spans):
        covered_s += max(0.0, min(stop_s, offset_s) - max(start_s, end_s))
        end_s = max(end_s, stop_s)
    return covered_s
