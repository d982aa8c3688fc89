"""Says which events of a model the user wants to hear of, and what almost was one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from app.runtime.core_api import Tagger
from app.tags.muted import MutedClasses
from app.tags.parents import ShownParents
from core.inference.events import SpecificEvents
from core.inference.near_misses import NearMiss, NearMisses
from core.inference.results import EventChange, LiveUpdate


@dataclass(frozen=True, slots=True)
class WantedChanges:
    """What an update says, as far as it is wanted."""

    changes: tuple[EventChange, ...] = ()
    """Events that begin or end, in order."""
    near_misses: tuple[NearMiss, ...] = ()
    """What almost was an event and is over."""


class WantedEvents:
    """Follows what one model hears. is_open: whether an event, by its number, is being collected: what has begun ends,
    whatever the user wants by then."""

    def __init__(
        self, tagger: Tagger, parents: ShownParents, muted: MutedClasses, is_open: Callable[[int], bool]
    ) -> None:
        self._labels, self._parents, self._muted, self._is_open = tagger.labels, parents, muted, is_open
        self._specific = SpecificEvents(tagger.labels)
        self._near = NearMisses(tagger.live_rules, muted.indices(tagger.labels))
        self._silent: dict[int, EventChange] = {}
        """How the events began that last and are not collected, because their class is muted."""

    def take(self, update: LiveUpdate) -> WantedChanges:
        """What an update says."""
        changes = [change for change in update.events if change.label < len(self._labels)]
        specific = self._specific.started(changes)
        begun = changes if self._parents.is_on else specific
        # Asked before any of them has begun or ended.
        heard = [change for change in changes if not self._is_muted(change)]
        scores = [row for row in update.scores if len(row.probabilities) == len(self._labels)]
        near = self._near.push(scores, heard)
        for change in changes:
            self._follow_silent(change, change in begun)
        wanted = [change for change in heard if change.offset_s is not None or change in begun]
        return WantedChanges(tuple(wanted), tuple(near))

    def finish(self) -> tuple[NearMiss, ...]:
        """What almost was an event when another model follows."""
        return tuple(self._near.finish())

    def unmute(self) -> tuple[EventChange, ...]:
        """Mute what is muted now: how the events begin that last and are heard again."""
        self._near.mute(self._muted.indices(self._labels))
        begun = tuple(change for change in self._silent.values() if not self._is_muted(change))
        for change in begun:
            del self._silent[change.id]
        return begun

    def _follow_silent(self, change: EventChange, is_begun: bool) -> None:
        if change.offset_s is not None:
            self._silent.pop(change.id, None)
        elif is_begun and self._is_muted(change):
            self._silent[change.id] = change

    def _is_muted(self, change: EventChange) -> bool:
        return not self._is_open(change.id) and self._labels[change.label].id in self._muted
