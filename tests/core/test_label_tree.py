"""What a label implies, what stands around it, and which of the active labels are shown."""

from __future__ import annotations

import numpy as np
import pytest

from core.errors import UserError
from core.label_tree import label_tree
from core.labels import MOST_LEVELS, Label, LabelSet
from core.model.checkpoints.known_data_sets import audioset_labels

PARENTS = {
    "animal": (),
    "pet": ("animal",),
    "dog": ("pet",),
    "wild": ("animal",),
    "fox": ("wild",),
    "bark": ("dog",),
    "growl": ("dog", "fox"),
    "whoosh": ("arrow", "a place outside"),
    "arrow": (),
}


def labels_of(parents: dict[str, tuple[str, ...]]) -> LabelSet:
    return LabelSet(tuple(Label(i, name, name, above) for i, (name, above) in enumerate(parents.items())))


LABELS = labels_of(PARENTS)
IDS = tuple(PARENTS)


def named(indices: frozenset[int]) -> set[str]:
    return {IDS[index] for index in indices}


def shown(*active: str) -> set[str]:
    mask = np.array([name in active for name in IDS])
    return {IDS[index] for index in np.flatnonzero(label_tree(LABELS).most_specific(mask))}


def test_a_label_implies_what_stands_above_it_on_every_way_up() -> None:
    implied = {name: named(label_tree(LABELS).implied[LABELS[IDS.index(name)].index]) for name in IDS}
    assert implied["bark"] == {"dog", "pet", "animal"}
    assert implied["growl"] == {"animal"}, "dog or fox, but an animal"
    assert implied["whoosh"] == set(), "an arrow's, or none of the labels'"
    assert implied["animal"] == set()


def test_above_and_below_are_all_ways() -> None:
    tree = label_tree(LABELS)
    assert named(tree.above[IDS.index("growl")]) == {"dog", "pet", "fox", "wild", "animal"}
    assert named(tree.below[IDS.index("dog")]) == {"bark", "growl"}
    for label in LABELS:
        assert tree.implied[label.index] <= tree.above[label.index]
        assert all(label.index in tree.below[above] for above in tree.above[label.index])


@pytest.mark.parametrize(
    ("active", "expected"),
    [
        ({"animal", "pet", "dog"}, {"dog"}),
        ({"animal", "pet", "dog", "bark"}, {"bark"}),
        ({"animal", "pet"}, {"pet"}),
        ({"animal", "dog", "fox"}, {"dog", "fox"}),
        ({"growl", "dog", "animal"}, {"growl", "dog"}),
        ({"whoosh", "arrow"}, {"whoosh", "arrow"}),
        (set[str](), set[str]()),
    ],
)
def test_the_most_specific_is_shown_and_nothing_that_it_implies(active: set[str], expected: set[str]) -> None:
    assert shown(*active) == expected


def test_without_parents_all_active_labels_are_shown() -> None:
    flat = LabelSet.from_ids(["dog", "animal"])
    assert label_tree(flat).most_specific(np.array([True, True])).all()


def test_of_any_active_labels_each_is_shown_or_implied_by_one_that_is() -> None:
    labels, rng = audioset_labels(), np.random.default_rng(3)
    tree = label_tree(labels)
    for _ in range(50):
        active = rng.random(len(labels)) < 0.1
        kept = np.flatnonzero(tree.most_specific(active)).tolist()
        covered = {above for label in kept for above in tree.implied[label]}
        assert set(np.flatnonzero(active).tolist()) <= {*kept, *covered}
        assert not covered & set(kept)


def test_circles_and_endless_chains_are_refused() -> None:
    with pytest.raises(UserError, match=r"stands below itself"):
        labels_of({"egg": ("hen",), "hen": ("egg",)})
    with pytest.raises(UserError, match=r"stands below itself"):
        labels_of({"egg": ("egg",)})
    chain = {str(i): (str(i - 1),) if i else () for i in range(MOST_LEVELS + 1)}
    with pytest.raises(UserError, match=r"more than 50 others"):
        labels_of(chain)
    chain.pop(str(MOST_LEVELS))
    assert len(label_tree(labels_of(chain)).implied[MOST_LEVELS - 1]) == MOST_LEVELS - 1


def test_labels_below_one_that_is_dropped_stand_below_its_parents() -> None:
    kept = LABELS.keep([IDS.index(name) for name in ("bark", "animal", "growl", "whoosh")])
    assert [(label.index, label.id, label.parents) for label in kept] == [
        (0, "bark", ("animal",)),
        (1, "animal", ()),
        (2, "growl", ("animal",)),
        (3, "whoosh", ("arrow", "a place outside")),
    ]
    tree = label_tree(kept)
    assert tree.implied == (frozenset({1}), frozenset(), frozenset({1}), frozenset())


def test_what_a_kept_label_implies_is_what_it_implied_before() -> None:
    labels, rng = audioset_labels(), np.random.default_rng(4)
    before = label_tree(labels)
    chosen = np.flatnonzero(rng.random(len(labels)) < 0.4).tolist()
    after = label_tree(labels.keep(chosen))
    for place, index in enumerate(chosen):
        assert {chosen[ancestor] for ancestor in after.implied[place]} == before.implied[index] & set(chosen)
        assert {chosen[ancestor] for ancestor in after.above[place]} == before.above[index] & set(chosen)


def test_parents_survive_being_written() -> None:
    assert LabelSet.from_dicts(LABELS.to_dicts()) == LABELS
    plain = [{"id": "a", "name": "A"}]
    assert LabelSet.from_dicts(plain)[0].parents == (), "written before labels had parents"
