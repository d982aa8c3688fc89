"""Whether parents are shown: chosen once, kept in the settings, and what is left out otherwise."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from pytestqt.qtbot import QtBot

from app.runtime.settings import UserSettings
from app.tags.parents import ShownParents
from core.labels import Label, LabelSet

LABELS = LabelSet((Label(0, "animal", "Animal"), Label(1, "dog", "Dog", ("animal",)), Label(2, "car", "Car")))


def test_the_choice_is_saved_and_told_once(parents: ShownParents, settings_path: Path, qtbot: QtBot) -> None:
    assert not parents.is_on
    with qtbot.waitSignal(parents.changed):
        parents.choose(True)
    assert ShownParents(UserSettings(settings_path)).is_on
    with qtbot.assertNotEmitted(parents.changed):
        parents.choose(True)


def test_detected_classes_that_another_one_implies_are_left_out_unless_chosen(parents: ShownParents) -> None:
    both, animal = np.array([True, True, True]), np.array([True, False, False])
    assert parents.left_out(LABELS, both).tolist() == [True, False, False]
    dog_alone = both & ~animal
    assert not parents.left_out(LABELS, dog_alone).any()
    assert parents.implied(LABELS, dog_alone).tolist() == [True, False, False]
    assert not parents.left_out(LABELS, animal).any()
    parents.choose(True)
    assert not parents.left_out(LABELS, both).any()
