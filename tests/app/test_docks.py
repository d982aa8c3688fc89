"""The docked panels: found by name, shown in front, and with space at the ends of their row."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDockWidget
from pytestqt.qtbot import QtBot

from app.events.panel import EventsPanel
from app.files.panel import FilesPanel
from app.main_window import MainWindow
from app.panels import PANELS
from app.tags.panel import TagsPanel
from app.training.panel import TrainingPanel


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


def test_the_files_dock_is_low_while_it_is_alone_and_empty(window: MainWindow) -> None:
    _dock(window, "events").hide()
    window.docks.grow_files_dock()
    high = _dock(window, "files").height()
    window.docks.shrink_files_dock()
    assert _dock(window, "files").height() < high
