"""Scores what was shown against what sounded: recall, precision, and the times to appear and to go."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from benchmarks.listening.scenes import PlacedSound
from benchmarks.listening.senses import RightSenses
from benchmarks.listening.shown import ShownTag

EARLIEST_S, LATEST_S = 0.5, 1.5
"""A tag belongs to a sound if it appears from that long before the onset to that long after the offset."""


@dataclass(slots=True)
class Tally:
    """Counts over any number of scenes."""

    sounds: Counter[str] = field(default_factory=Counter)
    """Sounds by label."""
    found: Counter[str] = field(default_factory=Counter)
    """Of these, the ones for which a right tag appeared."""
    tags: Counter[bool] = field(default_factory=Counter)
    """Tags by whether they were right."""
    tags_at_stake: Counter[bool] = field(default_factory=Counter)
    """The same of those tags alone that name a class of the scenes."""
    first_tag_s: list[float] = field(default_factory=list)
    """For each sound found, from its onset to its first right tag."""
    release_s: list[float] = field(default_factory=list)
    """For each sound found, from its offset until its last right tag had gone; negative if that was before."""

    def add(self, tags: Sequence[ShownTag], sounds: Sequence[PlacedSound], right: Mapping[str, RightSenses]) -> None:
        """Count one scene. right: by the sounds' labels, for every class at stake."""
        at_stake = frozenset(sense for senses in right.values() for sense in senses.names)
        for tag in tags:
            is_right = any(_belongs(tag, sound) and _is_right(tag, right[sound.label]) for sound in sounds)
            self.tags[is_right] += 1
            if tag.sense in at_stake:
                self.tags_at_stake[is_right] += 1
        for sound in sounds:
            self.sounds[sound.label] += 1
            mine = [tag for tag in tags if tag.sense in right[sound.label].names and _belongs(tag, sound)]
            if mine:
                self.found[sound.label] += 1
                self.first_tag_s.append(min(tag.shown_s for tag in mine) - sound.onset_s)
                self.release_s.append(max(tag.gone_s for tag in mine) - sound.offset_s)

    def figures(self) -> dict[str, Any]:
        """Shares and times for people and programs; None where nothing can be said."""
        n_sounds = self.sounds.total()
        return {
            "sounds": n_sounds,
            "tags": self.tags.total(),
            "recall": _share(self.found.total(), n_sounds),
            "precision": _share(self.tags[True], self.tags.total()),
            "precision_at_stake": _share(self.tags_at_stake[True], self.tags_at_stake.total()),
            "first_tag_s": _median_and_95(self.first_tag_s),
            "release_s": _median_and_95(self.release_s),
            "recall_by_label": {label: _share(self.found[label], n) for label, n in sorted(self.sounds.items())},
        }

    def f1(self) -> float:
        """The harmonic mean of recall and precision over the tags at stake, for choosing a threshold."""
        n_right, n_tags = self.tags_at_stake[True], self.tags_at_stake.total()
        if not n_right or not self.found.total():
            return 0.0
        recall, precision = self.found.total() / self.sounds.total(), n_right / n_tags
        return 2 * recall * precision / (recall + precision)


def false_alarms(tags: Iterable[ShownTag], allowed: frozenset[str]) -> Counter[str]:
    """Tags by sense that appeared though nothing sounded. allowed: what a background may be called."""
    return Counter(tag.sense for tag in tags if tag.sense not in allowed)


def _belongs(tag: ShownTag, sound: PlacedSound) -> bool:
    return sound.onset_s - EARLIEST_S <= tag.shown_s <= sound.offset_s + LATEST_S


def _is_right(tag: ShownTag, right: RightSenses) -> bool:
    return tag.sense in right.names or tag.sense in right.above


def _share(part: int, whole: int) -> float | None:
    return round(part / whole, 4) if whole else None


def _median_and_95(times_s: Sequence[float]) -> list[float] | None:
    return [round(float(value), 2) for value in np.percentile(times_s, [50, 95])] if times_s else None
