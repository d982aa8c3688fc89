"""The plot of a training's curves: what its caption shows."""

from __future__ import annotations

from PySide6.QtGui import QTextDocumentFragment
from pytestqt.qtbot import QtBot

from app.style.theme import LIGHT
from app.training.curve_plot import CurvePlot


def test_the_caption_shows_values_after_dots_and_no_markup(qtbot: QtBot) -> None:
    plot = CurvePlot("Loss <1>", "step", LIGHT)
    qtbot.addWidget(plot)
    markup_free_px = plot.caption.sizeHint().width()
    plot.show_curves({"Loss <1>": {1: 2.0, 2: 1.5}}, {"Loss <1>": "1.5 <b>"})
    shown = QTextDocumentFragment.fromHtml(plot.caption.text()).toPlainText()
    assert shown.split() == ["Loss", "<1>", "●", "1.5", "<b>"]
    assert markup_free_px < plot.caption.sizeHint().width() < 2.5 * markup_free_px, "the width of words, not of markup"
