"""The session: starting, changing over, failing and stopping, with listeners that do as told."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from dataclasses import replace

import pytest
from pytestqt.qtbot import QtBot

from app.live import input_switch
from app.live.session import HIDDEN_TICK_MS, LiveSession
from app.runtime.background_jobs import BackgroundJobs
from core.audio.input_choice import DEMO_SCENE, InputChoice
from core.errors import UserError
from core.inference.results import FrameRun, LiveUpdate
from tests.app.app_fakes import STATUS, FakeCore, FakeListener, FakeTagger, noise, scores

USB = InputChoice("microphone", "USB Mic")
BROKEN = UserError("It is broken.", "Mend it.")


@pytest.fixture
def session(core: FakeCore, jobs: BackgroundJobs) -> Iterator[LiveSession]:
    made = LiveSession(core.api(), jobs)
    yield made
    core.let_go()
    made.stop()


@pytest.fixture
def heard(session: LiveSession) -> list[LiveUpdate]:
    updates: list[LiveUpdate] = []
    session.updated.connect(updates.append)
    return updates


def _listen(session: LiveSession, core: FakeCore, qtbot: QtBot, frames: int = 10) -> FakeListener:
    before = len(core.listeners)
    session.start()
    qtbot.waitUntil(lambda: len(core.listeners) > before)
    core.listeners[-1].hear(frames=frames)
    qtbot.waitUntil(lambda: session.is_listening)
    return core.listeners[-1]


def test_start_opens_the_chosen_input_and_hands_on_what_it_hears(
    session: LiveSession, core: FakeCore, heard: list[LiveUpdate], qtbot: QtBot
) -> None:
    session.input = DEMO_SCENE
    listener = _listen(session, core, qtbot)
    assert listener.choice == DEMO_SCENE
    listener.hear(10, scores=(scores(0, 20, {3: 0.8}),), status=STATUS)
    qtbot.waitUntil(lambda: session.latest_scores is not None)
    assert session.latest_scores is not None
    assert session.latest_scores.probabilities[3] == pytest.approx(0.8)
    assert session.status == STATUS
    assert [run.first_frame for update in heard for run in update.runs] == [0, 10]


def test_opening_happens_off_the_gui_thread(session: LiveSession, core: FakeCore, qtbot: QtBot) -> None:
    seen: list[str] = []
    calls = core.api()
    session._input_switch._core = replace(
        calls,
        open_listener=lambda choice, tagger, tap: (
            seen.append(threading.current_thread().name) or calls.open_listener(choice, tagger, tap)
        ),
    )
    _listen(session, core, qtbot)
    assert seen != [threading.main_thread().name]


def test_the_model_comes_when_it_is_loaded(session: LiveSession, core: FakeCore, qtbot: QtBot) -> None:
    core.model_gate.clear()
    session.load_model(None)
    listener = _listen(session, core, qtbot)
    assert session.is_listening
    assert session.is_loading_model
    assert session.labels is None
    core.model_gate.set()
    qtbot.waitUntil(lambda: session.tagger is not None)
    assert listener.taggers[-1] is session.tagger
    assert session.labels == core.models[None].labels


def test_at_the_start_the_model_comes_after_the_input(session: LiveSession, core: FakeCore, qtbot: QtBot) -> None:
    loaded: list[str | None] = []
    calls = core.api()
    session._core = replace(calls, load_tagger=lambda model: loaded.append(model) or calls.load_tagger(model))
    core.gate.clear()
    session.start()
    session.load_model_after_input(None)
    session.tick()
    assert session.is_loading_model
    assert loaded == []
    core.gate.set()
    qtbot.waitUntil(lambda: session.tagger is not None)
    assert len(core.listeners) == 1
    assert loaded == [None]


def test_without_an_input_the_model_comes_at_once(session: LiveSession, core: FakeCore, qtbot: QtBot) -> None:
    session.load_model_after_input(None)
    qtbot.waitUntil(lambda: session.tagger is not None)


def test_only_the_model_asked_for_last_is_used(session: LiveSession, core: FakeCore, qtbot: QtBot) -> None:
    core.models["other"] = FakeTagger("Other", ("a", "b"))
    core.model_gate.clear()
    session.load_model(None)
    session.load_model("other")
    core.model_gate.set()
    qtbot.waitUntil(lambda: session.tagger is not None and not session.is_loading_model)
    assert session.tagger is core.models["other"]


def test_a_model_that_cannot_be_loaded_leaves_the_old_one(session: LiveSession, core: FakeCore, qtbot: QtBot) -> None:
    session.load_model(None)
    qtbot.waitUntil(lambda: session.tagger is not None)
    with qtbot.waitSignal(session.model_failed) as failed:
        session.load_model("/nowhere")
    assert failed.args is not None
    assert "/nowhere" in failed.args[0].problem
    assert session.tagger is core.models[None]


def test_changing_input_keeps_the_old_one_until_the_new_one_delivers(
    session: LiveSession, core: FakeCore, heard: list[LiveUpdate], qtbot: QtBot
) -> None:
    old = _listen(session, core, qtbot)
    session.choose_input(USB)
    qtbot.waitUntil(lambda: len(core.listeners) == 2)
    old.hear(10)
    qtbot.waitUntil(lambda: len(heard) == 2)
    assert not old.stopped.is_set()
    core.listeners[1].hear(0)
    qtbot.waitUntil(lambda: session.input == USB)
    qtbot.waitUntil(old.stopped.is_set)
    assert heard[-1].runs[0].first_frame > 20, "the new input goes on where the old one stopped, after a gap"
    assert session.is_listening


def test_the_demo_scene_may_take_longer_than_a_microphone(
    session: LiveSession, core: FakeCore, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(input_switch, "FIRST_BLOCK_TIMEOUT_S", 0.0)
    session.input = DEMO_SCENE
    session.start()
    qtbot.waitUntil(lambda: len(core.listeners) == 1)
    qtbot.wait(200)
    core.listeners[0].hear()
    qtbot.waitUntil(lambda: session.is_listening)


@pytest.mark.parametrize("fails_in", ["opening", "first update", "silence"])
def test_an_input_that_fails_is_rolled_back(
    session: LiveSession, core: FakeCore, qtbot: QtBot, fails_in: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    session.input = before = DEMO_SCENE
    old = _listen(session, core, qtbot)
    if fails_in == "opening":
        core.refused[USB] = BROKEN
    if fails_in == "silence":
        monkeypatch.setattr(input_switch, "FIRST_BLOCK_TIMEOUT_S", 0.05)
    with qtbot.waitSignal(session.input_failed) as failed:
        session.choose_input(USB)
        if fails_in == "first update":
            qtbot.waitUntil(lambda: len(core.listeners) == 2)
            core.listeners[1].updates.append(LiveUpdate(has_ended=True, failure=BROKEN))
    assert failed.args is not None
    problem = failed.args[0].problem
    assert problem == BROKEN.problem or "USB Mic" in problem
    assert session.is_listening
    assert session.input == before
    assert not old.stopped.is_set()
    if fails_in != "opening":
        qtbot.waitUntil(core.listeners[1].stopped.is_set)


def test_a_microphone_plugged_in_since_is_found_once_ours_is_closed(
    session: LiveSession, core: FakeCore, heard: list[LiveUpdate], qtbot: QtBot
) -> None:
    old = _listen(session, core, qtbot)
    core.hidden.add(USB)
    session.choose_input(USB)
    qtbot.waitUntil(lambda: len(core.listeners) == 2)
    assert old.stopped.is_set(), "PortAudio looks anew only while no stream is open"
    assert core.opened[-2:] == [USB, USB]
    core.listeners[1].hear(0)
    qtbot.waitUntil(lambda: session.input == USB)
    assert heard[-1].runs[0].first_frame > 10


def test_a_microphone_that_is_really_gone_brings_back_the_one_before(
    session: LiveSession, core: FakeCore, qtbot: QtBot
) -> None:
    _listen(session, core, qtbot)
    before, core.refused[USB] = session.input, BROKEN
    with qtbot.waitSignal(session.input_failed) as failed:
        session.choose_input(USB)
        qtbot.waitUntil(lambda: len(core.listeners) == 2)
        core.listeners[1].hear(0)
    assert failed.args == [BROKEN]
    assert core.opened == [before, USB, USB, before]
    assert session.is_listening
    assert session.input == before
    core.listeners[1].hear(10)
    qtbot.waitUntil(lambda: not core.listeners[1].updates)
    assert session.is_receiving


def test_when_neither_can_be_opened_the_session_says_so_once(
    session: LiveSession, core: FakeCore, qtbot: QtBot
) -> None:
    _listen(session, core, qtbot)
    told: list[UserError] = []
    session.input_failed.connect(told.append)
    core.refused |= {USB: BROKEN, session.input: UserError("That one is gone too.", "Plug it in.")}
    session.choose_input(USB)
    qtbot.waitUntil(lambda: bool(told))
    assert [error.problem for error in told] == ["That one is gone too."]
    assert not session.is_listening
    assert not session.is_opening
    assert session.is_wanted


def test_stop_while_opening_stops_the_listener_that_comes_too_late(
    session: LiveSession, core: FakeCore, qtbot: QtBot
) -> None:
    session.start()
    session.stop()
    qtbot.waitUntil(lambda: bool(core.listeners) and core.listeners[0].stopped.is_set())
    assert not session.is_listening
    assert not session.is_opening


def test_stop_never_waits_for_a_listener_that_hangs(session: LiveSession, core: FakeCore, qtbot: QtBot) -> None:
    listener = _listen(session, core, qtbot)
    listener.may_stop.clear()
    session.stop()
    assert not session.is_listening
    qtbot.waitUntil(listener.stopped.is_set)
    assert listener.stop_thread != threading.main_thread().name


def test_an_input_that_ends_says_why(session: LiveSession, core: FakeCore, qtbot: QtBot) -> None:
    listener = _listen(session, core, qtbot)
    with qtbot.waitSignal(session.input_failed) as failed:
        listener.updates.append(LiveUpdate(has_ended=True, failure=BROKEN))
    assert failed.args == [BROKEN]
    assert not session.is_listening


def test_trouble_is_told_once_and_taken_back(session: LiveSession, core: FakeCore, qtbot: QtBot) -> None:
    listener = _listen(session, core, qtbot)
    told: list[UserError | None] = []
    session.trouble_changed.connect(lambda: told.append(session.trouble))
    for trouble in (BROKEN, UserError(BROKEN.problem, BROKEN.remedy), None):
        listener.updates.append(LiveUpdate(trouble=trouble))
    qtbot.waitUntil(lambda: not listener.updates and session.trouble is None)
    assert [error and error.problem for error in told] == [BROKEN.problem, None]


def test_starting_again_goes_on_after_the_time_without_sound(
    session: LiveSession, core: FakeCore, heard: list[LiveUpdate], qtbot: QtBot
) -> None:
    now_s = [5000.0]
    session.clock.now_s = lambda: now_s[0]
    _listen(session, core, qtbot, frames=500)
    session.stop()
    now_s[0] += 3600.0
    _listen(session, core, qtbot, frames=10)
    [run] = heard[-1].runs
    assert run.first_frame + len(run.frames) == 500 + 360_000
    session.stop()
    _listen(session, core, qtbot, frames=10)
    assert heard[-1].runs[0].first_frame > 360_500, "a clock that stands still still goes on"


def test_minimised_it_takes_what_is_heard_but_paints_nothing(
    session: LiveSession, core: FakeCore, heard: list[LiveUpdate], qtbot: QtBot
) -> None:
    listener = _listen(session, core, qtbot)
    ticks: list[bool] = []
    session.ticked.connect(lambda: ticks.append(True))
    session.set_visible(False)
    assert session._timer.interval() == HIDDEN_TICK_MS
    listener.hear(10)
    qtbot.waitUntil(lambda: len(heard) == 2)
    assert not ticks


def test_scores_are_taken_as_soon_as_they_are_there(
    session: LiveSession, core: FakeCore, heard: list[LiveUpdate], qtbot: QtBot
) -> None:
    listener = _listen(session, core, qtbot)
    session._timer.setInterval(60_000)  # the next tick comes too late for this test
    listener.hear(10)
    threading.Thread(target=listener.when_tagged).start()
    qtbot.waitUntil(lambda: len(heard) == 2)


def test_emitting_loses_no_references(session: LiveSession) -> None:
    update = LiveUpdate(runs=(FrameRun(noise().frames, 0),))
    before = sys.getrefcount(True), sys.getrefcount(None)
    for _ in range(5000):
        session.updated.emit(update)
        session.state_changed.emit()
    after = sys.getrefcount(True), sys.getrefcount(None)
    assert abs(after[0] - before[0]) < 100
    assert abs(after[1] - before[1]) < 100
