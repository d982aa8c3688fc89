"""The texts of an evaluation: metrics with intervals, columns of clips and classes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from app.results.clip_player import Clip
from app.results.tables import CLASS_COLUMNS, clip_columns, clip_of, clips_of, metrics_text
from app.style import formatting
from core.run.evaluation_report import ClipResult, Measured
from tests.app.training_fakes import evaluation


def test_ten_clips_that_are_all_right_are_no_certainty() -> None:
    measured = {"accuracy": Measured(1.0, 0.6915, 1.0), "map": Measured(1.0, 1.0, 1.0)}
    words = metrics_text(replace(evaluation(), metrics=measured), ("accuracy", "map"))
    plain = words.replace(formatting.THIN, " ").replace("\N{NO-BREAK SPACE}", " ")
    assert plain == "Accuracy 100 % (69–100 %)   mAP 100 %"


def test_a_clip_has_a_cell_for_its_file_its_class_its_prediction_and_the_confidence() -> None:
    report = evaluation()
    columns = clip_columns(report.labels)
    texts = [column.text(report.clips[3]).replace(formatting.THIN, " ") for column in columns]
    assert texts == ["2.wav", "owl", "wren", "95 %"]
    part = replace(report.clips[3], start_s=1.0, end_s=2.5)
    assert columns[0].text(part) == "2.wav (0:01.0–0:02.5)"
    assert columns[0].value(report.clips[3]) < columns[0].value(part), "parts of one file sort by their start"


def test_a_class_without_clips_has_only_a_threshold() -> None:
    hen = evaluation().classes[2]
    texts = {column.title: column.text(hen).replace(formatting.THIN, " ") for column in CLASS_COLUMNS}
    assert {texts[title] for title in ("Precision", "Recall", "F1", "AP")} == {"–"}
    assert texts["Threshold"] == "50 %"


def test_a_relative_clip_lies_below_the_data_and_keeps_its_part() -> None:
    report = evaluation("/birds")
    assert clip_of(report, report.clips[3]) == Clip(Path("/birds/owl/2.wav"))
    part = ClipResult("/elsewhere/a.wav", (0,), 0, 0.9, 0.9, 1.0, 2.0)
    assert clip_of(report, part) == Clip(Path("/elsewhere/a.wav"), 1.0, 2.0)


def test_the_clips_of_a_cell_come_by_falling_confidence() -> None:
    report = evaluation()
    assert [clip.score for clip in clips_of(report, 0, 0)] == [0.9, 0.8]
    assert [clip.path for clip in clips_of(report, 1, 0)] == ["owl/2.wav"]
    assert clips_of(report, 2, 0) == []
