"""Names keep their capitals, and what looks the same to people is known to."""

from __future__ import annotations

import unicodedata

import numpy as np
import pytest

from core.labels import LabelSet, look_of


def test_names_keep_their_own_capitals() -> None:
    names = LabelSet.from_ids(["crying_baby", "DJ_scratch", "iPhone", "éclair"]).names
    assert names == ("Crying baby", "DJ scratch", "IPhone", "Éclair")


def test_ids_that_would_be_shown_alike_are_shown_as_they_are() -> None:
    assert LabelSet.from_ids(["Tone", "tone", "hum_low"]).names == ("Tone", "tone", "Hum low")


@pytest.mark.parametrize(
    "other", ["crying baby", "Crying_Baby", "crying__baby", " crying baby ", "CRYING\u00a0BABY", "crying_baby"]
)
def test_capitals_and_spaces_make_no_other_label(other: str) -> None:
    assert look_of(other) == look_of("crying_baby")


def test_the_form_of_accents_makes_no_other_label_and_accents_do() -> None:
    assert look_of(unicodedata.normalize("NFD", "Vögel")) == look_of(unicodedata.normalize("NFC", "vögel"))
    assert look_of("Vögel") != look_of("Vogel")
    assert look_of("class_1_11") != look_of("class_11_1"), "numbers stay apart"


def test_ranked_labels_come_by_falling_probability_and_those_left_out_do_not() -> None:
    labels = LabelSet.from_ids(["dog", "clock_tick", "rain"])
    probabilities = np.array([0.25, 0.5, 0.12345], np.float32)
    falling = [(label.id, p) for label, p in labels.ranked(probabilities, None)]
    assert falling == [("clock_tick", 0.5), ("dog", 0.25), ("rain", 0.1235)]
    assert [label.id for label, _ in labels.ranked(probabilities, 1)] == ["clock_tick"]
    left_out = np.array([False, True, False])
    assert [label.id for label, _ in labels.ranked(probabilities, 1, left_out)] == ["dog"]


def test_equally_probable_labels_keep_their_order() -> None:
    labels = LabelSet.from_ids(["dog", "clock_tick", "rain"])
    assert [label.id for label, _ in labels.ranked(np.full(3, 0.5, np.float32), None)] == ["dog", "clock_tick", "rain"]
