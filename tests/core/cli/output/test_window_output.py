"""The three formats write the same numbers, as the contract spells them."""

from __future__ import annotations

import csv
import io
import json

import numpy as np
import pytest

from core.cli.output.window_output import FORMATS, TaggedWindow, implied_labels
from core.errors import UserError
from core.inference.results import TagScores
from core.labels import Label, LabelSet

LABELS = LabelSet.from_ids(["dog", "clock_tick", "rain"])
SCORES = TagScores(np.array([0.25, 0.5, 0.12345], np.float32), 500, 1524, tokens_in=514, tokens_out=514)


def written(name: str, top_k: int | None = 2, latency_ms: float | None = None, labels: LabelSet = LABELS) -> str:
    file = io.StringIO()
    FORMATS[name](file, labels, top_k).window(TaggedWindow("a.wav", 1, SCORES, latency_ms))
    return file.getvalue()


def test_a_json_line_is_the_contract_to_the_letter() -> None:
    assert json.loads(written("jsonl")) == {
        "type": "window",
        "source": "a.wav",
        "index": 1,
        "start_s": 5.0,
        "end_s": 15.24,
        "scores": [{"label": "clock_tick", "p": 0.5}, {"label": "dog", "p": 0.25}],
    }


def test_live_lines_carry_their_latency() -> None:
    assert json.loads(written("jsonl", latency_ms=123.456))["latency_ms"] == 123.5


def test_csv_has_one_row_a_label() -> None:
    rows = list(csv.DictReader(io.StringIO(written("csv"))))
    assert [row["label"] for row in rows] == ["clock_tick", "dog"]
    assert rows[0] == {
        "source": "a.wav", "index": "1", "start_s": "5.0", "end_s": "15.24", "label": "clock_tick", "p": "0.5",
    }  # fmt: skip


def test_names_are_written_where_ids_are_for_machines() -> None:
    """AudioSet's ids are for machines."""
    named = ("/m/0bt9lr", "Dog"), ("/m/07qjznl", "Tick-tock"), ("/m/06mb1", "Rain")
    labels = LabelSet(tuple(Label(i, *names) for i, names in enumerate(named)))
    assert json.loads(written("jsonl", 1, labels=labels))["scores"] == [
        {"label": "/m/07qjznl", "p": 0.5, "name": "Tick-tock"}
    ]
    assert next(csv.DictReader(io.StringIO(written("csv", labels=labels))))["name"] == "Tick-tock"
    assert "Tick-tock  50%" in written("table", labels=labels)


def test_a_table_names_its_source_once() -> None:
    file = io.StringIO()
    table = FORMATS["table"](file, LABELS, 1)
    for index in range(2):
        table.window(TaggedWindow("a.wav", index, SCORES))
    lines = file.getvalue().splitlines()
    assert lines[0] == "a.wav"
    assert len(lines) == 3
    assert "clock_tick  50%" in lines[1]


@pytest.mark.parametrize("name", list(FORMATS))
def test_every_format_reports_an_error_and_ends(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    file = io.StringIO()
    writer = FORMATS[name](file, LABELS, None)
    writer.error("b.wav", UserError("It is empty.", "Record it again."))
    writer.summary({"windows": 3, "skipped_windows": 1, "dropped_blocks": 0, "real_time_factor": 4.25})
    said = file.getvalue() + capsys.readouterr().err
    assert "It is empty." in said
    assert "Record it again." in said
    if name == "jsonl":
        error, summary = map(json.loads, file.getvalue().splitlines())
        assert error == {
            "type": "error", "source": "b.wav", "problem": "It is empty.", "remedy": "Record it again.",
        }  # fmt: skip
        assert summary == {
            "type": "summary", "windows": 3, "skipped_windows": 1, "dropped_blocks": 0, "real_time_factor": 4.25,
        }  # fmt: skip


ACTIVE = "\x1b]0;owned\x07\x9b31m\x7f\u202e"
"""Sets a terminal's title and colour, and reverses the text around it."""


def test_rows_for_a_terminal_are_escaped_and_those_for_a_file_are_not() -> None:
    def rows(file: io.StringIO) -> str:
        scores = TagScores(np.array([0.5], np.float32), 0, 100)
        FORMATS["csv"](file, LabelSet.from_ids(["dog"]), 1).window(TaggedWindow(f"b{ACTIVE}c", 0, scores))
        return file.getvalue()

    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    assert f"b{ACTIVE}c" in rows(io.StringIO())
    assert ACTIVE not in rows(Terminal())


def test_a_table_leaves_out_what_a_more_specific_label_implies() -> None:
    labels = LabelSet((Label(0, "animal", "Animal"), Label(1, "dog", "Dog", ("animal",)), Label(2, "car", "Car")))
    thresholds = np.full(3, 0.5, np.float32)

    def words(dog: float, implies: bool = True) -> str:
        scores = TagScores(np.array([0.9, dog, 0.1], np.float32), 0, 1024)
        implied = implied_labels(scores, labels, thresholds) if implies else None
        file = io.StringIO()
        FORMATS["table"](file, labels, 2).window(TaggedWindow("a.wav", 0, scores, implied=implied))
        return file.getvalue().splitlines()[1].split(" s   ")[1]

    assert words(dog=0.8) == "dog  80%  car  10%"
    assert words(dog=0.4) == "animal  90%  dog  40%", "not sure of the dog"
    assert words(dog=0.8, implies=False) == "animal  90%  dog  80%"


def test_lines_for_machines_have_every_label() -> None:
    labels = LabelSet((Label(0, "animal", "Animal"), Label(1, "dog", "Dog", ("animal",))))
    scores = TagScores(np.array([0.9, 0.8], np.float32), 0, 1024)
    implied = implied_labels(scores, labels, np.full(2, 0.5, np.float32))
    assert implied is not None
    assert implied.tolist() == [True, False]
    for name in ("jsonl", "csv"):
        file = io.StringIO()
        FORMATS[name](file, labels, 2).window(TaggedWindow("a.wav", 0, scores, implied=implied))
        assert "animal" in file.getvalue()
    assert implied_labels(scores, LabelSet.from_ids(["a", "b"]), np.full(2, 0.5, np.float32)) is None
