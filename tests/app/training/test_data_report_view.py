"""The report on the data: its summary, its verdict, and a clip to play."""

from __future__ import annotations

from dataclasses import replace

import pytest
from pytestqt.qtbot import QtBot

from app.style.appearance import Appearance
from app.training.data_report_view import DataReportView
from tests.app.training_fakes import BAD_REPORT, REPORT


@pytest.fixture
def view(qtbot: QtBot, appearance: Appearance) -> DataReportView:
    made = DataReportView(appearance)
    qtbot.addWidget(made)
    return made


def test_the_summary_counts_clips_classes_length_and_folds(view: DataReportView) -> None:
    view.show_report(REPORT)
    for part in ("birds", "30 clips", "2 classes", "2.5 minutes", "class folders", "2 folds"):
        assert part in view.summary.text()
    view.show_report(replace(REPORT, minutes=180.0, folds=()))
    assert "3.0 hours" in view.summary.text()
    assert "fold" not in view.summary.text().replace("folders", "")


def test_the_verdict_counts_findings_by_severity(view: DataReportView) -> None:
    view.show_report(REPORT)
    assert view.verdict.text() == "1 warning, 1 note"
    view.show_report(BAD_REPORT)
    assert view.verdict.text() == "1 error"
    view.show_report(replace(REPORT, findings=()))
    assert view.verdict.text()
    assert not any(character.isdigit() for character in view.verdict.text())
