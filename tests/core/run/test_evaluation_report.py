"""An evaluation that somebody sent is read, or refused in words; nothing in it surprises the window later."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from core.errors import UserError
from core.run.evaluation_report import ClassResult, ClipResult, EvaluationReport, Measured

REPORT = EvaluationReport(
    *("owl", "/birds", "fold 5", "off", ("wren", "owl")),
    metrics={"accuracy": Measured(0.5, 0.1, 0.9)},
    classes=(ClassResult("wren", 1, 1.0, 1.0, 1.0, 1.0, 0.5), ClassResult("owl", 0, 0.0, 0.0, 0.0, 0.0, 0.5)),
    clips=(ClipResult("wren/1.wav", (0,), 1, 0.9, 0.1),),
)


def test_a_report_comes_back_as_it_was(tmp_path: Path) -> None:
    REPORT.save(tmp_path / "evaluation.json")
    assert EvaluationReport.load(tmp_path / "evaluation.json") == REPORT


@pytest.mark.parametrize(
    "change",
    [
        lambda raw: raw["clips"][0].update(truth=[2]),
        lambda raw: raw["clips"][0].update(truth=[-1]),
        lambda raw: raw["clips"][0].update(predicted=2),
        lambda raw: raw["clips"][0].update(predicted=0.5),
        lambda raw: raw["clips"][0].update(score="high"),
        lambda raw: raw["clips"][0].update(path=5),
        lambda raw: raw["metrics"]["accuracy"].update(low=None),
        lambda raw: raw["metrics"]["accuracy"].update(value=float("nan")),
        lambda raw: raw["metrics"].update(accuracy=[1, 2]),
        lambda raw: raw["classes"][0].update(n_clips="many"),
        lambda raw: raw["classes"][0].update(n_clips=10**400),
        lambda raw: raw["classes"][0].update(label="hen"),
        lambda raw: raw.update(data=None),
        lambda raw: raw.update(labels=[]),
        lambda raw: raw.update(metrics=[]),
        lambda raw: raw.update(labels=[str(i) for i in range(5001)]),
    ],
)
def test_what_no_evaluation_says_is_refused(tmp_path: Path, change: Callable[[dict[str, Any]], None]) -> None:
    raw = json.loads(REPORT.to_json())
    change(raw)
    (tmp_path / "evaluation.json").write_text(json.dumps(raw))
    with pytest.raises(UserError, match=r"evaluation"):
        EvaluationReport.load(tmp_path / "evaluation.json")


@pytest.mark.parametrize("text", ["[]", "9" * 10_000, "[" * 100_000, "[" * 100_000 + "]" * 100_000, "\udcff"])
def test_a_file_that_python_cannot_take_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "evaluation.json").write_text(text, encoding="utf-8", errors="surrogateescape")
    with pytest.raises(UserError, match="cannot be read"):
        EvaluationReport.load(tmp_path / "evaluation.json")
