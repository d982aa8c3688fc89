"""The heading of an evaluation: the main metrics, the others on request."""

from __future__ import annotations

from pytestqt.qtbot import QtBot

from app.results.metrics_heading import MetricsHeading, MetricText


def test_without_further_metrics_there_is_no_button(qtbot: QtBot) -> None:
    heading = MetricsHeading(MetricText("Accuracy 92 %", "How many."), MetricText("", ""))
    qtbot.addWidget(heading)
    heading.show()
    assert not heading.button.isVisible()


def test_the_button_shows_and_hides_the_further_metrics(qtbot: QtBot) -> None:
    heading = MetricsHeading(MetricText("Accuracy 92 %", "How many."), MetricText("mAUC 99 %", "How often."))
    qtbot.addWidget(heading)
    heading.show()
    for is_open in (True, False):
        heading.button.click()
        assert heading.further.isVisible() is is_open
        assert heading.button.accessibleName() == heading.button.text()
    assert (heading.first.toolTip(), heading.further.toolTip()) == ("How many.", "How often.")
