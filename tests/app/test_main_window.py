"""The window as a whole, driven by menus, keys, drops and devices, on a fake core."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, Qt, QTimer
from PySide6.QtGui import QCursor, QDragLeaveEvent, QDragMoveEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QAbstractButton,
    QApplication,
)
from pytestqt.qtbot import QtBot

from app.files.row import FileState
from app.main_window import MainWindow
from app.presenter import LAST_HEARD
from app.spectrogram.live_timeline import LiveTimeline
from app.style.theme import DARK, LIGHT
from core.audio.input_choice import InputChoice
from core.errors import UserError
from core.inference.results import EventChange, LiveUpdate
from tests.app.app_fakes import STATUS, FakeCore, level, noise, scores
from tests.app.conftest import MakeWindow
from tests.app.window_driving import drag_in, drop, listen, mime_of, press, tag_names

USB = InputChoice("microphone", "USB Mic")
BROKEN = UserError("The microphone cannot be opened.", "Plug it in.")


def test_the_window_is_up_before_the_model(window: MainWindow, core: FakeCore, qtbot: QtBot) -> None:
    core.model_gate.clear()
    window.begin()
    qtbot.waitUntil(lambda: bool(core.listeners))
    core.listeners[0].hear(frames=200)
    qtbot.waitUntil(lambda: window.session.is_listening)
    qtbot.waitUntil(lambda: window.presenter.timeline.view.last_s > 1.0)
    assert window.tags.empty.text() == "Loading the model…"
    assert "loading" in window.toolbar.model_button.text()
    core.model_gate.set()
    qtbot.waitUntil(window.tags.list.isVisible)
    assert window.windowTitle() == "Soundmark"
    assert window.objectName() == "MainWindow"


def test_what_is_heard_reaches_tags_lanes_meter_and_status(window: MainWindow, core: FakeCore, qtbot: QtBot) -> None:
    listen(window, core, qtbot)
    heard = scores(0, 310, {4: 0.9}, is_warming_up=True, tokens_in=514, tokens_out=322)
    core.listeners[0].updates.append(LiveUpdate((noise(10, 300),), (heard,), level(-18), STATUS))
    qtbot.waitUntil(lambda: tag_names(window.tags)[:1] == ["Cow"])
    qtbot.waitUntil(lambda: [lane.name for lane in window.spectrogram.lanes.lanes] == ["Cow"])
    window.statusBar().refresh()  # type: ignore[attr-defined]
    figures = window.statusBar().figures.text()  # type: ignore[attr-defined]
    words = ["0.31", "s sound to screen", "12× real time", "514 → 322 tokens", "1 skipped", "2 dropped"]
    assert all(word in figures for word in words), figures
    assert window.tags.note.text() == "warming up 3.1 s"


def test_a_class_is_detected_from_its_event_to_the_end_of_it(window: MainWindow, core: FakeCore, qtbot: QtBot) -> None:
    def detected() -> list[str]:
        return [row.name for row in window.tags.list.tags.rows if row.is_detected]

    listen(window, core, qtbot)
    begun, heard = EventChange(1, 4, 2.5, 0.9, 3.1), scores(0, 310, {4: 0.9, 2: 0.95})
    core.listeners[0].updates.append(LiveUpdate((noise(10, 300),), (heard,), level(-18), STATUS, events=(begun,)))
    qtbot.waitUntil(lambda: detected() == ["Cow"])
    assert tag_names(window.tags)[0] == "Cow"
    over = replace(begun, at_s=3.6, offset_s=3.0)
    core.listeners[0].updates.append(LiveUpdate((noise(50, 310),), events=(over,)))
    qtbot.waitUntil(lambda: detected() == [])
    core.listeners[0].updates.append(LiveUpdate((noise(50, 360),), events=(replace(begun, id=2, onset_s=3.7),)))
    qtbot.waitUntil(lambda: detected() == ["Cow"])
    window.session.stop()
    timeline = window.presenter.timeline
    assert isinstance(timeline, LiveTimeline)
    assert timeline.events.now == {}, "a closed input leaves nothing open"


def test_ctrl_r_stops_and_starts(window: MainWindow, core: FakeCore, qtbot: QtBot) -> None:
    listen(window, core, qtbot)
    press(window, Qt.Key.Key_R, Qt.KeyboardModifier.ControlModifier)
    assert not window.session.is_listening
    assert window.toolbar.start_button.text() == "Start"
    press(window, Qt.Key.Key_R, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(lambda: len(core.listeners) == 2)
    assert window.toolbar.start_button.text() == "Stop"


def test_stopped_nothing_claims_to_be_live(window: MainWindow, core: FakeCore, qtbot: QtBot) -> None:
    listen(window, core, qtbot)
    core.listeners[0].updates.append(LiveUpdate((noise(10, 300),), level=level(-3, clipped=True)))
    qtbot.waitUntil(lambda: window.toolbar.meter.is_clip_lit)
    panel = window.spectrogram
    assert panel.pill.text() == "● live"
    assert panel.plot.time_label(0.0) == "now"
    window.session.stop()
    assert not panel.pill.isVisible()
    assert panel.plot.time_label(0.0) != "now"
    assert window.tags.heading.text() == LAST_HEARD
    assert not window.toolbar.meter.is_clip_lit
    assert window.toolbar.meter._text == "no signal"
    window.presenter.navigation.scroll_by(-1.0)
    assert panel.pill.isVisible()
    assert panel.pill.text() == "Newest sound"


def test_the_window_can_be_made_small(window: MainWindow, core: FakeCore, tmp_path: Path, qtbot: QtBot) -> None:
    listen(window, core, qtbot)
    core.listeners[0].updates.append(LiveUpdate((noise(10, 300),), (scores(0, 310, {4: 0.9}),), level(-18), STATUS))
    window.add_files([tmp_path / f"{'a very long name ' * 12}.wav"])
    qtbot.waitUntil(lambda: bool(window.files.rows))
    window.files_panel.table.selectRow(0)
    window.resize(800, 500)
    qtbot.waitUntil(lambda: (window.width(), window.height()) == (800, 500))
    assert window.spectrogram.caption.text().endswith("name .wav")
    assert "…" in window.spectrogram.caption.text()


def test_f_freezes_and_escape_empties_and_leaves_the_search_field(
    window: MainWindow, core: FakeCore, qtbot: QtBot
) -> None:
    listen(window, core, qtbot)
    window.spectrogram.plot.setFocus()
    press(window, Qt.Key.Key_F)
    assert window.presenter.navigation.is_frozen
    assert window.menus.actions["freeze"].isChecked()
    press(window, Qt.Key.Key_F, Qt.KeyboardModifier.ControlModifier)
    assert QApplication.focusWidget() is window.tags.search
    press(window, Qt.Key.Key_F)
    assert window.tags.search.text() == "f"
    assert window.presenter.navigation.is_frozen
    press(window, Qt.Key.Key_Escape)
    assert window.tags.search.text() == ""
    assert window.spectrogram.plot.hasFocus()
    press(window, Qt.Key.Key_F)
    assert not window.presenter.navigation.is_frozen
    assert window.tags.search.text() == ""


def test_escape_leaves_the_empty_search_field_too_and_cancels_nothing(
    window: MainWindow, core: FakeCore, qtbot: QtBot
) -> None:
    core.gate.clear()
    listen(window, core, qtbot)
    window.add_files([Path("/sounds/a.wav")])
    qtbot.waitUntil(lambda: bool(core.tagged))
    for came_from in (window.tags.list, None):
        if came_from is None:
            window.tags.search.setFocus(Qt.FocusReason.MouseFocusReason)
        else:
            came_from.setFocus()
            press(window, Qt.Key.Key_F, Qt.KeyboardModifier.ControlModifier)
        press(window, Qt.Key.Key_Escape)
        assert window.focusWidget() is came_from
        assert window.file_tagging.is_busy
        press(window, Qt.Key.Key_F)
        assert window.presenter.navigation.is_frozen
        window.presenter.navigation.set_frozen(False)
        assert window.tags.search.text() == ""


def test_keys_zoom_and_move_in_the_picture(window: MainWindow, core: FakeCore, qtbot: QtBot) -> None:
    listen(window, core, qtbot)
    core.listeners[0].hear(300, 6000)
    qtbot.waitUntil(lambda: window.presenter.timeline.view.last_s > 60)
    window.spectrogram.plot.setFocus()
    view = window.presenter.timeline.view
    press(window, Qt.Key.Key_Minus)
    assert view.span_s == 20.0
    press(window, Qt.Key.Key_Plus)
    assert view.span_s == 10.0
    press(window, Qt.Key.Key_Home)
    assert view.left_s == pytest.approx(0.0)
    press(window, Qt.Key.Key_PageDown)
    assert view.left_s == pytest.approx(10.0)
    press(window, Qt.Key.Key_End)
    assert view.is_following


def test_dropped_files_are_tagged_and_the_overlay_says_so_before(
    window: MainWindow, core: FakeCore, tmp_path: Path, qtbot: QtBot
) -> None:
    window.begin()
    mime = mime_of(*(str(tmp_path / f"{i}.wav") for i in range(3)))
    enter = drag_in(mime)
    QApplication.sendEvent(window, enter)
    assert enter.isAccepted()
    assert window.overlay.isVisible()
    assert window.overlay.text == "Tag 3 files"
    QApplication.sendEvent(window, QDragLeaveEvent())
    assert not window.overlay.isVisible()
    assert drop(window, mime).isAccepted()
    assert not window.overlay.isVisible()
    qtbot.waitUntil(lambda: [row.state for row in window.files.rows] == [FileState.DONE] * 3)


def test_addresses_elsewhere_are_refused_politely(window: MainWindow) -> None:
    mime = mime_of("https://example.org/a.wav")
    move = QDragMoveEvent(
        QPoint(5, 5), Qt.DropAction.CopyAction, mime, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    )
    move.accept()
    # Qt hands on a move only to where the drag entered.
    QApplication.sendEvent(window, drag_in(mime))
    QApplication.sendEvent(window, move)
    assert not move.isAccepted()
    assert not drop(window, mime).isAccepted()
    assert "on this computer" in window.banner.text.text()
    assert window.files.rows == []


def test_the_window_comes_back_as_it_was_left(make_window: MakeWindow, qtbot: QtBot) -> None:
    first = make_window()
    first.show()
    first.resize(760, 600)
    for group, name in ((first.menus.colour_group, "cividis"), (first.menus.span_group, "60")):
        next(action for action in group.actions() if action.data() == name).trigger()
    first.view.set_range(-60, 5)
    first.pins.toggle("owl")
    first.docks.toggles[0].trigger()
    first.close()
    again = make_window()
    again.show()
    assert again.size() == first.size()
    assert again.menus.colour_group.checkedAction().data() == "cividis"
    assert again.presenter.timeline.view.span_s == 60
    assert again._parts.settings.range_db == (-60, 5)
    assert again.pins.ids == ("owl",)
    assert not again.docks.toggles[0].isChecked()


def test_themes_change_at_once(window: MainWindow) -> None:
    for name, theme in (("light", LIGHT), ("dark", DARK)):
        next(action for action in window.menus.theme_group.actions() if action.data() == name).trigger()
        assert window._parts.appearance.theme is theme
        assert window.palette().window().color().name() == theme.window


def test_the_gui_is_never_held_up_while_starting_and_stopping(window: MainWindow, core: FakeCore, qtbot: QtBot) -> None:
    beats: list[int] = []
    timer = QTimer()
    timer.timeout.connect(lambda: beats.append(len(beats)))
    listen(window, core, qtbot)
    core.listeners[0].may_stop.clear()
    timer.start(5)
    for i in range(20):
        core.listeners[0].hear(300 + 10 * i, scores=(scores(0, 310 + 10 * i, {i % 9: 0.9}),))
        qtbot.waitUntil(lambda: not core.listeners[0].updates)
    window.session.stop()
    qtbot.waitUntil(core.listeners[0].stopped.is_set)
    count = len(beats)
    qtbot.waitUntil(lambda: len(beats) > count + 5)
    timer.stop()
    assert not core.listeners[0].may_stop.is_set(), "the window went on while the listener hung"


def test_closing_while_portaudio_hangs_is_quick(window: MainWindow, core: FakeCore, qtbot: QtBot) -> None:
    listen(window, core, qtbot)
    core.listeners[0].may_stop.clear()
    window.close()
    assert not window.jobs.wait(0.1), "the listener was expected to hang"
    core.let_go()


def test_minimising_stops_the_painting(window: MainWindow, core: FakeCore, qtbot: QtBot) -> None:
    listen(window, core, qtbot)
    window.showMinimized()
    qtbot.waitUntil(lambda: window.session._timer.interval() > 100)
    window.showNormal()
    qtbot.waitUntil(lambda: window.session._timer.interval() < 100)


def test_a_click_leaves_no_outline_on_a_button(window: MainWindow, qtbot: QtBot) -> None:
    window.spectrogram.plot.setFocus()
    QTest.mouseClick(window.toolbar.start_button, Qt.MouseButton.LeftButton)
    assert window.spectrogram.plot.hasFocus()
    ours = [button for button in window.findChildren(QAbstractButton) if button.text() and button.isVisible()]
    assert len(ours) >= 4
    assert [button.text() for button in ours if button.focusPolicy() & Qt.FocusPolicy.ClickFocus] == []


def test_a_menu_that_closes_takes_the_outline_off_its_button(window: MainWindow, qtbot: QtBot) -> None:
    button = window.toolbar.input_button
    QCursor.setPos(window.mapToGlobal(window.rect().center()))
    button.setAttribute(Qt.WidgetAttribute.WA_UnderMouse, True)
    button.menu().aboutToHide.emit()
    qtbot.waitUntil(lambda: not button.underMouse())
