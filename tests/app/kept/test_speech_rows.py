"""Every row of a clip is checked for speech, not its top labels."""

from __future__ import annotations

import numpy as np
import pytest

from app.kept.speech_rows import SpeechRows, speech_labels
from core.inference.results import TagScores
from core.labels import Label, LabelSet

LABELS = LabelSet(
    (
        Label(0, "/m/human", "Human voice"),
        Label(1, "/m/09x0r", "Speech", ("/m/human",)),
        Label(2, "/m/child", "Child speech", ("/m/09x0r",)),
        Label(3, "/m/dog", "Dog"),
    )
)


def row(start: int, end: int, **heard: float) -> TagScores:
    values = np.zeros(4, np.float32)
    for name, value in heard.items():
        values[["human", "speech", "child", "dog"].index(name)] = value
    return TagScores(values, start, end)


@pytest.fixture
def rows() -> SpeechRows:
    made = SpeechRows()
    for start in range(0, 1000, 50):
        made.append(row(start, start + 50, dog=0.9, human=0.9), LABELS)
    return made


def test_speech_is_the_label_and_all_below_it() -> None:
    assert speech_labels(LABELS) == [1, 2]
    assert speech_labels(LabelSet.from_ids(["dog", "rain"])) == []
    assert speech_labels(LabelSet.from_ids(["dog", "speech"])) == [1]


def test_sound_without_speech_is_free_of_it(rows: SpeechRows) -> None:
    assert rows.is_free_of_speech(1.0, 4.0)
    assert rows.end_s == 10.0


@pytest.mark.parametrize("label", ["speech", "child"])
@pytest.mark.parametrize(("start_s", "stop_s", "is_free"), [(9.0, 11.0, False), (10.4, 10.6, False), (1.0, 9.9, True)])
def test_one_row_with_a_trace_of_it_is_enough(
    rows: SpeechRows, label: str, start_s: float, stop_s: float, is_free: bool
) -> None:
    rows.append(row(1000, 1050, dog=0.99, **{label: 0.1}), LABELS)
    rows.append(row(1050, 1100, dog=0.99), LABELS)
    assert rows.is_free_of_speech(start_s, stop_s) is is_free


def test_what_was_not_tagged_is_not_known_to_be_free(rows: SpeechRows) -> None:
    assert not rows.is_free_of_speech(9.0, 12.0), "the model has not heard the end"
    rows.append(row(1200, 1300), LABELS)
    assert not rows.is_free_of_speech(9.0, 12.5), "two seconds were skipped"
    assert rows.is_free_of_speech(12.1, 12.9)
    assert not SpeechRows().is_free_of_speech(0.0, 1.0)
