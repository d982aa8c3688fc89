"""Token merging from the menu: at once, without a break in the sound, and for the models to come."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
from PySide6.QtGui import QAction
from pytestqt.qtbot import QtBot

from app.live.session import LiveSession
from app.main_window import MainWindow
from app.runtime.background_jobs import BackgroundJobs
from app.runtime.core_api import CoreApi
from app.runtime.settings import MERGE_AMOUNTS, MERGES
from core.audio.block import AudioBlock
from core.audio.input_choice import InputChoice
from core.inference.listener import Listener
from core.inference.results import TagScores
from core.inference.tagger import Tagger
from core.model.merging.schedule import FORMS
from fakes import ListSource, noise_blocks, tiny_tagger
from tests.app.app_fakes import FakeCore, FakeTagger, scores
from tests.app.conftest import MakeWindow
from tests.app.window_driving import listen


def _lines(window: MainWindow) -> dict[str, QAction]:
    return window.model_menu.merging.amounts


def test_every_choice_says_what_is_left(window: MainWindow, core: FakeCore, qtbot: QtBot) -> None:
    assert list(_lines(window)) == list(MERGE_AMOUNTS)
    assert _lines(window)["8"].text() == "8 per layer", "without a model nobody knows"
    listen(window, core, qtbot)
    assert _lines(window)["8"].text() == "8 per layer: 98 → 66 tokens"
    assert _lines(window)["auto"].text() == "Automatic", "what the pace makes of it is not known beforehand"
    assert [merge for merge, action in _lines(window).items() if action.isChecked()] == ["auto"]
    assert window.model_menu.merging.menu.menuAction() in window.menus.model_menu.actions()


def test_a_choice_reaches_the_running_listener_between_two_windows(
    window: MainWindow, core: FakeCore, stored: Callable[[str], object], qtbot: QtBot
) -> None:
    listen(window, core, qtbot)
    listener = core.listeners[-1]
    listener.hear(first_frame=300, frames=10, scores=(scores(0, 300, {0: 0.9}, tokens_in=98, tokens_out=98),))
    qtbot.waitUntil(lambda: window.session.latest_scores is not None)
    said = window.session.latest_scores
    _lines(window)["16"].trigger()
    assert listener.taggers[-1].merge == "16"
    assert window.session.tagger is listener.taggers[-1]
    assert core.listeners == [listener], "the input was not opened again"
    assert not listener.stopped.is_set()
    assert window.session.latest_scores is said, "it is the same model: what it said still holds"
    assert _lines(window)["16"].isChecked()
    listener.hear(first_frame=310, frames=10, scores=(scores(0, 310, {0: 0.9}, tokens_in=98, tokens_out=34),))
    qtbot.waitUntil(lambda: window.session.latest_scores is not said)
    window.statusBar().refresh()  # type: ignore[attr-defined]
    assert "98 → 34 tokens" in window.statusBar().figures.text()  # type: ignore[attr-defined]
    window._parts.settings.flush()
    assert stored("merge") == "16"


def test_the_choice_holds_for_the_next_model_and_the_next_run(
    window: MainWindow, make_window: MakeWindow, core: FakeCore, qtbot: QtBot
) -> None:
    listen(window, core, qtbot)
    _lines(window)["32"].trigger()
    core.models["other"] = FakeTagger("Other")
    window.session.load_model("other")
    qtbot.waitUntil(lambda: window.session.model == "other")
    assert window.session.tagger is not None
    assert window.session.tagger.merge == "32"  # type: ignore[attr-defined]
    window._parts.settings.flush()
    again = make_window()
    again.session.load_model("other")
    qtbot.waitUntil(lambda: again.session.tagger is not None)
    assert _lines(again)["32"].isChecked()
    assert again.session.tagger.merge == "32"  # type: ignore[union-attr]


def test_a_model_without_tokens_offers_nothing_to_merge(
    window: MainWindow, core: FakeCore, monkeypatch: pytest.MonkeyPatch, qtbot: QtBot
) -> None:
    monkeypatch.setattr(FakeTagger, "tokens_with", lambda _self, _merge: (0, 0))
    listen(window, core, qtbot)
    assert not any(action.isEnabled() for action in _lines(window).values())
    assert "no tokens" in _lines(window)["8"].toolTip()


def test_the_way_of_merging_goes_with_the_number(
    window: MainWindow, make_window: MakeWindow, core: FakeCore, stored: Callable[[str], object], qtbot: QtBot
) -> None:
    listen(window, core, qtbot)
    forms = window.model_menu.merging.forms
    assert list(forms) == list(FORMS)
    assert not any(action.isEnabled() or action.isChecked() for action in forms.values()), "the model says which way"
    _lines(window)["16"].trigger()
    assert all(action.isEnabled() for action in forms.values())
    assert forms[""].isChecked()
    forms["energy"].trigger()
    assert core.listeners[-1].taggers[-1].merge == "energy:16"
    assert forms["energy"].isChecked()
    assert _lines(window)["16"].isChecked()
    forms["energy"].trigger()
    assert forms["energy"].isChecked(), "chosen again it stays"
    _lines(window)["8"].trigger()
    assert window.session.merge == "energy:8", "another number, the same way"
    _lines(window)["off"].trigger()
    assert window.session.merge == "off"
    assert not any(action.isEnabled() for action in forms.values())
    _lines(window)["24"].trigger()
    forms["energy-decreasing"].trigger()
    window._parts.settings.flush()
    assert stored("merge") == "energy-decreasing:24"
    again = make_window()
    again.session.load_model("starter")
    qtbot.waitUntil(lambda: again.session.tagger is not None)
    assert again.session.merge == "energy-decreasing:24"
    assert again.model_menu.merging.forms["energy-decreasing"].isChecked()


@pytest.mark.parametrize("merge", MERGES)
def test_every_word_of_the_menu_is_one_of_the_taggers(merge: str) -> None:
    before, after = tiny_tagger().with_merge(merge).tokens_with(merge)
    assert 0 < after <= before
    assert (after == before) == (merge in ("auto", "off"))


class _PacedSource(ListSource):
    """A block of 50 ms every 5 ms, so that windows come one by one."""

    def read(self, timeout_s: float) -> AudioBlock | None:
        time.sleep(0.005)
        return super().read(timeout_s)


def test_the_real_model_merges_otherwise_in_a_stream_that_goes_on(jobs: BackgroundJobs, qtbot: QtBot) -> None:
    def open_listener(_choice: InputChoice, tagger: Tagger | None, _tap: object = None) -> Listener:
        listener = Listener(_PacedSource(noise_blocks(60.0), ends=False), tagger=tagger)
        listener.start()
        return listener

    session = LiveSession(CoreApi(open_listener=open_listener, load_tagger=lambda _model: tiny_tagger()), jobs)
    heard: list[TagScores] = []
    session.updated.connect(lambda update: heard.extend(update.scores))
    session.load_model(None)
    qtbot.waitUntil(lambda: session.tagger is not None)
    session.start()
    qtbot.waitUntil(lambda: bool(heard))
    session.use_merge("8")
    n_before, frames_before = len(heard), session.clock.next_frame
    qtbot.waitUntil(lambda: len(heard) >= n_before + 2)
    assert all(window.tokens_out == window.tokens_in for window in heard[:n_before])
    assert all(window.tokens_out < window.tokens_in for window in heard[n_before:]), "every window after the choice"
    assert session.clock.next_frame > frames_before
    assert session.is_listening
    session.stop()
