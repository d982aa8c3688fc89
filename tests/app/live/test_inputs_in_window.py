"""Inputs and models in the window: chosen, missing, failing, mended."""

from __future__ import annotations

from collections.abc import Callable

from pytestqt.qtbot import QtBot

from app.main_window import MainWindow
from core.audio.input_choice import DEFAULT_MICROPHONE, DEMO_SCENE, InputChoice
from core.errors import UserError
from core.inference.results import LiveUpdate
from tests.app.app_fakes import NAMES, FakeCore, FakeTagger, noise, scores
from tests.app.conftest import NO_DEVICES, MakeWindow
from tests.app.window_driving import listen, tag_names

USB = InputChoice("microphone", "USB Mic")
BROKEN = UserError("The microphone cannot be opened.", "Plug it in.")


def test_without_a_microphone_the_demo_scene_plays_and_the_banner_says_so(
    make_window: MakeWindow, core: FakeCore, qtbot: QtBot
) -> None:
    core.refused[DEFAULT_MICROPHONE] = BROKEN
    window = make_window(NO_DEVICES)
    window.show()
    window.begin()
    qtbot.waitUntil(lambda: DEMO_SCENE in core.opened)
    qtbot.waitUntil(lambda: bool(core.listeners))
    core.listeners[0].hear()
    qtbot.waitUntil(lambda: window.session.is_listening)
    assert window.session.input == DEMO_SCENE
    assert "No microphone was found" in window.banner.text.text()
    core.refused.clear()
    window.banner.button.click()
    qtbot.waitUntil(lambda: core.opened[-1] == DEFAULT_MICROPHONE)


def test_a_microphone_that_fails_beside_others_offers_another_try(
    window: MainWindow, core: FakeCore, qtbot: QtBot
) -> None:
    core.refused[DEFAULT_MICROPHONE] = BROKEN
    with qtbot.waitSignal(window._devices.changed):
        window.begin()
    qtbot.waitUntil(window.banner.isVisible)
    assert window.banner.text.text() == "The microphone cannot be opened. Plug it in."
    core.refused.clear()
    window.banner.button.click()
    qtbot.waitUntil(lambda: bool(core.listeners))
    assert DEMO_SCENE not in core.opened


def test_trouble_comes_and_goes_in_the_banner(window: MainWindow, core: FakeCore, qtbot: QtBot) -> None:
    listen(window, core, qtbot)
    core.listeners[0].updates.append(LiveUpdate(trouble=BROKEN))
    qtbot.waitUntil(window.banner.isVisible)
    assert window.session.trouble is not None
    core.listeners[0].hear(300)
    qtbot.waitUntil(lambda: not window.banner.isVisible())


def test_the_input_menu_lists_devices_and_remembers_the_choice(
    window: MainWindow, core: FakeCore, stored: Callable[[str], object], qtbot: QtBot
) -> None:
    listen(window, core, qtbot)
    qtbot.waitUntil(lambda: window._devices.is_known)
    actions = {action.text(): action for action in window.menus.input_menu.actions()}
    assert {"Default microphone", "USB Mic", "Demo scene"} <= actions.keys()
    assert actions["Default microphone"].isChecked()
    actions["USB Mic"].trigger()
    qtbot.waitUntil(lambda: core.opened[-1] == USB)
    core.listeners[-1].hear()
    qtbot.waitUntil(lambda: window.session.input == USB)
    window.close()
    assert stored("input") == "microphone:USB Mic"


def test_the_same_list_of_inputs_leaves_an_open_menu_alone(window: MainWindow, qtbot: QtBot) -> None:
    with qtbot.waitSignal(window._devices.changed):
        window._devices.refresh()
    menu = window.menus.input_menu
    before = menu.actions()
    menu.setActiveAction(before[1])
    with qtbot.waitSignal(window._devices.changed):
        window._devices.refresh()
    assert menu.actions() == before
    assert menu.activeAction() is before[1]


def test_a_refused_change_of_input_says_what_goes_on_and_is_taken_back_by_stopping(
    window: MainWindow, core: FakeCore, qtbot: QtBot
) -> None:
    listen(window, core, qtbot)
    core.refused[USB] = BROKEN
    window._choose_input(USB)
    qtbot.waitUntil(lambda: len(core.listeners) == 2)
    core.listeners[1].hear(0)
    qtbot.waitUntil(window.banner.isVisible)
    words = window.banner.text.text()
    assert BROKEN.problem in words
    assert "Default microphone" in words, "what is still heard"
    window.session.load_model(None)
    qtbot.waitUntil(lambda: not window.session.is_loading_model)
    assert window.banner.isVisible(), "a model has nothing to do with it"
    window.session.stop()
    assert not window.banner.isVisible()


def test_the_demo_scene_excuses_itself_until_a_microphone_is_heard(
    make_window: MakeWindow, core: FakeCore, qtbot: QtBot
) -> None:
    core.refused[DEFAULT_MICROPHONE] = BROKEN
    window = make_window(NO_DEVICES)
    window.show()
    window.begin()
    qtbot.waitUntil(lambda: bool(core.listeners))
    core.listeners[0].hear()
    qtbot.waitUntil(lambda: window.session.is_listening)
    assert window.banner.isVisible()
    window._choose_input(USB)
    qtbot.waitUntil(lambda: len(core.listeners) == 2)
    core.listeners[1].hear()
    qtbot.waitUntil(lambda: window.session.input == USB)
    assert not window.banner.isVisible()


def test_the_model_menu_lists_models_and_changes_over(window: MainWindow, core: FakeCore, qtbot: QtBot) -> None:
    core.models["other"] = FakeTagger("Other", NAMES[:3])
    listen(window, core, qtbot)
    qtbot.waitUntil(lambda: "Other" in [action.text() for action in window.menus.model_menu.actions()])
    actions = {action.text(): action for action in window.menus.model_menu.actions()}
    assert actions["Starter"].isChecked()
    actions["Other"].trigger()
    qtbot.waitUntil(lambda: window.session.tagger is core.models["other"])
    assert core.listeners[0].taggers[-1] is core.models["other"]
    core.listeners[0].updates.append(LiveUpdate((noise(10, 300),), (scores(0, 310, {1: 0.8}, 3),)))
    qtbot.waitUntil(lambda: tag_names(window.tags) == ["Rain"])
    assert window.toolbar.model_button.text() == "Model: Other"


def test_a_model_that_fails_offers_the_starter(window: MainWindow, core: FakeCore, qtbot: QtBot) -> None:
    window.model_menu.chosen.emit("/nowhere")
    qtbot.waitUntil(window.banner.isVisible)
    assert "/nowhere" in window.banner.text.text()
    window.banner.button.click()
    qtbot.waitUntil(lambda: window.session.tagger is core.models[None])
