"""The labels of a collection: by AudioSet's names or by ids of its own, and what a clip's labels say of the others."""

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
    """By name, and by themselves."""
    return {word: label.id for label in audioset_labels() for word in (label.id, label.name)}


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """What a collection's words for labels mean."""

    collection: Collection

    @property
    def is_audioset(self) -> bool:
        """Whether AudioSet's names mean its labels."""
        return self.collection.vocabulary != "of the clips"

    def ids(self, words: Iterable[str]) -> tuple[str, ...]:
        """The ids of labels as the collection writes them. Raises UserError for what is neither a name of AudioSet's
        nor an id of the collection's own."""
        if not self.is_audioset:
            return tuple(words)
        return tuple(dict.fromkeys(self._id(word) for word in words))

    def _id(self, word: str) -> str:
        mids = _mids()
        if word not in mids and not _OWN_ID.fullmatch(word):
            problem = f"{self.collection.title} writes {word!r}, which is no label of AudioSet."
            raise UserError(problem, "Correct it; ids of your own are lower-case words with underscores between them.")
        return mids.get(word, word)

    def labels(self, named: Iterable[str]) -> LabelSet:
        """The label set. named: ids of the labels that clips have.

        AudioSet's stand in its order before the others, which are sorted by id. Raises UserError for words of the
        collection's that are no label of it.
        """
        ids = set(named)
        if not self.is_audioset:
            return self._named(LabelSet.from_ids(sorted(ids)))
        theirs = audioset_labels()
        own = sorted(ids - {label.id for label in theirs})
        joined = (*theirs, *LabelSet.from_ids(own)) if own else theirs.labels
        whole = self._with_parents(LabelSet(tuple(replace(one, index=i) for i, one in enumerate(joined))))
        return self._named(self.remaining(whole, ids))

    def remaining(self, labels: LabelSet, named: Iterable[str]) -> LabelSet:
        """Those of the labels that clips have, and what these imply; with all of AudioSet's where they are wanted."""
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
            problem = f"{self.collection.title} names labels that no clip has: {', '.join(unknown)}."
            raise UserError(problem, "Correct [names].")
        return LabelSet(tuple(replace(one, name=names.get(one.id, one.name)) for one in labels))

    def _with_parents(self, labels: LabelSet) -> LabelSet:
        """In place of AudioSet's, those that the collection gives."""
        given = {self._id(word): self.ids(parents) for word, parents in self.collection.parents.items()}
        known = {label.id for label in labels}
        unknown = sorted({one for key, parents in given.items() for one in (key, *parents)} - known)
        if unknown:
            problem = f"{self.collection.title} has [parents] with labels that no clip has: {join_names(unknown)}."
            raise UserError(problem, "Correct [parents].")
        return LabelSet(tuple(replace(one, parents=given.get(one.id, one.parents)) for one in labels))


class Relations:
    """What a clip's labels say of other labels of a set."""

    def __init__(self, labels: LabelSet) -> None:
        self._ids = tuple(label.id for label in labels)
        self._index = {label.id: label.index for label in labels}
        self._tree = label_tree(labels)

    def all_unknown(self, row: ClipRow) -> ClipRow:
        """The row of a clip of nobody knows what."""
        return replace(row, labels=(), unknown=self._ids)

    def of(self, row: ClipRow, apart: frozenset[str]) -> ClipRow:
        """The row with all that its labels imply, and with what else stands above or below them among its `unknown`
        ones.

        apart: labels that exclude each other in the row's set: one of them is never unknown below another, and above
        another it is unknown instead of implied (there, snoring is not meant by breathing).
        """
        own = {self._index[one] for one in row.labels}
        shut = (
            {self._index[one] for one in apart if one in self._index} if apart.intersection(row.labels) else set[int]()
        )
        implied = {above for one in own for above in self._tree.implied[one]} - shut
        around = {near for one in own for near in self._tree.above[one] | (self._tree.below[one] - shut)}
        around |= {self._index[one] for one in row.unknown if one in self._index}
        return replace(
            row,
            labels=row.labels + tuple(self._ids[i] for i in sorted(implied - own)),
            unknown=tuple(self._ids[i] for i in sorted(around - own - implied)),
        )
