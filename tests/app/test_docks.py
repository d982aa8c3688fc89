"""The docked panels: found by name, shown in front, and with space at the ends of their row."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QFontInfo
from PySide6.QtWidgets import QDockWidget
from pytestqt.qtbot import QtBot

from app.events.panel import EventsPanel
from app.files.panel import FilesPanel
from app.main_window import MainWindow
from app.panels import PANELS
from app.tags.panel import TagsPanel
from app.training.panel import TrainingPanel
from app.widgets.dock_title import DockTitle


def _dock(window: MainWindow, name: str) -> QDockWidget:
    dock = window.findChild(QDockWidget, f"{name}_dock")
    assert isinstance(dock, QDockWidget)
    return dock


def test_a_panel_is_found_by_its_name_and_kind(window: MainWindow) -> None:
    assert isinstance(window.docks.panel("tags", TagsPanel), TagsPanel)
    with pytest.raises(AssertionError, match="tags"):
        window.docks.panel("tags", FilesPanel)


def test_each_docked_panel_can_be_shown_and_hidden(window: MainWindow) -> None:
    docked = [spec for spec in PANELS if spec.area is not None]
    toggles = window.docks.toggles
    assert [toggle.text() for toggle in toggles] == [spec.title for spec in docked]
    for spec, toggle in zip(docked, toggles, strict=True):
        dock = _dock(window, spec.name)
        was_shown = not dock.isHidden()
        toggle.trigger()
        assert dock.isHidden() is was_shown


def test_the_panels_at_the_bottom_share_one_place_and_events_are_in_front(window: MainWindow, qtbot: QtBot) -> None:
    bottom = [spec.name for spec in PANELS if spec.area == Qt.DockWidgetArea.BottomDockWidgetArea]
    assert bottom[0] == "events"
    assert set(window.tabifiedDockWidgets(_dock(window, "events"))) >= {_dock(window, "files")}
    assert not window.docks.panel("events", EventsPanel).visibleRegion().isEmpty()
    assert window.docks.panel("files", FilesPanel).visibleRegion().isEmpty()
    window.docks.raise_dock("files")
    qtbot.waitUntil(lambda: not window.docks.panel("files", FilesPanel).visibleRegion().isEmpty())


def test_a_raised_dock_is_shown_in_the_same_place(window: MainWindow, qtbot: QtBot) -> None:
    assert _dock(window, "training").isHidden()
    window.docks.raise_dock("training")
    panel = window.docks.panel("training", TrainingPanel)
    qtbot.waitUntil(lambda: panel.isVisible() and not panel.visibleRegion().isEmpty())
    assert _dock(window, "training") in window.tabifiedDockWidgets(_dock(window, "events"))


def test_a_panel_is_closed_by_its_bar_and_shown_again_by_the_menu(window: MainWindow, qtbot: QtBot) -> None:
    dock = _dock(window, "tags")
    bar = dock.titleBarWidget()
    assert isinstance(bar, DockTitle)
    assert bar.isVisible()
    qtbot.mouseClick(bar.button, Qt.MouseButton.LeftButton)
    assert dock.isHidden()
    [toggle] = [toggle for toggle in window.docks.toggles if toggle.text() == dock.windowTitle()]
    toggle.trigger()
    qtbot.waitUntil(lambda: dock.isVisible() and bar.isVisible())


def test_panels_can_be_moved_and_tabs_need_no_bar(window: MainWindow, qtbot: QtBot) -> None:
    bars = {name: _dock(window, name).titleBarWidget() for name in ("tags", "events", "files", "training")}
    for dock in map(_dock, [window] * 4, bars):
        assert dock.features() & QDockWidget.DockWidgetFeature.DockWidgetMovable
    assert bars["tags"].height() > 0
    assert bars["events"].height() == bars["files"].height() == 0
    window.addDockWidget(Qt.DockWidgetArea.LeftDockWidgetArea, _dock(window, "files"))
    qtbot.waitUntil(lambda: bars["files"].height() > 0)


def test_the_first_layout_comes_back(window: MainWindow, qtbot: QtBot) -> None:
    tags, events, files = (_dock(window, name) for name in ("tags", "events", "files"))
    first = window.saveState()
    width = tags.width()
    window.addDockWidget(Qt.DockWidgetArea.LeftDockWidgetArea, tags)
    window.addDockWidget(Qt.DockWidgetArea.RightDockWidgetArea, files)
    window.docks.raise_dock("training")
    events.close()
    assert window.saveState() != first
    window.menus.actions["reset_layout"].trigger()
    qtbot.waitUntil(lambda: abs(tags.width() - width) < 40)
    assert window.dockWidgetArea(tags) == Qt.DockWidgetArea.RightDockWidgetArea
    assert files in window.tabifiedDockWidgets(events)
    assert not events.isHidden()
    assert _dock(window, "training").isHidden()
    qtbot.waitUntil(lambda: not window.docks.panel("events", EventsPanel).visibleRegion().isEmpty())


@pytest.mark.parametrize("percent", [90, 200])
def test_all_text_grows_and_so_do_rows_and_axes(window: MainWindow, qtbot: QtBot, percent: int) -> None:
    table, plot = window.files_panel.table, window.spectrogram.plot
    rows = table.verticalHeader().defaultSectionSize()
    label = window.spectrogram.caption
    own_px, gutter = QFontInfo(label.font()).pixelSize(), plot._hertz_axis.width()
    [action] = [action for action in window.menus.text_size_group.actions() if action.data() == str(percent)]
    action.trigger()
    try:
        wanted = pytest.approx(percent / 100, rel=0.06)
        qtbot.waitUntil(lambda: QFontInfo(label.font()).pixelSize() / own_px == wanted)
        qtbot.waitUntil(lambda: table.verticalHeader().defaultSectionSize() / rows == wanted)
        qtbot.waitUntil(lambda: plot._hertz_axis.width() / gutter == wanted)
    finally:
        window.view.set_text_size("100")
    qtbot.waitUntil(lambda: QFontInfo(label.font()).pixelSize() == own_px)
