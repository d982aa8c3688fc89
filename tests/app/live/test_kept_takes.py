"""The sound of each input is kept at its place on the live clock; that of an input that never came is not."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from app.live.session import LiveSession
from app.runtime.background_jobs import BackgroundJobs
from core.audio.block import AudioBlock
from core.audio.input_choice import DEMO_SCENE, InputChoice
from core.audio.kept.kept_sound import KeptSound
from core.audio.kept.ring import SoundRing
from core.errors import UserError
from tests.app.app_fakes import FakeCore, FakeListener


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[KeptSound]:
    made = KeptSound(SoundRing(tmp_path / "sound"))
    yield made
    assert made.close()


@pytest.fixture
def session(core: FakeCore, jobs: BackgroundJobs, kept: KeptSound) -> Iterator[LiveSession]:
    made = LiveSession(core.api(), jobs, None, kept)
    yield made
    core.let_go()
    made.stop()


def _hear(listener: FakeListener, value: float, seconds: float = 1.0) -> None:
    assert listener.tap is not None
    listener.tap.push(AudioBlock(np.full(round(8000 * seconds), value, np.float32), 0, 8000))
    listener.hear(frames=round(100 * seconds))


def test_each_inputs_sound_lies_where_its_picture_is(
    session: LiveSession, core: FakeCore, kept: KeptSound, qtbot: QtBot
) -> None:
    session.start()
    qtbot.waitUntil(lambda: len(core.listeners) == 1)
    _hear(core.listeners[0], 0.25)
    qtbot.waitUntil(lambda: session.is_listening)
    session.stop()
    session.start()
    qtbot.waitUntil(lambda: len(core.listeners) == 2)
    _hear(core.listeners[1], 0.5)
    qtbot.waitUntil(lambda: session.is_listening)
    assert kept.flush()
    first, second = kept.ring.read(0, 1e9)
    assert first.start_s == 0.0
    assert second.start_s == session.clock.first_frame / 100 > 0.99
    assert (first.samples[0], second.samples[0]) == (8192, 16384)


def test_an_input_that_fails_leaves_no_sound(
    session: LiveSession, core: FakeCore, kept: KeptSound, qtbot: QtBot
) -> None:
    session.start()
    qtbot.waitUntil(lambda: len(core.listeners) == 1)
    _hear(core.listeners[0], 0.25)
    qtbot.waitUntil(lambda: session.is_listening)
    session.choose_input(InputChoice("microphone", "Other"))
    qtbot.waitUntil(lambda: len(core.listeners) == 2)
    other = core.listeners[1]
    assert other.tap is not None
    other.tap.push(AudioBlock(np.full(8000, 0.5, np.float32), 0, 8000))
    with qtbot.waitSignal(session.input_failed):
        other.hear(frames=0, has_ended=True, failure=UserError("It is broken.", "Mend it."))
    assert kept.flush()
    assert {int(piece.samples[0]) for piece in kept.ring.read(0, 1e9)} == {8192}
    assert kept.ring.n_bytes == 16_000


def test_an_input_that_is_given_up_leaves_no_sound(
    session: LiveSession, core: FakeCore, kept: KeptSound, qtbot: QtBot
) -> None:
    session.choose_input(DEMO_SCENE)
    qtbot.waitUntil(lambda: len(core.listeners) == 1)
    tap = core.listeners[0].tap
    assert tap is not None
    tap.push(AudioBlock(np.full(8000, 0.5, np.float32), 0, 8000))
    session.stop()
    assert kept.flush()
    assert kept.ring.n_bytes == 0
