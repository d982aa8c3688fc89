"""The defects of PySide6 that are worked around."""

from __future__ import annotations

import gc

import pytest
from PySide6.QtCore import QObject
from pytestqt.qtbot import QtBot

from app.runtime.qt_workarounds import GarbageTimer, check_versions
from core.errors import UserError


def test_the_version_that_crashes_is_refused_in_one_sentence() -> None:
    with pytest.raises(UserError, match=r"PySide6 6\.12\.0 crashes"):
        check_versions("6.12.0", (3, 11, 7))
    check_versions("6.12.0", (3, 12, 0))
    check_versions("6.11.3", (3, 11, 7))


def test_garbage_is_collected_by_the_timer_only(qtbot: QtBot) -> None:
    owner = QObject()
    try:
        timer = GarbageTimer(owner)
        assert not gc.isenabled()
        gc.collect()
        keep = [[] for _ in range(2 * gc.get_threshold()[0])]
        timer.collect()
        assert gc.get_count()[0] >= len(keep), "start-up is not over"
        timer.end_start_up()
        keep += [[] for _ in range(2 * gc.get_threshold()[0])]
        timer.collect()
        assert gc.get_count()[0] < len(keep)
    finally:
        gc.enable()  # what was frozen stays so: later collections are shorter for it


def test_what_start_up_left_is_not_walked_again(qtbot: QtBot) -> None:
    owner = QObject()
    try:
        timer = GarbageTimer(owner)
        timer.end_start_up()
        n_frozen = gc.get_freeze_count()
        assert n_frozen > 100_000
        assert len(gc.get_objects()) < n_frozen / 10
        timer.end_start_up()
        assert gc.get_freeze_count() == n_frozen, "once only: what a later model is made of stays collectable"
    finally:
        gc.enable()  # what was frozen stays so: later collections are shorter for it
