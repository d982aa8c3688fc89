"""The docked panels: found by name, shown in front, and with space at the ends of their row."""

from __future__ import annotations

import pytest
from PySide6.QtWidgets import QDockWidget
from pytestqt.qtbot import QtBot

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


def test_a_raised_dock_is_shown_and_shares_the_width(window: MainWindow, qtbot: QtBot) -> None:
    assert _dock(window, "training").isHidden()
    window.docks.raise_dock("training")
    qtbot.waitUntil(window.docks.panel("training", TrainingPanel).isVisible)
    files, training = (_dock(window, name).width() for name in ("files", "training"))
    assert abs(files - training) < 0.1 * window.width()


def test_the_space_at_the_ends_moves_to_the_last_panel_on_show(window: MainWindow) -> None:
    def margins(name: str) -> tuple[int, int]:
        edges = _dock(window, name).widget().contentsMargins()
        return edges.left(), edges.right()

    left, right = margins("files")
    assert left == right > 0, "it is alone in its row"
    window.docks.raise_dock("training")
    assert margins("files") == (left, margins("training")[0])
    assert margins("training")[1] == right > margins("files")[1]


def test_the_files_dock_is_low_while_it_is_empty(window: MainWindow) -> None:
    window.docks.grow_files_dock()
    high = _dock(window, "files").height()
    window.docks.shrink_files_dock()
    assert _dock(window, "files").height() < high
