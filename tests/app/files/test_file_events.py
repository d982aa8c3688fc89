"""A file's events follow from its scores, and pass through exports and files of labels."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from app.files.file_events import events_from_labels, events_of, spans_of
from app.spectrogram.history.model_scores import ModelScores
from app.spectrogram.history.score_history import ScoreHistory
from core.event_files.main import read_labels, write_events
from core.event_files.models import LabelledSpan
from tests.app.app_fakes import NAMES, FakeTagger, scores


def _model(*heard: tuple[int, int, dict[int, float]]) -> ModelScores:
    history = ScoreHistory(len(NAMES), is_live=False)
    for start, end, given in heard:
        history.append(scores(start, end, given))
    return ModelScores("Starter", FakeTagger().labels, np.full(len(NAMES), 0.5, np.float32), history)


def test_windows_that_touch_are_one_event_and_others_are_apart() -> None:
    model = _model((0, 500, {0: 0.9}), (500, 1000, {0: 0.7, 3: 0.6}), (1000, 1500, {}), (1500, 2000, {0: 0.5}))
    found = [(event.name, event.onset_s, event.offset_s, round(event.peak, 2)) for event in events_of(model)]
    assert found == [("Dog", 0.0, 10.0, 0.9), ("Cat", 5.0, 10.0, 0.6), ("Dog", 15.0, 20.0, 0.5)]


def test_a_gap_ends_an_event() -> None:
    model = _model((0, 500, {0: 0.9}), (3000, 3500, {0: 0.9}))
    assert [(event.onset_s, event.offset_s) for event in events_of(model)] == [(0.0, 5.0), (30.0, 35.0)]


def test_nothing_was_heard_without_scores() -> None:
    assert events_of(_model()) == []


def test_what_is_exported_can_be_shown_as_labels(tmp_path: Path) -> None:
    events = events_of(_model((0, 500, {0: 0.9}), (500, 1000, {3: 0.6})))
    path = tmp_path / "a.csv"
    assert write_events("csv", spans_of(Path("/sounds/a.wav"), events), path) == 2
    found = events_from_labels(path.name, read_labels(path).spans)
    assert [(event.name, event.onset_s, event.offset_s) for event in found] == [("Dog", 0.0, 5.0), ("Cat", 5.0, 10.0)]
    assert {event.model for event in found} == {"a.csv"}


def test_the_frequencies_of_a_label_are_those_of_its_box() -> None:
    [event] = events_from_labels("x.txt", [LabelledSpan("Wren", 1.0, 2.0, low_hz=2000.0, high_hz=6000.0)])
    assert (event.low_hz, event.high_hz) == (2000.0, 6000.0)
