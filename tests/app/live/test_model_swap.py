"""A model swapped into a running session: the sound goes on, and no score is named by labels that are not its own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from pytestqt.qtbot import QtBot

from app.live.session import LiveSession
from app.runtime.background_jobs import BackgroundJobs
from core.errors import UserError
from core.labels import LabelSet
from tests.app.app_fakes import FakeCore, FakeListener, FakeTagger, scores

pytestmark = pytest.mark.slow

OLD, NEW = FakeTagger("Old", ("dog", "rain")), FakeTagger("New", ("wren", "owl"))


@pytest.fixture
def session(core: FakeCore, jobs: BackgroundJobs) -> Iterator[LiveSession]:
    core.models |= {"old": OLD, "new": NEW}
    made = LiveSession(core.api(), jobs)
    yield made
    core.let_go()
    made.stop()


@pytest.fixture
def listener(session: LiveSession, core: FakeCore, qtbot: QtBot) -> FakeListener:
    """Listening with the old model."""
    session.load_model("old")
    session.start()
    qtbot.waitUntil(lambda: bool(core.listeners))
    core.listeners[0].hear()
    qtbot.waitUntil(lambda: session.is_listening and session.tagger is OLD)
    return core.listeners[0]


def test_the_last_scores_of_the_old_model_keep_their_labels(
    session: LiveSession, listener: FakeListener, core: FakeCore, qtbot: QtBot
) -> None:
    heard: list[LabelSet | None] = []
    session.updated.connect(lambda update: heard.append(session.labels) if update.scores else None)
    core.model_gate.clear()
    session.load_model("new")
    session._timer.stop()
    listener.hear(10, scores=(scores(0, 20, {1: 0.8}, labels=2),))
    core.model_gate.set()
    qtbot.waitUntil(lambda: session.tagger is NEW)
    assert heard == [OLD.labels]
    assert session.latest_scores is None, "the new model has said nothing yet"
    assert listener.taggers[-1] is NEW
    assert not listener.stopped.is_set()
    assert core.listeners == [listener]


def test_a_model_that_cannot_listen_leaves_the_old_one(
    session: LiveSession, listener: FakeListener, monkeypatch: pytest.MonkeyPatch, qtbot: QtBot
) -> None:
    refusal = UserError("New was trained on other frames.", "Choose another model.")

    def refuse(_tagger: object) -> None:
        raise refusal

    monkeypatch.setattr(listener, "use_tagger", refuse)
    with qtbot.waitSignal(session.model_failed) as failed:
        session.load_model("new")
    assert failed.args == [refusal]
    assert session.tagger is OLD
    assert not session.is_loading_model
    assert session.is_listening
