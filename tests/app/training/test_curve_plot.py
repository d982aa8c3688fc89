"""The plot of curves: its lines, its caption, and its labels in a low panel."""

from __future__ import annotations

import pytest
from PySide6.QtGui import QTextDocument, QTextDocumentFragment
from pytestqt.qtbot import QtBot

from app.style.theme import DARK, LIGHT
from app.training.curve_plot import CurvePlot


@pytest.fixture
def plot(qtbot: QtBot) -> CurvePlot:
    made = CurvePlot("Held-out clips", "epoch", DARK)
    qtbot.addWidget(made)
    made.resize(500, 300)
    made.show()
    return made


def _caption(plot: CurvePlot) -> str:
    document = QTextDocument()
    document.setHtml(plot.caption.text())
    return document.toPlainText().replace("\N{NO-BREAK SPACE}", " ")


def test_the_caption_shows_the_newest_values_behind_coloured_dots(plot: CurvePlot) -> None:
    plot.show_curves({"A": {1: 0.5}, "B": {1: 0.25}}, {"A": "A 50 %", "B": "B <1 %"})
    assert _caption(plot).split() == ["Held-out", "clips", "●", "A", "50", "%", "●", "B", "<1", "%"]
    assert "<span" not in _caption(plot)
    assert plot.accessibleDescription() == "A 50 %, B <1 %"


def test_curves_come_and_go_and_are_drawn_by_their_count(plot: CurvePlot) -> None:
    plot.show_curves({"A": {2: 0.5, 1: 0.25}, "B": {1: 1.0}}, {})
    assert plot._curves["A"].getData()[0].tolist() == [1, 2]
    assert plot._curves["A"].getData()[1].tolist() == [0.25, 0.5]
    plot.show_curves({"B": {1: 1.0}}, {})
    assert list(plot._curves) == ["B"]


def test_few_points_are_marked_and_many_are_not(plot: CurvePlot) -> None:
    plot.show_curves({"A": {1: 0.5}, "B": dict.fromkeys(range(100), 0.5)}, {})
    assert plot._curves["A"].opts["symbol"] == "o"
    assert plot._curves["B"].opts["symbol"] is None


def test_another_theme_recolours_the_dots(plot: CurvePlot) -> None:
    plot.show_curves({"A": {1: 0.5}}, {"A": "A 50 %"})
    before = plot.caption.text()
    plot.apply_theme(LIGHT)
    assert plot.caption.text() != before


def test_the_caption_escapes_its_texts_and_is_as_wide_as_they_are(qtbot: QtBot) -> None:
    plot = CurvePlot("Loss <1>", "step", LIGHT)
    qtbot.addWidget(plot)
    title_px = plot.caption.sizeHint().width()
    plot.show_curves({"Loss <1>": {1: 2.0, 2: 1.5}}, {"Loss <1>": "1.5 <b>"})
    shown = QTextDocumentFragment.fromHtml(plot.caption.text()).toPlainText()
    assert shown.split() == ["Loss", "<1>", "●", "1.5", "<b>"]
    assert title_px < plot.caption.sizeHint().width() < 2.5 * title_px, "the width of the text, not of its markup"
