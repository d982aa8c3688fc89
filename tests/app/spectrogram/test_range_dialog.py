"""The dialog for the level range."""

from __future__ import annotations

from pytestqt.qtbot import QtBot

from app.runtime.settings import DEFAULT_RANGE_DB
from app.spectrogram.range_dialog import RangeDialog


def test_the_range_keeps_its_ends_apart(qtbot: QtBot) -> None:
    dialog = RangeDialog((-45, 30))
    changes: list[tuple[int, int]] = []
    dialog.changed.connect(lambda low, high: changes.append((low, high)))
    dialog.low.setValue(29)
    assert changes[-1] == (20, 30)
    dialog.high.setValue(-60)
    assert changes[-1] == (20, 30)
    dialog._reset()
    assert changes[-1] == DEFAULT_RANGE_DB
    dialog.close()
