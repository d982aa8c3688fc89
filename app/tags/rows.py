"""The rows of the list of tags, and which classes get one: what is heard, pinned classes, candidates, or what was
searched for."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

from app.style import formatting

Heard = Mapping[int, float | None]
"""The labels that are heard, with the seconds that each has lasted; None where that is not known."""
MOST_HEARD, MOST_CANDIDATES = 5, 5
LOWEST_PERCENT, LOWEST_SHARE = 2.0, 0.25
"""A candidate below this, or below this share of its threshold, is not shown: it is not likely to be there."""


class RowKind(Enum):
    """Why a class is in the list."""

    HEARD = 1
    """It is heard, and written in large type."""
    PINNED = 2
    """The user pinned it."""
    CANDIDATE = 3
    """It may be heard: the highest of those below their thresholds."""
    FOUND = 4
    """Its name was searched for."""


@dataclass(slots=True)
class TagRow:
    """One class in the list."""

    label: int
    """The output index of the model."""
    name: str
    """The name on screen."""
    threshold: float
    """From this probability on the class counts as detected."""
    kind: RowKind
    """Why it is in the list."""
    is_pinned: bool
    """The user pinned it."""
    is_muted: bool = False
    """The user does not want to hear of it."""
    probability: float = 0.0
    """The newest probability, 0 to 1."""
    bar: float = 0.0
    """The length of the bar, which glides towards `probability`."""
    text: str = ""
    """The probability as displayed."""
    since: str = ""
    """How long it has been heard, as displayed; empty where that is not known."""
    is_detected: bool = False
    """It counts as heard."""
    caption: str = ""
    """Words above the row, where a group of rows begins."""


@dataclass(frozen=True, slots=True)
class Choice:
    """What the rows are chosen from. All are indices of labels, or by them."""

    percents: Sequence[float]
    """Each label's probability as displayed, `(labels,)`."""
    thresholds: Sequence[float]
    """From which percentage on each label counts as detected, `(labels,)`."""
    heard: Mapping[int, float | None]
    """The labels that are heard, with the seconds that each has lasted; None where that is not known."""
    pinned: Sequence[int]
    """Pinned labels, in their order."""
    left_out: Collection[int]
    """Labels that more specific ones imply."""
    shown: Sequence[int]
    """The labels listed now, from the top: equal ones keep their order."""


def rows_for(choice: Choice) -> list[tuple[int, RowKind]]:
    """The labels to list, from the top.

    First what is heard, the newest first, at most MOST_HEARD; then pinned labels, and what is heard beyond those; then
    the candidates, by falling probability.
    """
    order = by_percent(choice)
    sure = [label for label in order if label in choice.heard and label not in choice.left_out]
    heard = sorted(sure[:MOST_HEARD], key=lambda label: _age(choice, label))
    pinned = [label for label in choice.pinned if label not in heard]
    rest = [label for label in order if label not in {*heard, *pinned, *choice.left_out}]
    likely = [label for label in rest if _is_likely(choice, label)]
    return [
        *((label, RowKind.HEARD) for label in heard),
        *((label, RowKind.PINNED) for label in pinned),
        *((label, RowKind.CANDIDATE) for label in likely[:MOST_CANDIDATES]),
    ]


def in_place_of_heard(rows: Sequence[TagRow], *, is_loud: bool) -> tuple[str, str]:
    """What is written in large type where nothing is heard, and its tool tip."""
    if is_unsure(rows):
        return "Not sure", "Something is heard, but none of the classes below is sure enough."
    if is_loud:
        return "Unknown", "There is sound, but it is none of the classes that the model knows, or of those not muted."
    return "Quiet", "No class of the model is heard."


def is_unsure(rows: Sequence[TagRow]) -> bool:
    """Nothing is heard, but some class may be: it is not quiet."""
    kinds = {row.kind for row in rows}
    return RowKind.HEARD not in kinds and any(row.probability >= LOWEST_SHARE * row.threshold for row in rows)


def _is_likely(choice: Choice, label: int) -> bool:
    return choice.percents[label] >= max(LOWEST_PERCENT, LOWEST_SHARE * choice.thresholds[label])


def by_percent(choice: Choice) -> list[int]:
    """All labels: those that are heard, then the others, each by falling probability as displayed, so that changes too
    small to see do not reorder the list."""
    place = {label: row for row, label in enumerate(choice.shown)}
    n_labels = len(choice.percents)
    return sorted(
        range(n_labels),
        key=lambda label: (
            label not in choice.heard,
            -choice.percents[label],
            place.get(label, n_labels + label),
        ),
    )


def _age(choice: Choice, label: int) -> tuple[float, int]:
    """How long it has lasted, and its place now, which those that began together keep; where no time is known, all are
    equal."""
    lasted_s = choice.heard[label]
    if lasted_s is None:
        return 0.0, 0
    shown = list(choice.shown)
    return round(lasted_s, 2), shown.index(label) if label in shown else len(choice.percents)


def heard_in_words(heard: Heard | None) -> dict[int, str] | None:
    """What is heard, with the times as displayed."""
    if heard is None:
        return None
    return {label: "" if lasted_s is None else formatting.lasting(lasted_s) for label, lasted_s in heard.items()}
