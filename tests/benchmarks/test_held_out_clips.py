"""What counts as right: the label itself or one below it, names above it aside."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from benchmarks.held_out_clips import right_among, right_of_all, share
from core.labels import Label, LabelSet

LABELS = LabelSet(
    (
        Label(0, "animal", "Animal"),
        Label(1, "dog", "Dog", ("animal",)),
        Label(2, "bark", "Bark", ("dog",)),
        Label(3, "rain", "Rain"),
    )
)
TAGGER: Any = SimpleNamespace(labels=LABELS)


@pytest.mark.parametrize(
    ("scores", "is_right"),
    [
        ([0.9, 0.5, 0.1, 0.2], True),
        ([0.9, 0.1, 0.5, 0.2], True),
        ([0.1, 0.5, 0.1, 0.6], False),
        ([0.9, 0, 0, 0.1], False),
    ],
)
def test_of_all_labels_the_clip_s_own_or_one_below_it_is_right(scores: list[float], is_right: bool) -> None:
    assert right_of_all(TAGGER, np.array(scores, np.float32), "dog") is is_right


def test_a_label_that_the_model_lacks_is_never_right() -> None:
    scores = np.array([0.1, 0.9, 0.1, 0.1], np.float32)
    assert not right_of_all(TAGGER, scores, "owl")
    assert not right_among(TAGGER, scores, "owl", ["owl", "rain"])
    assert right_among(TAGGER, scores, "dog", ["dog", "owl", "rain"])
    assert not right_among(TAGGER, scores, "rain", ["dog", "rain"])


def test_shares_are_told_with_their_number() -> None:
    assert share([True, True, False, True]) == "75.0 % of 4"
