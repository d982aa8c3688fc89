"""Rows of 100 ms are written as windows, or in a table as onsets and offsets."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace

import numpy as np
import pytest

from core.cli.output.frame_output import EVENT_FORMATS, FRAME_FORMATS
from core.cli.output.window_output import FORMATS
from core.errors import UserError
from core.inference.edges.file_events import FileEvents
from core.inference.edges.finders import EVENT_FINDERS
from core.inference.results import FrameScores
from core.labels import Label, LabelSet

LABELS = LabelSet.from_ids(["dog", "rain"])


def scores(first_row: int, dog: list[float]) -> FrameScores:
    probabilities = np.stack([dog, np.full(len(dog), 0.01)], axis=1).astype(np.float32)
    return FrameScores(probabilities, (first_row + np.arange(len(dog)) + 0.5) / 10)


def test_every_format_has_frames_and_reports_errors(capsys: pytest.CaptureFixture[str]) -> None:
    assert FRAME_FORMATS.keys() == EVENT_FORMATS.keys() == FORMATS.keys()
    for make in (*FRAME_FORMATS.values(), *EVENT_FORMATS.values()):
        file = io.StringIO()
        writer = make(file, LabelSet.from_ids(["dog"]), 1)
        writer.frames("a.wav", FrameScores(np.full((3, 1), 0.9, np.float32), np.array([0.05, 0.15, 0.25])))
        writer.end("a.wav")
        writer.error("b.wav", UserError("It is broken.", "Fix it."))
        output = file.getvalue() + capsys.readouterr().err
        assert all(text in output for text in ("a.wav", "b.wav", "It is broken.", "Fix it."))


def test_a_row_is_a_window_at_its_place() -> None:
    file = io.StringIO()
    writer = FRAME_FORMATS["jsonl"](file, LABELS, 1)
    writer.frames("a.wav", scores(20, [0.1, 0.8]))
    writer.end("a.wav")
    rows = [json.loads(line) for line in file.getvalue().splitlines()]
    assert [(row["index"], row["start_s"], row["end_s"]) for row in rows] == [(20, 2.0, 2.1), (21, 2.1, 2.2)]
    assert rows[1]["scores"] == [{"label": "dog", "p": 0.8}]


@pytest.mark.parametrize(("peak", "n_lines"), [(0.9, 1), (0.05, 1)])
def test_a_table_has_events_or_says_that_there_are_none(peak: float, n_lines: int) -> None:
    file = io.StringIO()
    writer = FRAME_FORMATS["table"](file, LABELS, None)
    for source in ("a.wav", "b.wav"):  # the second one starts afresh
        writer.frames(source, scores(0, [0.05, peak, 0.05]))
        writer.end(source)
    lines = file.getvalue().splitlines()
    assert len(lines) == 2 * (1 + n_lines)
    assert lines[0::2] == ["a.wav", "b.wav"]
    assert ("dog  90%" in lines[1]) is (peak > 0.5)


def test_an_event_is_a_line_once_it_has_ended() -> None:
    file = io.StringIO()
    writer = EVENT_FORMATS["jsonl"](file, LABELS, 1, FileEvents(LABELS, edges="double-thresholds"))
    for source in ("a.wav", "b.wav"):
        writer.frames(source, replace(scores(0, [0.1, 0.9, 0.8, 0.1]), heard_s=5.0))
        writer.frames(source, replace(scores(4, [0.6, 0.7]), heard_s=0.6))
        writer.end(source)
    lines = [json.loads(line) for line in file.getvalue().splitlines()]
    ended = {"type": "event", "state": "ended", "label": "dog"}
    expected = [
        ended | {"id": 1, "onset_s": 0.1, "offset_s": 0.3, "peak_p": 0.9, "at_s": 5.0},
        ended | {"id": 2, "onset_s": 0.4, "offset_s": 0.6, "peak_p": 0.7, "at_s": 5.0},
    ]
    assert lines == [{**line, "source": source} for source in ("a.wav", "b.wav") for line in expected]


def test_events_are_rows_of_csv_with_names_where_ids_are_for_machines() -> None:
    file = io.StringIO()
    labels = LabelSet((Label(0, "/m/0bt9lr", "Dog"), Label(1, "/m/06mb1", "Rain")))
    writer = EVENT_FORMATS["csv"](file, labels, None, FileEvents(labels, edges="double-thresholds"))
    writer.frames("a.wav", scores(0, [0.1, 0.9, 0.1]))
    writer.end("a.wav")
    header, row = csv.reader(io.StringIO(file.getvalue()))
    assert header == ["source", "id", "label", "onset_s", "offset_s", "peak_p", "at_s", "name"]
    assert row == ["a.wav", "1", "/m/0bt9lr", "0.1", "0.2", "0.9", "0.3", "Dog"]


DOGS = LabelSet((Label(0, "animal", "Animal"), Label(1, "dog", "Dog", ("animal",))))


@pytest.mark.parametrize("name", EVENT_FORMATS)
@pytest.mark.parametrize(("with_parents", "expected"), [(False, ["dog"]), (True, ["animal", "dog"])])
def test_an_event_that_a_more_specific_one_covers_is_left_out_unless_asked_for(
    name: str, with_parents: bool, expected: list[str]
) -> None:
    file = io.StringIO()
    writer = EVENT_FORMATS[name](file, DOGS, None, FileEvents(DOGS, with_parents))
    for _ in range(2):  # the second source starts afresh
        rows = np.array([[0.1, 0.1], [0.9, 0.8], [0.9, 0.8], [0.1, 0.1]], np.float32)
        writer.frames("a.wav", FrameScores(rows, np.array([0.05, 0.15, 0.25, 0.35])))
        writer.end("a.wav")
    text = file.getvalue()
    assert [label for label in ("animal", "dog") if label in text] == expected
    assert text.count("dog") == 2


@pytest.mark.parametrize("edges", EVENT_FINDERS)
def test_each_source_begins_anew_however_edges_are_found(edges: str) -> None:
    file = io.StringIO()
    writer = EVENT_FORMATS["jsonl"](file, LABELS, None, FileEvents(LABELS, edges=edges))
    for source in ("a.wav", "b.wav"):
        writer.frames(source, scores(0, [0.0] * 10 + [0.75] * 10 + [0.0] * 10))
        writer.end(source)
    lines = [json.loads(line) for line in file.getvalue().splitlines()]

    assert [(line["source"], line["id"], line["onset_s"], line["offset_s"]) for line in lines] == [
        ("a.wav", 1, 1.0, 2.0),
        ("b.wav", 1, 1.0, 2.0),
    ]


@pytest.mark.parametrize("edges", EVENT_FINDERS)
def test_what_a_more_specific_event_covers_is_left_out_however_edges_are_found(edges: str) -> None:
    file = io.StringIO()
    writer = EVENT_FORMATS["jsonl"](file, DOGS, None, FileEvents(DOGS, edges=edges))
    rows = np.zeros((40, 2), np.float32)
    rows[10:20, 0], rows[10:24, 1] = 0.9, 0.8  # the animal ends before the dog
    writer.frames("a.wav", FrameScores(rows, (np.arange(40) + 0.5) / 10))
    writer.end("a.wav")

    assert [json.loads(line)["label"] for line in file.getvalue().splitlines()] == ["dog"]
