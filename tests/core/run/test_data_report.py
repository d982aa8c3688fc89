"""The report on the data crosses from `check` to the window as it was written."""

from __future__ import annotations

from dataclasses import replace

import pytest

from core.errors import UserError
from core.run.data_report import ClassContent, DataReport, Finding

NOTE = Finding("tiny_class", "note", "owl has 10 clips.", "More would help.")
WARNING = Finding("silent", "warning", "A clip is silent.", "Remove it.", ("owl/a.wav", "owl/\udcff.wav"))
ERROR = Finding("empty_class", "error", "wren is empty.", "Fill it.")
REPORT = DataReport(
    name="birds",
    layout="class folders",
    n_clips=30,
    minutes=2.5,
    classes=(ClassContent("wren", 20, 1.5), ClassContent("owl", 10, 1.0)),
    folds=(("1", 15), ("2", 15)),
    findings=(WARNING, NOTE),
)


def test_a_report_comes_back_as_it_was_written() -> None:
    assert DataReport.from_json(REPORT.to_json()) == REPORT


def test_only_an_error_prevents_training() -> None:
    assert REPORT.can_train()
    assert not replace(REPORT, findings=(WARNING, ERROR)).can_train()


@pytest.mark.parametrize("text", ["", "[]", "{}", "3", REPORT.to_json().replace("severity", "gravity")])
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(UserError):
        DataReport.from_json(text)
