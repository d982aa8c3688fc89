"""Defines the labels of a collection, by AudioSet's names or own ids, and what a clip's labels imply about others."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cache

from core.errors import UserError
from core.label_tree import label_tree
from core.labels import LabelSet
from core.model.checkpoints.known_data_sets import audioset_labels
from training.data.collection_file import Collection
from training.data.layouts.clip_rows import ClipRow
from training.text import join_names

_OWN_ID = re.compile(r"[a-z0-9]+(_[a-z0-9]+)*")


@cache
def _mids() -> dict[str, str]:
    """AudioSet's ids by name, and by themselves."""
    return {word: label.id for label in audioset_labels() for word in (label.id, label.name)}


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Turns the names of labels in a collection into label ids and a label set."""

    collection: Collection

    @property
    def is_audioset(self) -> bool:
        """Whether AudioSet's names stand for its labels."""
        return self.collection.vocabulary != "of the clips"

    def ids(self, words: Iterable[str]) -> tuple[str, ...]:
        """The ids of labels, each once. Raises UserError for a word that is neither a name of AudioSet nor a valid
        id."""
        if not self.is_audioset:
            return tuple(words)
        return tuple(dict.fromkeys(self._id(word) for word in words))

    def _id(self, word: str) -> str:
        mids = _mids()
        if word not in mids and not _OWN_ID.fullmatch(word):
            problem = f"{self.collection.title} has the label {word!r}, which is not in AudioSet."
            raise UserError(problem, "Correct it. Your own ids are lower-case words joined by underscores.")
        return mids.get(word, word)

    def labels(self, named: Iterable[str]) -> LabelSet:
        """The label set of clips with the labels `named` (ids).

        AudioSet's labels come first, in its order; the others are sorted by id. Raises UserError for unknown labels in
        [names] and [parents].
        """
        ids = set(named)
        if not self.is_audioset:
            return self._named(LabelSet.from_ids(sorted(ids)))
        audioset = audioset_labels()
        own = sorted(ids - {label.id for label in audioset})
        joined = (*audioset, *LabelSet.from_ids(own)) if own else audioset.labels
        whole = self._with_parents(LabelSet(tuple(replace(label, index=i) for i, label in enumerate(joined))))
        return self._named(self.remaining(whole, ids))

    def remaining(self, labels: LabelSet, named: Iterable[str]) -> LabelSet:
        """The labels `named` (ids) and those that they imply; with "all of audioset", all labels of AudioSet too."""
        ids = set(named)
        if self.collection.vocabulary == "all of audioset":
            ids |= {label.id for label in audioset_labels()}
        kept = {label.index for label in labels if label.id in ids}
        tree = label_tree(labels)
        return labels.keep(sorted(kept | {above for index in kept for above in tree.implied[index]}))

    def _named(self, labels: LabelSet) -> LabelSet:
        names = self.collection.names
        unknown = sorted(names.keys() - {label.id for label in labels})
        if unknown:
            problem = f"{self.collection.title} has names for labels that no clip has: {', '.join(unknown)}."
            raise UserError(problem, "Correct [names].")
        return LabelSet(tuple(replace(label, name=names.get(label.id, label.name)) for label in labels))

    def _with_parents(self, labels: LabelSet) -> LabelSet:
        """The labels with the parents that the collection gives, in place of AudioSet's."""
        given = {self._id(word): self.ids(parents) for word, parents in self.collection.parents.items()}
        known = {label.id for label in labels}
        unknown = sorted({label for child, parents in given.items() for label in (child, *parents)} - known)
        if unknown:
            problem = f"{self.collection.title} has [parents] with labels that no clip has: {join_names(unknown)}."
            raise UserError(problem, "Correct [parents].")
        return LabelSet(tuple(replace(label, parents=given.get(label.id, label.parents)) for label in labels))


class Relations:
    """Adds to clips what their labels imply about the other labels of a set."""

    def __init__(self, labels: LabelSet) -> None:
        self._ids = tuple(label.id for label in labels)
        self._index = {label.id: label.index for label in labels}
        self._tree = label_tree(labels)

    def all_unknown(self, row: ClipRow) -> ClipRow:
        """The row with all labels unknown."""
        return replace(row, labels=(), unknown=self._ids)

    def of(self, row: ClipRow, apart: frozenset[str]) -> ClipRow:
        """The row with all labels that its labels imply; all others above or below them become `unknown`.

        apart: labels that exclude each other in the row's data set. Below a label of the row they are absent instead of
        unknown, and above one they are unknown instead of implied (there, breathing does not include snoring).
        """
        own = self._indices(row.labels)
        excluded = self._indices(apart) if apart.intersection(row.labels) else set[int]()
        implied = {above for label in own for above in self._tree.implied[label]} - excluded
        related = {near for label in own for near in self._tree.above[label] | (self._tree.below[label] - excluded)}
        unknown = related | self._indices(row.unknown)
        return replace(
            row,
            labels=row.labels + tuple(self._ids[i] for i in sorted(implied - own)),
            unknown=tuple(self._ids[i] for i in sorted(unknown - own - implied)),
        )

    def _indices(self, ids: Iterable[str]) -> set[int]:
        return {self._index[label] for label in ids if label in self._index}
