"""What is on show, the live sound or a file, and what stands where there are no tags."""

from __future__ import annotations

from pathlib import Path

from pytestqt.qtbot import QtBot

from app.files.row import FileState
from app.main_window import MainWindow
from core.errors import UserError
from core.inference.results import EventChange, Level, LiveUpdate
from tests.app.app_fakes import FakeCore, FakeTagger, scores
from tests.app.window_driving import listen, tag_names


def _add(window: MainWindow, qtbot: QtBot, *names: str) -> None:
    window.add_files([Path("/sounds") / name for name in names])
    qtbot.waitUntil(lambda: len(window.files.rows) == len(names))


def test_the_live_sound_is_on_show_first(window: MainWindow) -> None:
    assert window.presenter.timeline.is_live
    assert window.spectrogram.timeline is window.presenter.timeline


def test_showing_a_file_and_the_way_back_are_reported(window: MainWindow, core: FakeCore, qtbot: QtBot) -> None:
    listen(window, core, qtbot)
    _add(window, qtbot, "a.wav")
    row = window.files.rows[0]
    with qtbot.waitSignal(window.presenter.timeline_changed):
        window.presenter.show_file(row)
    assert window.presenter.timeline is row.timeline
    with qtbot.waitSignal(window.presenter.timeline_changed):
        window.presenter.show_live()
    assert window.presenter.timeline.is_live


def test_the_file_already_on_show_is_not_shown_again(window: MainWindow, core: FakeCore, qtbot: QtBot) -> None:
    listen(window, core, qtbot)
    _add(window, qtbot, "a.wav")
    row = window.files.rows[0]
    window.presenter.show_file(row)
    changes: list[None] = []
    window.presenter.timeline_changed.connect(lambda: changes.append(None))
    window.presenter.show_file(row)
    assert changes == []


def test_a_file_that_is_removed_makes_way_for_the_live_sound(window: MainWindow, core: FakeCore, qtbot: QtBot) -> None:
    listen(window, core, qtbot)
    _add(window, qtbot, "a.wav", "b.wav")
    first = window.files.rows[0]
    window.presenter.show_file(first)
    window.file_tagging.remove(window.files.rows[1])
    assert window.presenter.timeline is first.timeline
    window.file_tagging.remove(first)
    qtbot.waitUntil(lambda: window.presenter.timeline.is_live)


def test_a_model_that_failed_says_why_where_the_tags_would_be(window: MainWindow, core: FakeCore, qtbot: QtBot) -> None:
    del core.models[None]
    window.begin()
    qtbot.waitUntil(lambda: window.session.model_failure is not None)
    failure = window.session.model_failure
    assert failure is not None
    assert failure.problem in window.tags.empty.text()


def test_a_file_that_waits_for_its_turn_says_so_until_it_has_scores(
    window: MainWindow, core: FakeCore, qtbot: QtBot
) -> None:
    listen(window, core, qtbot)
    core.gate.clear()
    _add(window, qtbot, "a.wav", "b.wav")
    second = window.files.rows[1]
    assert second.state is FileState.WAITING
    window.presenter.show_file(second)
    assert window.tags.empty.text()
    core.gate.set()
    qtbot.waitUntil(lambda: second.state is FileState.DONE)
    qtbot.waitUntil(lambda: not window.tags.empty.text())


def test_another_model_brings_its_own_classes(window: MainWindow, core: FakeCore, qtbot: QtBot) -> None:
    listen(window, core, qtbot)
    core.models["birds"] = FakeTagger("Birds", ("wren", "owl"))
    window.session.load_model("birds")
    qtbot.waitUntil(lambda: window.session.tagger is core.models["birds"])
    window.tags.search.setText("w")
    assert set(tag_names(window.tags)) == {"Wren", "Owl"}


def test_a_bad_file_shows_its_error(window: MainWindow, core: FakeCore, qtbot: QtBot) -> None:
    core.bad_files["a.wav"] = UserError("It is empty.", "Copy it again.")
    listen(window, core, qtbot)
    _add(window, qtbot, "a.wav")
    window.presenter.show_file(window.files.rows[0])
    qtbot.waitUntil(lambda: window.tags.empty.text() == "It is empty.")


def test_sound_without_a_class_is_not_called_quiet(window: MainWindow, core: FakeCore, qtbot: QtBot) -> None:
    listen(window, core, qtbot)
    core.listeners[0].hear(300, scores=(scores(0, 310, {}),))
    qtbot.waitUntil(lambda: window.tags.quiet.isVisible())
    quiet = window.tags.quiet.text()
    for _ in range(60):
        window.session.updated.emit(LiveUpdate(level=Level(-20.0, -10.0)))
    core.listeners[0].hear(310, scores=(scores(10, 320, {}),))
    qtbot.waitUntil(lambda: window.tags.quiet.isVisible() and window.tags.quiet.text() != quiet)


def test_what_is_heard_is_shown_without_waiting_for_the_next_tick(
    window: MainWindow, core: FakeCore, qtbot: QtBot
) -> None:
    listen(window, core, qtbot)
    core.listeners[0].hear(300, scores=(scores(0, 310, {}),))
    qtbot.waitUntil(lambda: window.tags.quiet.isVisible())
    window.session._timer.setInterval(60_000)
    begun = EventChange(1, 4, 3.0, 0.9, 3.2)
    core.listeners[0].hear(310, scores=(scores(10, 320, {4: 0.9}),), events=(begun,))
    core.listeners[0].when_tagged()
    qtbot.waitUntil(lambda: not window.tags.quiet.isVisible(), timeout=2000)
