"""The level meter: lamp, peak, figure and what a screen reader hears."""

from __future__ import annotations

import pytest
from pytestqt.qtbot import QtBot

from app.live import level_meter
from app.live.level_meter import LevelMeter
from app.style import formatting
from app.style.theme import DARK
from tests.app.app_fakes import level


def test_the_clip_lamp_stays_lit_for_a_while(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(level_meter, "CLIP_LATCH_MS", 150)
    meter = LevelMeter(DARK)
    qtbot.addWidget(meter)
    meter.show_level(level(-3, clipped=True))
    meter.show_level(level(-30))
    assert meter.is_clip_lit
    qtbot.waitUntil(lambda: not meter.is_clip_lit)


def test_the_peak_falls_slowly(qtbot: QtBot) -> None:
    meter = LevelMeter(DARK)
    qtbot.addWidget(meter)
    meter.show_level(level(-12))
    meter.show_level(level(-60))
    assert -7.0 < meter._peak_dbfs < -6.0


def test_the_meter_says_its_level_and_silence(qtbot: QtBot) -> None:
    meter = LevelMeter(DARK)
    qtbot.addWidget(meter)
    assert meter.accessibleDescription() == "no signal"
    meter._text_age.invalidate()
    meter._described_age.invalidate()
    meter.show_level(level(-18))
    assert "−18" in meter.accessibleDescription()


def test_a_cleared_meter_forgets_peak_and_clipping_at_once(qtbot: QtBot) -> None:
    meter = LevelMeter(DARK)
    qtbot.addWidget(meter)
    meter._text_age.invalidate()
    meter.show_level(level(-3, clipped=True))
    meter.clear()
    assert not meter.is_clip_lit
    assert meter._peak_dbfs <= level_meter.SILENT_DBFS
    assert meter.accessibleDescription() == "no signal"


def test_the_figure_beside_the_meter_is_what_the_bar_shows(qtbot: QtBot) -> None:
    meter = LevelMeter(DARK)
    qtbot.addWidget(meter)
    meter.clear()
    for rms_dbfs in (-20, -50, -31, -44):
        meter.show_level(level(rms_dbfs))
    assert -23 < meter.shown_dbfs <= -20, "the bar falls slowly, for the figure to keep up"
    qtbot.waitUntil(lambda: meter.text == formatting.decibels(meter.shown_dbfs, "dBFS"))
    for _ in range(100):
        meter.show_level(level(-44))
    assert meter.shown_dbfs == -44
    qtbot.waitUntil(lambda: meter.text == formatting.decibels(-44, "dBFS"))
    meter.show_level(level(-120))
    qtbot.waitUntil(lambda: meter.text == "no signal")
