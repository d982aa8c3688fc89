"""Events that a more specific one makes superfluous are left out: at their start while listening, by half in files."""

from __future__ import annotations

import numpy as np
import pytest

from core.inference.events import EventTracker, rules_for_rows
from core.inference.results import EventChange
from core.inference.specific_events import SpecificEvents
from core.labels import Label, LabelSet

ANIMAL, DOG, CAR = range(3)
LABELS = LabelSet((Label(ANIMAL, "animal", "Animal"), Label(DOG, "dog", "Dog", ("animal",)), Label(CAR, "car", "Car")))


def row_changes(*curves: str) -> list[list[EventChange]]:
    """What rows of 100 ms change, row by row; a curve of a label is a text with an x where it sounds."""
    tracker = EventTracker(rules_for_rows(len(curves)))
    rows = np.array([[0.9 if sign == "x" else 0.0 for sign in curve] for curve in curves], np.float32).T
    changes = [tracker.push_row(row, round(i / 10, 3), round((i + 1) / 10, 3)) for i, row in enumerate(rows)]
    return [*changes, tracker.finish()]


def started(*curves: str) -> list[tuple[int, str]]:
    events = SpecificEvents(LABELS)
    return [
        (change.label, "starts" if change.offset_s is None else "ends")
        for changes in row_changes(*curves)
        for change in events.started(changes)
    ]


def ended(*curves: str) -> list[int]:
    events = SpecificEvents(LABELS)
    return [change.label for changes in row_changes(*curves) for change in events.ended(changes)]


def both(label: int) -> list[tuple[int, str]]:
    return [(label, "starts"), (label, "ends")]


@pytest.mark.parametrize(
    ("animal", "dog", "expected"),
    [
        ("..xxxx..", "..xxxx..", both(DOG)),
        ("..xxxxx.", ".xxxx...", both(DOG)),
        (".xxxxxx.", "........", both(ANIMAL)),
        (".xxxxxx.", "...xx...", [(ANIMAL, "starts"), (DOG, "starts"), (DOG, "ends"), (ANIMAL, "ends")]),
        ("xx...xx.", "xx......", [*both(DOG), *both(ANIMAL)]),
    ],
)
def test_while_listening_the_start_decides(animal: str, dog: str, expected: list[tuple[int, str]]) -> None:
    assert started(animal, dog, "........") == expected


@pytest.mark.parametrize(
    ("animal", "dog", "expected"),
    [
        ("..xxxx..", "..xxxx..", [DOG]),
        (".xxxxxx.", "...xxxx.", [DOG]),
        (".xxxxxx.", "....xx..", [DOG, ANIMAL]),
        (".xxxxxx.", "xxx..xxx", [DOG, DOG]),
        ("...xxx..", "xx......", [DOG, ANIMAL]),
        (".xxxx...", "........", [ANIMAL]),
        ("..xx....", "xxxxxxxx", [DOG]),
    ],
)
def test_in_a_file_an_event_is_left_out_if_half_of_it_is_covered(animal: str, dog: str, expected: list[int]) -> None:
    assert sorted(ended(animal, dog, "........")) == sorted(expected)


def test_labels_that_are_not_related_do_not_cover_each_other() -> None:
    assert ended("........", ".xxxx...", ".xxxx...") == [DOG, CAR]
    assert len(started("........", ".xxxx...", ".xxxx...")) == 4


def test_what_has_begun_also_ends_and_with_the_same_number() -> None:
    rng = np.random.default_rng(2)
    curves = ["".join(rng.choice(list(".x"), 300)) for _ in LABELS]
    events = SpecificEvents(LABELS)
    shown = [change for changes in row_changes(*curves) for change in events.started(changes)]
    begun = [change.id for change in shown if change.offset_s is None]
    over = [change.id for change in shown if change.offset_s is not None]
    assert len(set(begun)) == len(begun) > 20
    assert sorted(begun) == sorted(over)


def test_without_parents_every_event_is_there() -> None:
    flat = SpecificEvents(LabelSet.from_ids(["animal", "dog", "car"]))
    everything = row_changes(".xxxx...", ".xxxx...", "x.x.x.x.")
    assert [flat.started(changes) for changes in everything] == everything
