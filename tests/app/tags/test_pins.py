"""Pinned classes: kept by label id, so that another model finds its own."""

from __future__ import annotations

from pathlib import Path

from pytestqt.qtbot import QtBot

from app.runtime.settings import UserSettings
from app.tags.pins import Pins
from core.labels import LabelSet


def test_a_pin_is_set_and_taken_off_in_order_and_saved(pins: Pins, settings_path: Path, qtbot: QtBot) -> None:
    for label_id in ("rain", "dog"):
        with qtbot.waitSignal(pins.changed):
            pins.toggle(label_id)
    assert UserSettings(settings_path).pinned == ("rain", "dog")
    pins.toggle("rain")
    assert UserSettings(settings_path).pinned == ("dog",)


def test_each_model_gets_the_indices_of_the_pins_that_it_has(pins: Pins) -> None:
    for label_id in ("rain", "dog"):
        pins.toggle(label_id)
    assert pins.indices(LabelSet.from_ids(("dog", "cat", "rain"))) == (2, 0)
    assert pins.indices(LabelSet.from_ids(("wren", "dog"))) == (1,)
