"""Sizes follow the window: what the picture, the lists and the docks get of a small and of a large one."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QFontInfo
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from app.main_window import MainWindow
from app.runtime.dock_shares import DockShares
from app.spectrogram.lanes import LANES
from app.tags.painting import HIGHEST_HEARD_PX, LOWEST_HEARD_PX, NAME_SHARE, ROW_PX, fitted
from app.training.panel import TrainingPanel
from core.inference.results import EventChange, LiveUpdate
from tests.app.app_fakes import FakeCore, noise, scores
from tests.app.conftest import MakeWindow
from tests.app.window_driving import listen, tag_names

SMALL, LARGE = (1022, 616), (1918, 1056)
"""What a screen of 1024 by 640, and one of 1920 by 1080, leave to a window inside its frame."""


def _resize(window: MainWindow, size: tuple[int, int], qtbot: QtBot) -> None:
    window.resize(*size)
    qtbot.waitUntil(lambda: (window.width(), window.height()) == size)
    # The lanes ask for their new height by a message to their layout.
    QApplication.processEvents()


def _picture_px(window: MainWindow) -> float:
    view_box = window.spectrogram.plot.getPlotItem().getViewBox()  # pyright: ignore[reportOptionalMemberAccess]
    return view_box.height()


def _with_files(window: MainWindow, core: FakeCore, qtbot: QtBot) -> None:
    listen(window, core, qtbot)
    window.add_files([Path(f"/sounds/{i}.wav") for i in range(4)])
    qtbot.waitUntil(lambda: len(window.files.rows) == 4)


@pytest.mark.parametrize("has_training", [False, True])
def test_in_a_small_window_the_picture_stays_high(
    window: MainWindow, core: FakeCore, qtbot: QtBot, has_training: bool
) -> None:
    _with_files(window, core, qtbot)
    if has_training:
        window.docks.raise_dock("training")
    for size in (SMALL, LARGE, SMALL):
        _resize(window, size, qtbot)
    qtbot.waitUntil(lambda: _picture_px(window) >= 195)
    assert window.spectrogram.lanes.height() >= ROW_PX
    assert window.docks.panel("training", TrainingPanel).isVisible() is has_training


def test_in_a_large_window_lists_lanes_and_docks_are_larger(window: MainWindow, core: FakeCore, qtbot: QtBot) -> None:
    _with_files(window, core, qtbot)
    _resize(window, SMALL, qtbot)
    small = (window.files_panel.height(), window.tags.width(), window.spectrogram.lanes.height())
    _resize(window, LARGE, qtbot)
    qtbot.waitUntil(lambda: window.spectrogram.lanes.height() > LANES * ROW_PX)
    large = (window.files_panel.height(), window.tags.width(), window.spectrogram.lanes.height())
    assert all(more > less for less, more in zip(small, large, strict=True))
    _resize(window, SMALL, qtbot)
    assert (window.files_panel.height(), window.tags.width()) == small[:2]


def _hear_a_cow(window: MainWindow, core: FakeCore, qtbot: QtBot) -> None:
    listen(window, core, qtbot)
    begun = EventChange(1, 4, 2.5, 0.9, 3.1)
    core.listeners[0].updates.append(LiveUpdate((noise(10, 300),), (scores(0, 310, {4: 0.9}),), events=(begun,)))
    qtbot.waitUntil(lambda: tag_names(window.tags) == ["Cow"])


@pytest.mark.parametrize("size", [SMALL, LARGE])
def test_the_answer_is_written_larger_than_anything_else(
    window: MainWindow, core: FakeCore, qtbot: QtBot, size: tuple[int, int]
) -> None:
    _hear_a_cow(window, core, qtbot)
    _resize(window, size, qtbot)
    tags = window.tags.list
    row_px = tags.visualRect(tags.tags.index(0)).height()
    assert LOWEST_HEARD_PX <= row_px <= HIGHEST_HEARD_PX
    name_px = fitted(tags.font(), "Cow", round(NAME_SHARE * row_px), tags.width()).pixelSize()
    others = [QFontInfo(part.font()).pixelSize() for part in window.findChildren(QWidget) if part.isVisible()]
    assert name_px >= 1.5 * max(others)


def test_a_dragged_separator_keeps_its_share_in_every_window(
    window: MainWindow, make_window: MakeWindow, core: FakeCore, qtbot: QtBot
) -> None:
    _with_files(window, core, qtbot)
    _resize(window, (1100, 720), qtbot)
    before = window.files_panel.height()
    middle = window.centralWidget()
    assert middle is not None
    edge = middle.mapTo(window, QPoint(300, middle.height())) + QPoint(0, 3)
    handle = window.windowHandle()
    QTest.mousePress(handle, Qt.MouseButton.LeftButton, pos=edge)
    for step in (20, 60, 100):
        QTest.mouseMove(handle, edge - QPoint(0, step))
    QTest.mouseRelease(handle, Qt.MouseButton.LeftButton, pos=edge - QPoint(0, 100))
    qtbot.waitUntil(lambda: window.files_panel.height() > before + 50)
    share = window.docks.shares.bottom
    assert share is not None
    assert 0.35 < share < 0.5
    window.resize(1100, 790)
    qtbot.waitUntil(lambda: window.height() == 790)
    dock = window.docks._docks["files"]
    assert dock.height() == pytest.approx(share * 790, abs=2)
    window.close()
    assert make_window().docks.shares.bottom == pytest.approx(share, abs=1e-3)


@pytest.mark.parametrize("text", ["", "/", "nan/9", "a/b/c", "-1/0"])
def test_spoilt_shares_count_as_never_dragged(text: str) -> None:
    assert DockShares.from_text(text) == DockShares()
    assert DockShares.from_text(DockShares(0.25, 0.5).to_text()) == DockShares(0.25, 0.5)
