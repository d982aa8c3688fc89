"""Every control can be reached by keyboard and says what it is."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QAbstractSlider,
    QAbstractSpinBox,
    QComboBox,
    QLineEdit,
    QMenu,
    QScrollBar,
    QTabBar,
    QWidget,
)
from pytestqt.qtbot import QtBot

from app.live.level_meter import LevelMeter
from app.main_window import MainWindow
from app.menus import shortcut_lines
from app.panels import PANELS
from app.spectrogram.lanes import LanesStrip
from app.spectrogram.plot import SpectrogramPlot
from app.spectrogram.range_dialog import RangeDialog
from app.widgets.drop_target import DropOverlay
from app.widgets.shortcuts_dialog import ShortcutsDialog
from tests.app.app_fakes import FakeCore
from tests.app.conftest import MakeWindow
from tests.app.training_fakes import StandIn, finish_run
from tests.app.window_driving import listen

# What is a control: everything that takes a click or a key, and every painted widget that shows a value.
CONTROLS = (QAbstractButton, QLineEdit, QComboBox, QAbstractSlider, QAbstractSpinBox, QAbstractItemView)
PAINTED = (LevelMeter, LanesStrip, SpectrogramPlot, DropOverlay)


def _ours(widget: QWidget) -> bool:
    """Not a part that Qt made for itself, such as a scroll bar or the arrow of a header."""
    name = widget.objectName()
    is_of_qt = isinstance(widget, QScrollBar) or isinstance(widget.parent(), QTabBar)
    return not name.startswith("qt_") and not is_of_qt and "Header" not in type(widget).__name__


def _shy(widgets: list[QWidget]) -> list[str]:
    """Controls that do not say what they are."""
    return [
        f"{type(widget).__name__} {widget.objectName()!r} in {type(widget.parent()).__name__}"
        for widget in widgets
        if isinstance(widget, CONTROLS + PAINTED)
        and _ours(widget)
        and not isinstance(widget.parent(), QLineEdit | QAbstractSpinBox)
        and not (widget.toolTip() and widget.accessibleName())
    ]


def test_every_control_says_what_it_is(window: MainWindow, core: FakeCore, qtbot: QtBot) -> None:
    listen(window, core, qtbot)
    dialogs = [RangeDialog((-45, 30), window), ShortcutsDialog([("A", "b")], window)]
    controls = [widget for widget in window.findChildren(QWidget) if isinstance(widget, CONTROLS + PAINTED)]
    assert len(controls) > 20
    assert _shy(window.findChildren(QWidget)) == []
    for dialog in dialogs:
        dialog.close()


def test_every_control_of_the_training_says_what_it_is(
    make_window: MakeWindow, stand_in: StandIn, tmp_path: Path, qtbot: QtBot
) -> None:
    window = make_window(program=stand_in.program)
    window.show()
    finish_run(tmp_path / "run")
    window.training.open_results(tmp_path / "run")
    window.training.new_training()
    qtbot.waitUntil(lambda: bool(window.training.results))
    for dialog in (window.training.dialog, window.training.results[0]):
        assert dialog is not None
        assert _shy(dialog.findChildren(QWidget)) == []
        for button in dialog.findChildren(QAbstractButton):
            assert not _ours(button) or button.focusPolicy() & Qt.FocusPolicy.TabFocus, button


def test_every_control_of_the_models_says_what_it_is(window: MainWindow) -> None:
    window.models.download_models()
    dialog = window.models.dialog
    assert dialog is not None
    assert _shy(dialog.findChildren(QWidget)) == []
    for button in dialog.findChildren(QAbstractButton):
        assert not _ours(button) or button.focusPolicy() & Qt.FocusPolicy.TabFocus, button


def test_every_button_and_field_can_be_reached_by_tab(window: MainWindow) -> None:
    focusable = (QAbstractButton, QLineEdit, QAbstractItemView)
    for widget in window.findChildren(QWidget):
        if isinstance(widget, focusable) and _ours(widget) and not isinstance(widget.parent(), QLineEdit):
            assert widget.focusPolicy() & Qt.FocusPolicy.TabFocus, widget


def test_every_line_of_the_menus_says_what_it_does(window: MainWindow) -> None:
    for menu in window.menuBar().findChildren(QMenu):
        for action in menu.actions():
            if not action.isSeparator() and action.menu() is None and action.isEnabled():
                assert action.toolTip(), action.text()


def test_no_key_means_two_things(window: MainWindow) -> None:
    keys = [shortcut.toString() for action in window.menus.actions.values() for shortcut in action.shortcuts()]
    assert len(keys) == len(set(keys))
    wanted = {"Ctrl+R", "F", "Ctrl+O", "Ctrl+Shift+O", "Ctrl+F", "Esc", "F1", "F11", "Ctrl+Q", "+", "-"}
    assert wanted <= set(keys)
    assert len(shortcut_lines(window.menus.actions)) >= 10


def test_every_panel_is_in_the_window(window: MainWindow) -> None:
    assert [spec.name for spec in PANELS] == ["spectrogram", "tags", "events", "files", "training"]
    for spec in PANELS:
        assert window.docks.panel(spec.name, QWidget).isVisible() is not spec.waits
    window.docks.raise_dock("training")
    assert window.docks.panel("training", QWidget).isVisible()
