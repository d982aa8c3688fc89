"""The slider of the pace: what is chosen reaches the listener, is remembered, and is said."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from app.main_window import MainWindow
from app.models.pace_control import PaceControl
from core.inference.pacing.models import PaceState, PaceWish, Place
from tests.app.app_fakes import FakeCore
from tests.app.conftest import MakeWindow
from tests.app.window_driving import listen
from tests.core.inference.pacing.simulated_machine import ladder_of

STATE = PaceState(ladder_of(4), Place(0, 1), PaceWish(), "finer too slow", share=0.52, refused_share=0.85)


def hear_pace(window: MainWindow, core: FakeCore, state: PaceState, qtbot: QtBot) -> PaceControl:
    """The control once the listener has reported a pace."""
    core.listeners[-1].hear(pace=state)
    qtbot.waitUntil(lambda: window.session.pace.state == state)
    return window.toolbar.pace


def test_it_shows_what_the_program_chose_and_why(window: MainWindow, core: FakeCore, qtbot: QtBot) -> None:
    assert not window.toolbar.pace.slider.isEnabled(), "nothing is known before a model listens"
    listen(window, core, qtbot)
    control = hear_pace(window, core, STATE, qtbot)
    assert control.auto.isChecked()
    assert (control.slider.minimum(), control.slider.maximum(), control.slider.value()) == (0, 3, 1)
    for part in (STATE.setting.describe(), "52 %", "85 %"):
        assert part in control.slider.toolTip()
        assert part in control.slider.accessibleDescription()
    assert core.listeners[-1].paces == [PaceWish()], "what it shows is no choice of the user's"
    bar = window.statusBar()
    assert STATE.setting.describe() in bar.model.text()  # type: ignore[attr-defined]
    assert "85 %" in bar.model.toolTip()  # type: ignore[attr-defined]


def test_moving_the_slider_chooses_a_setting_and_auto_takes_it_back(
    window: MainWindow, core: FakeCore, stored: Callable[[str], object], qtbot: QtBot
) -> None:
    listen(window, core, qtbot)
    control, paces = hear_pace(window, core, STATE, qtbot), core.listeners[-1].paces
    control.slider.setFocus()
    QTest.keyClick(control.slider, Qt.Key.Key_Right)
    assert paces[-1] == PaceWish("3")
    assert not control.auto.isChecked()
    QTest.keyClick(control.slider, Qt.Key.Key_End)
    assert paces[-1] == PaceWish("fastest")
    QTest.keyClick(control.slider, Qt.Key.Key_Home)
    assert paces[-1] == PaceWish("finest")
    window._parts.settings.flush()
    assert stored("pace") == "finest"
    QTest.keyClick(control.auto, Qt.Key.Key_Space)
    assert paces[-1] == PaceWish()
    QTest.keyClick(control.auto, Qt.Key.Key_Space)
    assert paces[-1] == PaceWish("2"), "what the slider shows, and the program had chosen, is what holds"


def test_a_choice_holds_for_the_next_listener_and_the_next_run(
    window: MainWindow, make_window: MakeWindow, core: FakeCore, qtbot: QtBot
) -> None:
    listen(window, core, qtbot)
    hear_pace(window, core, STATE, qtbot)
    window.session.pace.choose_setting(3)
    window.session.restart()
    qtbot.waitUntil(lambda: len(core.listeners) == 2)
    core.listeners[-1].hear(frames=300)
    qtbot.waitUntil(lambda: core.listeners[-1].paces == [PaceWish("fastest")])
    window._parts.settings.flush()
    again = make_window()
    assert again.session.pace.word == "fastest"
    assert not again.toolbar.pace.auto.isChecked()


def test_a_setting_that_nobody_can_read_is_auto(make_window: MakeWindow) -> None:
    window = make_window()
    window._parts.settings._set("pace", "as fast as light")
    assert window._parts.settings.pace == "auto"


def test_a_model_with_one_setting_leaves_nothing_to_choose(window: MainWindow, core: FakeCore, qtbot: QtBot) -> None:
    listen(window, core, qtbot)
    one = PaceState(ladder_of(1), Place(0, 0), PaceWish(), "finest", share=0.1)
    control = hear_pace(window, core, one, qtbot)
    assert not control.slider.isEnabled()
    assert one.setting.describe() in control.slider.toolTip()


def test_what_cannot_keep_up_is_said_once(window: MainWindow, core: FakeCore, qtbot: QtBot) -> None:
    listen(window, core, qtbot)
    behind = replace(STATE, place=Place(3, 3), share=1.4, is_behind=True)
    hear_pace(window, core, behind, qtbot)
    qtbot.waitUntil(lambda: "140 %" in window.banner.text.text())
    window.banner.clear()
    hear_pace(window, core, replace(behind, share=1.5), qtbot)
    assert window.banner.isHidden(), "the same again is no news"


def test_a_slider_in_the_hand_does_not_move_away(window: MainWindow, core: FakeCore, qtbot: QtBot) -> None:
    listen(window, core, qtbot)
    control = hear_pace(window, core, STATE, qtbot)
    control.slider.setSliderDown(True)
    control.slider.setValue(3)
    hear_pace(window, core, replace(STATE, share=0.6), qtbot)
    assert control.slider.value() == 3
    control.slider.setSliderDown(False)


def test_on_a_narrow_screen_the_model_still_has_its_button(window: MainWindow, core: FakeCore, qtbot: QtBot) -> None:
    window.show()
    listen(window, core, qtbot)
    for width, has_room in ((1024, False), (1920, True)):
        window.resize(width, 640)
        qtbot.waitUntil(lambda width=width: window.toolbar.width() == width)
        assert all(label.isVisible() == has_room for label in window.toolbar.pace.ends)
        # What was made to fit is laid out when the event loop comes to it.
        qtbot.waitUntil(lambda width=width: window.toolbar.model_button.geometry().right() < width)
        assert window.toolbar.model_button.width() >= window.toolbar.model_button.sizeHint().width()
