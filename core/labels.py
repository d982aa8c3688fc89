"""What a model can say: its labels, in the order of its outputs. Knows no model."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from core.bounds import MOST_LABELS, check_whole
from core.errors import UserError


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
        """Labels known by id alone: `crying_baby` is shown as `Crying baby`."""
        return cls(tuple(Label(i, one, one.replace("_", " ").capitalize()) for i, one in enumerate(ids)))

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
