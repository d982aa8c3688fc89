"""The labels of a model, in the order of its outputs."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.bounds import MOST_LABELS, check_whole
from core.errors import UserError

MOST_LEVELS = 50
"""Labels above each other; AudioSet's ontology has seven."""


def readable(label_id: str) -> str:
    """A label's id as a name: underscores become spaces and the first letter a capital; other capitals stay."""
    words = label_id.replace("_", " ")
    return words[:1].upper() + words[1:]


def look_of(name: str) -> str:
    """A name reduced to what people tell labels apart by: names that differ only in capitals, in spaces and
    underscores, or in how accents are stored (NFC, NFD) give the same."""
    folded = unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())
    return " ".join(folded.replace("_", " ").split())


@dataclass(frozen=True, slots=True)
class Label:
    """One class: its output `index`, a stable `id`, the `name` people read, and the ids of its `parents`, the classes
    right above it. A parent that is no label of the set stands for a place outside all labels: see `LabelTree`."""

    index: int
    id: str
    name: str
    parents: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class LabelSet:
    """The labels of one model, `labels[i].index == i`; ids are unique."""

    labels: tuple[Label, ...]

    def __post_init__(self) -> None:
        if not self.labels:
            raise UserError("The label set is empty.", "Give at least one label.")
        if [label.index for label in self.labels] != list(range(len(self.labels))):
            raise UserError("The label set is out of order.", "List the labels by index, from 0, without gaps.")
        check_whole("The number of labels", len(self.labels), 1, MOST_LABELS)
        n_each = Counter(label.id for label in self.labels)
        twice = sorted(label_id for label_id, n in n_each.items() if n > 1)
        if twice:
            raise UserError(f"Label ids occur twice: {', '.join(twice[:5])}.", "Give every label a unique id.")
        if any(label.parents for label in self.labels):
            parents_first(self.labels)

    def joined_with(self, other: LabelSet) -> LabelSet:
        """These labels, and behind them those of `other` whose ids are not among them."""
        mine = {label.id for label in self.labels}
        new = [label for label in other.labels if label.id not in mine]
        return LabelSet((*self.labels, *(replace(label, index=len(self.labels) + i) for i, label in enumerate(new))))

    @classmethod
    def from_ids(cls, ids: Sequence[str]) -> LabelSet:
        """Labels known by id alone: `crying_baby` is shown as `Crying baby`, `DJ_scratch` as `DJ scratch`. Ids that
        would give the same name are shown as they are."""
        names = [readable(label_id) for label_id in ids]
        n_alike = Counter(names)
        return cls(
            tuple(
                Label(i, label_id, name if n_alike[name] == 1 else label_id)
                for i, (label_id, name) in enumerate(zip(ids, names, strict=True))
            )
        )

    @classmethod
    def from_dicts(cls, rows: Sequence[dict[str, Any]]) -> LabelSet:
        """The inverse of `to_dicts`."""
        return cls(
            tuple(
                Label(i, str(row["id"]), str(row["name"]), tuple(str(parent) for parent in row.get("parents", ())))
                for i, row in enumerate(rows)
            )
        )

    def to_dicts(self) -> list[dict[str, Any]]:
        """One JSON object per label, in order."""
        return [{"id": label.id, "name": label.name, "parents": list(label.parents)} for label in self.labels]

    def keep(self, indices: Sequence[int]) -> LabelSet:
        """The labels at `indices`, in that order. What stood below a label that is gone stands below its parents."""
        gone = {label.id: label for label in self.labels} if len(set(indices)) < len(self.labels) else {}
        for index in indices:
            gone.pop(self.labels[index].id, None)
        kept = [(self.labels[i], _without(self.labels[i].parents, gone)) for i in indices]
        return LabelSet(tuple(Label(i, label.id, label.name, parents) for i, (label, parents) in enumerate(kept)))

    @property
    def names(self) -> tuple[str, ...]:
        """The names people read, in output order."""
        return tuple(label.name for label in self.labels)

    def __len__(self) -> int:
        return len(self.labels)

    def __iter__(self) -> Iterator[Label]:
        return iter(self.labels)

    def __getitem__(self, index: int) -> Label:
        return self.labels[index]

    @property
    def has_cryptic_ids(self) -> bool:
        """Whether the ids mean nothing to people, as AudioSet's `/m/09x0r`."""
        return any("/" in label.id for label in self.labels)

    def ranked(
        self, probabilities: NDArray[np.float32], top_k: int | None, left_out: NDArray[np.bool_] | None = None
    ) -> list[tuple[Label, float]]:
        """Rank labels by probability `(labels,)`, shown with 4 decimals, the highest first; all of them when `top_k` is
        None, but those that are `left_out`, `(labels,)`."""
        order = np.argsort(-probabilities, kind="stable")
        order = (order if left_out is None else order[~left_out[order]])[:top_k]
        return [(self.labels[int(i)], round(float(probabilities[i]), 4)) for i in order]

    def in_words(self, label: Label) -> str:
        """What a terminal's table shows: the id, as the other output formats do, unless ids are cryptic."""
        return label.name if self.has_cryptic_ids else label.id


def parents_first(labels: Sequence[Label]) -> tuple[Label, ...]:
    """The same labels, each after those of its parents that are among them. Raises UserError for labels that stand
    below themselves, and for more than `MOST_LEVELS` above each other."""
    by_id = {label.id: label for label in labels}
    waiting = {label.id: sum(parent in by_id for parent in set(label.parents)) for label in labels}
    below: dict[str, list[Label]] = {label.id: [] for label in labels}
    for label in labels:
        for parent in set(label.parents) & by_id.keys():
            below[parent].append(label)
    ready, ordered = [label for label in labels if not waiting[label.id]], list[Label]()
    for _ in range(MOST_LEVELS):
        ordered += ready
        ready = [child for label in ready for child in below[label.id] if _counts_down(waiting, child.id)]
    if len(ordered) < len(labels):
        done = {label.id for label in ordered}
        stuck = next(label.id for label in labels if label.id not in done)
        problem = f"The label {stuck} stands below itself, or below more than {MOST_LEVELS} others."
        raise UserError(problem, "Correct the parents of the labels.")
    return tuple(ordered)


def _counts_down(waiting: dict[str, int], label_id: str) -> bool:
    """Whether the last parent that a label waited for has come."""
    waiting[label_id] -= 1
    return waiting[label_id] == 0


def _without(parents: Sequence[str], gone: dict[str, Label]) -> tuple[str, ...]:
    """Parents in which those that are gone are replaced by what stood above them. One with nothing above it stays: its
    place is still outside all labels."""
    found = dict[str, None]()
    for parent in parents:
        above = gone[parent].parents if parent in gone else ()
        found |= dict.fromkeys(_without(above, gone) if above else (parent,))
    return tuple(found)
