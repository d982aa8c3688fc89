"""The banner: one error at a time with the button that fixes it, withdrawn once it no longer holds."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from pytestqt.qtbot import QtBot

from app.live.input_devices import InputDevices
from app.live.session import LiveSession
from app.notifications import Notifications
from app.runtime.background_jobs import BackgroundJobs
from app.widgets.banner import Banner
from core.audio.input_choice import DEMO_SCENE
from core.errors import UserError
from tests.app.app_fakes import FakeCore
from tests.app.conftest import NO_DEVICES

ERROR = UserError("It is broken.", "Repair it.")
OTHER = UserError("Something else.", "Wait.")


@pytest.fixture
def session(core: FakeCore, jobs: BackgroundJobs) -> Iterator[LiveSession]:
    made = LiveSession(core.api(), jobs)
    yield made
    made.stop()
    core.let_go()


@pytest.fixture
def banner(qtbot: QtBot) -> Banner:
    made = Banner()
    qtbot.addWidget(made)
    return made


@pytest.fixture
def notifications(session: LiveSession, banner: Banner, qtbot: QtBot) -> Iterator[Notifications]:
    devices = InputDevices(command=NO_DEVICES)
    yield Notifications(session, devices, banner)
    devices.stop()


def _listen(session: LiveSession, core: FakeCore, qtbot: QtBot) -> None:
    session.start()
    qtbot.waitUntil(lambda: bool(core.listeners))
    core.listeners[-1].hear()
    qtbot.waitUntil(lambda: session.is_listening)


def _says(banner: Banner, error: UserError) -> bool:
    return banner.isVisible() and error.problem in banner.text.text()


def test_an_error_that_no_button_fixes_has_none(notifications: Notifications, banner: Banner) -> None:
    notifications.show_error(ERROR)
    assert _says(banner, ERROR)
    assert ERROR.remedy in banner.text.text()
    assert not banner.button.isVisible()


def test_notices_wait_for_their_turn_and_stay_until_dismissed(notifications: Notifications, banner: Banner) -> None:
    notifications.show_error(ERROR)
    notifications.queue_error(OTHER)
    assert _says(banner, ERROR)
    banner.clear()
    assert _says(banner, OTHER)
    notifications.show_error(ERROR)
    banner.clear()
    assert _says(banner, OTHER), "an error in between does not dismiss it"
    banner.clear()
    assert not banner.isVisible()


def test_after_a_model_that_failed_the_button_loads_the_starter(
    notifications: Notifications, session: LiveSession, core: FakeCore, banner: Banner, qtbot: QtBot
) -> None:
    session.load_model("no such model")
    qtbot.waitUntil(banner.isVisible)
    banner.button.click()
    qtbot.waitUntil(lambda: session.tagger is core.models[None])
    assert not banner.isVisible()


def test_trouble_of_the_input_is_withdrawn_once_it_is_over(
    notifications: Notifications, session: LiveSession, core: FakeCore, banner: Banner, qtbot: QtBot
) -> None:
    _listen(session, core, qtbot)
    core.listeners[-1].hear(trouble=ERROR)
    qtbot.waitUntil(lambda: _says(banner, ERROR))
    core.listeners[-1].hear()
    qtbot.waitUntil(lambda: not banner.isVisible())


def test_another_input_that_fails_offers_the_list_of_inputs(
    notifications: Notifications, session: LiveSession, core: FakeCore, banner: Banner, qtbot: QtBot
) -> None:
    _listen(session, core, qtbot)
    session.input_failed.emit(ERROR)
    assert _says(banner, ERROR)
    assert session.input.title in banner.text.text(), "what is still heard"
    with qtbot.waitSignal(notifications.inputs_wanted):
        banner.button.click()


def test_without_any_microphone_the_demo_scene_starts(
    notifications: Notifications, session: LiveSession, core: FakeCore, banner: Banner, qtbot: QtBot
) -> None:
    microphone = session.input
    core.refused[microphone] = ERROR
    session.start()
    qtbot.waitUntil(lambda: DEMO_SCENE in core.opened)
    core.refused.clear()
    qtbot.waitUntil(banner.button.isVisible)
    banner.button.click()
    qtbot.waitUntil(lambda: core.opened[-1] == microphone)


def test_what_was_done_waits_for_a_message_and_is_said_once(notifications: Notifications, banner: Banner) -> None:
    notifications.show_error(ERROR)
    notifications.queue_done("Saved.")
    assert _says(banner, ERROR)
    banner.close_button.click()
    assert (banner.text.text(), banner.property("kind")) == ("Saved.", "done")
    notifications.show_error(OTHER)
    banner.close_button.click()
    assert banner.isHidden(), "it was said, and is not said again"
