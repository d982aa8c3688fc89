"""The lines of `listen` become what was shown, and windows slide as the live view's did."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks.listening.senses import Ontology
from benchmarks.listening.shown import ShownTag
from benchmarks.listening.systems import heard_of_lines
from benchmarks.listening.yamnet import Yamnet
from core.errors import UserError
from core.labels import LabelSet

LABELS = LabelSet.from_ids(["dog", "cat"])
SENSES = ("Dog", "Cat")


def started(number: int, label: str, at_s: float) -> dict[str, Any]:
    return {"type": "event", "state": "started", "id": number, "label": label, "onset_s": at_s - 0.5, "at_s": at_s}


def ended(number: int, label: str, at_s: float) -> dict[str, Any]:
    return {"type": "event", "state": "ended", "id": number, "label": label, "onset_s": 0.0, "at_s": at_s}


def test_a_tag_is_shown_from_the_line_that_starts_it_to_the_line_that_ends_it() -> None:
    lines = [started(1, "cat", 2.5), started(2, "dog", 3.0), ended(2, "dog", 4.0), ended(1, "cat", 5.5)]
    heard = heard_of_lines([*lines, {"type": "summary"}], LABELS, SENSES, 10.0)

    assert heard.tags == [ShownTag("Cat", 2.5, 5.5), ShownTag("Dog", 3.0, 4.0)]


def test_labels_that_a_window_does_not_name_count_as_nothing() -> None:
    lines = [{"type": "window", "end_s": 1.5, "scores": [{"label": "cat", "p": 0.75}]}]
    scores = heard_of_lines(lines, LABELS, SENSES, 10.0).scores

    assert scores.probabilities.tolist() == [[0.0, 0.75]]
    assert scores.times_s.tolist() == [1.5]


def test_an_event_that_never_ends_is_a_fault() -> None:
    with pytest.raises(UserError):
        heard_of_lines([started(1, "cat", 2.5)], LABELS, SENSES, 10.0)


def test_without_its_runtime_yamnet_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "ai_edge_litert.interpreter", None)

    with pytest.raises(UserError) as raised:
        Yamnet(tmp_path, Ontology({}))
    assert "uv sync --group benchmarks" in raised.value.remedy


def test_rows_of_windows_are_in_order() -> None:
    lines = [{"type": "window", "end_s": end_s, "scores": [{"label": "dog", "p": 0.5}]} for end_s in (1.0, 1.25)]

    assert np.all(np.diff(heard_of_lines(lines, LABELS, SENSES, 2.0).scores.times_s) > 0)
