"""Labels are right by name, synonym and child, and no more."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks.listening.senses import AUDIOSET_NAMES, Ontology, background_senses, right_senses, senses_of
from core.labels import LabelSet

BELOW = {
    "Sounds of things": ("Alarm",),
    "Alarm": ("Siren",),
    "Siren": ("Police car (siren)",),
    "Police car (siren)": (),
    "Animal": ("Dog", "Fowl"),
    "Dog": ("Bark",),
    "Bark": (),
    "Fowl": ("Chicken, rooster",),
    "Chicken, rooster": ("Cluck", "Crowing, cock-a-doodle-doo"),
    "Cluck": (),
    "Crowing, cock-a-doodle-doo": (),
    "Silence": (),
    "Noise": ("White noise",),
    "White noise": (),
}


@pytest.fixture
def ontology() -> Ontology:
    return Ontology(BELOW)


def test_the_file_is_read_with_its_children(tmp_path: Path) -> None:
    path = tmp_path / "ontology.json"
    rows = [{"id": "/m/1", "name": "Animal", "child_ids": ["/m/2"]}, {"id": "/m/2", "name": "Dog", "child_ids": []}]
    path.write_text(json.dumps(rows), encoding="utf-8")
    ontology = Ontology.read(path)

    assert ontology.below("Animal") == {"Animal", "Dog"}
    assert ontology.above("Dog") == {"Animal"}


def test_a_child_is_right_and_a_parent_is_right_for_precision_alone(ontology: Ontology) -> None:
    right = right_senses(ontology, "dog")

    assert right.names == {"dog", "Dog", "Bark"}
    assert right.above == {"Animal"}


def test_a_hen_is_no_rooster_but_what_both_are_is_right_for_both(ontology: Ontology) -> None:
    hen, rooster = right_senses(ontology, "hen"), right_senses(ontology, "rooster")

    assert "Chicken, rooster" in hen.names & rooster.names
    assert "Cluck" not in rooster.names
    assert "Crowing, cock-a-doodle-doo" not in hen.names


def test_a_class_without_a_name_in_audioset_is_right_by_its_own(ontology: Ontology) -> None:
    assert right_senses(ontology, "can_opening").names == {"can_opening"}


def test_labels_mean_what_they_are_called_in_any_capitals(ontology: Ontology) -> None:
    labels = LabelSet.from_ids(["dog", "bark", "white noise", "Police car (siren)", "hen", "unheard_of"])

    assert senses_of(labels, ontology) == ("Dog", "Bark", "White noise", "Police car (siren)", "Cluck", "unheard_of")


def test_a_background_may_be_called_noise_and_what_stands_above_it(ontology: Ontology) -> None:
    senses = background_senses(ontology, ("White noise", "Silence"))

    assert senses == {"White noise", "Noise", "Silence"}


def test_every_class_has_its_own_first_name() -> None:
    first = [names[0] for names in AUDIOSET_NAMES.values() if names]

    assert len(AUDIOSET_NAMES) == 50
    assert len(first) == len(set(first))
