"""The lanes: which classes get one, and what is painted."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QRectF
from PySide6.QtGui import QColor
from pytestqt.qtbot import QtBot

from app.spectrogram.history.model_scores import ModelScores
from app.spectrogram.history.score_history import ScoreHistory
from app.spectrogram.lanes import Lane, LanesStrip, choose_lanes
from app.spectrogram.plot import GUTTER_PX, MARGIN_PX
from app.style.theme import DARK
from core.labels import LabelSet
from tests.app.app_fakes import NAMES, scores

PETS, PETS_HEARD = ("cat", "parrot"), {"cat": 0.7, "parrot": 0.6}


NOBODY = frozenset[str]()


def _model(name: str, labels: tuple[str, ...], heard: dict[str, float], start_s: float) -> ModelScores:
    """Five seconds of one window."""
    history = ScoreHistory(len(labels), is_live=True)
    first = round(100 * start_s)
    given = {labels.index(label): value for label, value in heard.items()}
    history.append(scores(first, first + 500, given, len(labels)))
    thresholds = np.full(len(labels), 0.95, np.float32)
    return ModelScores(name, LabelSet.from_ids(labels), thresholds, history, start_s)


def test_lanes_keep_their_place_and_pinned_ones_come_first() -> None:
    def peaks(*values: float) -> dict[str, float]:
        return dict(zip("abcdefg", values, strict=True))

    start = peaks(0.1, 0.9, 0.5, 0.0, 0.3, 0.4, 0.2)
    first = choose_lanes((), start, (), NOBODY, 3)
    assert first == ("b", "c", "f")
    assert choose_lanes(first, peaks(0.1, 0.5, 0.9, 0.0, 0.3, 0.4, 0.2), (), NOBODY, 3) == first
    assert choose_lanes(first, peaks(0.8, 0.9, 0.0, 0.0, 0.3, 0.4, 0.2), (), NOBODY, 3) == ("b", "a", "f")
    assert choose_lanes(first, start, ("d",), NOBODY, 3) == ("d", "b", "c")
    assert choose_lanes((), start, ("no label of these models",), NOBODY, 3) == first
    assert choose_lanes(first, start, (), {"e"}, 3) == ("b", "c", "e")
    assert choose_lanes(first, start, (), {"e"}, 1) == ("e",)


def test_a_lane_continues_where_both_models_have_the_class_and_ends_where_one_lacks_it(qtbot: QtBot) -> None:
    models = [_model("Starter", NAMES, {"cat": 0.9, "siren": 0.8}, 0.0), _model("Pets", PETS, PETS_HEARD, 5.0)]
    strip = LanesStrip(DARK)
    qtbot.addWidget(strip)
    strip.resize(GUTTER_PX + MARGIN_PX + 400, 3 * 28 + 4)
    strip.set_view(0.0, 10.0)
    strip.show_lanes(models, [Lane("cat", "Cat"), Lane("siren", "Siren"), Lane("parrot", "Parrot")])
    image = strip.grab().toImage()

    def is_filled(lane: int, time_s: float) -> bool:
        return QColor(image.pixel(GUTTER_PX + round(40 * time_s), 2 + 28 * lane + 24)) != QColor(DARK.panel)

    found = [[is_filled(lane, time_s) for time_s in (4.0, 6.0)] for lane in range(3)]
    assert found == [[True, True], [True, False], [False, True]]


def test_hours_in_view_are_one_row_a_pixel_and_no_peak_is_lost(qtbot: QtBot) -> None:
    history = ScoreHistory(2, is_live=True, capacity=20_000)
    for i in range(7200):
        history.append(scores(50 * i, 50 * (i + 1), {0: 0.9 if i == 3210 else 0.1}, 2))
    labels = LabelSet.from_ids(("dog", "cat"))
    strip = LanesStrip(DARK)
    qtbot.addWidget(strip)
    strip.set_view(0.0, 3600.0)
    area = QRectF(0, 0, 300, 40)
    outline = strip._outline(ModelScores("m", labels, np.full(2, 0.5, np.float32), history), 0, area)
    assert outline.size() < 4 * 300
    highest = min((outline.at(i) for i in range(outline.size())), key=lambda point: point.y())
    assert highest.y() == pytest.approx(40 - 0.9 * 40, abs=0.01)
    assert highest.x() == pytest.approx(3210 / 7200 * 300, abs=1.5)
