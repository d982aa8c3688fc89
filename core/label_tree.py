"""What stands above and below each label, what a label implies, and which of several labels to show.

A label may have several parents, and then it need not be all of them: a growl is a dog's or a big cat's. What a label
implies is what stands above it whichever way one goes up: a bark implies a dog, an animal and so on, a growl implies an
animal only.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from core.labels import LabelSet, parents_first


@dataclass(frozen=True, slots=True)
class LabelTree:
    """Indices of labels, for each label of a set."""

    implied: tuple[frozenset[int], ...]
    """What is present whenever the label is, without itself."""
    above: tuple[frozenset[int], ...]
    """Its parents and theirs; contains what it implies."""
    below: tuple[frozenset[int], ...]
    """Its children and theirs."""

    def most_specific(self, active: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Those of the active labels that no other active one implies. active: bool `(labels,)`; so is the result.

        A dog that lights up Animal, Pet and Dog gives Dog; with Bark, Bark.
        """
        return active & ~self.implied_by(active)

    def implied_by(self, active: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """What active labels imply, active itself or not; both bool `(labels,)`."""
        covered = np.zeros(len(self.implied), bool)
        covered[list({index for label in np.flatnonzero(active) for index in self.implied[label]})] = True
        return covered


@lru_cache(maxsize=16)
def label_tree(labels: LabelSet) -> LabelTree:
    """The tree of a label set. A parent that is no label of the set implies nothing."""
    index = {label.id: label.index for label in labels}
    above: list[frozenset[int]] = [frozenset()] * len(labels)
    implied = list(above)
    below: list[set[int]] = [set() for _ in labels]
    for label in parents_first(labels.labels):
        parents = [index.get(parent) for parent in label.parents]
        ways = [frozenset[int]() if parent is None else implied[parent] | {parent} for parent in parents]
        implied[label.index] = ways[0].intersection(*ways[1:]) if ways else frozenset()
        all_ways = [above[parent] | {parent} for parent in parents if parent is not None]
        above[label.index] = frozenset[int]().union(*all_ways)
        for ancestor in above[label.index]:
            below[ancestor].add(label.index)
    return LabelTree(tuple(implied), tuple(above), tuple(map(frozenset, below)))
