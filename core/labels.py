"""What a model can say: its labels, in the order of its outputs. Knows no model."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from core.bounds import MOST_LABELS, check_whole
from core.errors import UserError


def readable(label_id: str) -> str:
    """A name for people: underscores become spaces, the first letter a capital, and all other capitals stay."""
    words = label_id.replace("_", " ")
    return words[:1].upper() + words[1:]


def look_of(name: str) -> str:
    """What people tell labels apart by: the same for names that differ in capitals, in spaces and underscores, or in
    how their accents are stored (NFC, NFD), and in nothing else."""
    folded = unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())
    return " ".join(folded.replace("_", " ").split())


@dataclass(frozen=True, slots=True)
class Label:
    """One class: its output `index`, a stable `id`, the `name` people read, and the ids of its `parents`."""

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
            raise UserError("The label set is out of order.", "List the labels by index, from 0, without holes.")
        check_whole("The number of labels", len(self.labels), 1, MOST_LABELS)
        n_each = Counter(label.id for label in self.labels)
        twice = sorted(one for one, n in n_each.items() if n > 1)
        if twice:
            raise UserError(f"Label ids occur twice: {', '.join(twice[:5])}.", "Give every label an id of its own.")

    @classmethod
    def from_ids(cls, ids: Sequence[str]) -> LabelSet:
        """Labels known by id alone: `crying_baby` is shown as `Crying baby`, `DJ_scratch` as `DJ scratch`. Ids that
        would be shown alike are shown as they are."""
        names = [readable(one) for one in ids]
        n_alike = Counter(names)
        return cls(
            tuple(
                Label(i, one, name if n_alike[name] == 1 else one)
                for i, (one, name) in enumerate(zip(ids, names, strict=True))
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
        """One JSON object a label, in order."""
        return [{"id": one.id, "name": one.name, "parents": list(one.parents)} for one in self.labels]

    @property
    def names(self) -> tuple[str, ...]:
        """The names people read, in output order."""
        return tuple(one.name for one in self.labels)

    def __len__(self) -> int:
        return len(self.labels)

    def __iter__(self) -> Iterator[Label]:
        return iter(self.labels)

    def __getitem__(self, index: int) -> Label:
        return self.labels[index]

    @property
    def has_cryptic_ids(self) -> bool:
        """Whether the ids are for machines alone, as AudioSet's `/m/09x0r`."""
        return any("/" in one.id for one in self.labels)

    def in_words(self, label: Label) -> str:
        """What a terminal's table shows: the id, which other formats have too, unless it is for machines."""
        return label.name if self.has_cryptic_ids else label.id
