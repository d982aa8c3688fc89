"""The whole window with the real core opens no socket: it listens to the demo scene, plays, saves and records."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import soundfile
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from app.application import build_window
from app.main_window import MainWindow
from app.runtime.core_api import CoreApi
from core.audio.input_choice import DEMO_SCENE
from core.audio.playback.output import Fill
from core.audio.playback.player import PlayableSound, SoundPlayer
from rig.waiting import PATIENCE_S
from tests.app.conftest import NO_DEVICES
from tests.core.audio.playback.outputs import HandOutput


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """What was tried nevertheless; a pool thread that hits it fails, and this list shows it."""
    tried: list[object] = []

    class NoSocket(socket.socket):
        def __init__(self, *args: object, **options: object) -> None:
            tried.append(args)
            raise OSError("no network in this test")

    def refuse(*args: object, **_: object) -> None:
        tried.append(args)
        raise OSError("no network in this test")

    monkeypatch.setattr(socket, "socket", NoSocket)
    for name in ("create_connection", "getaddrinfo", "gethostbyname"):
        monkeypatch.setattr(socket, name, refuse)
    return tried


@pytest.fixture
def outputs() -> list[HandOutput]:
    return []


@pytest.fixture
def real_window(qapp: QApplication, qtbot: QtBot, tmp_path: Path, outputs: list[HandOutput]) -> Iterator[MainWindow]:
    def play(sound: PlayableSound, speed: float) -> SoundPlayer:
        def open_device(rate: int, fill: Fill) -> HandOutput:
            outputs.append(HandOutput(rate, fill))
            return outputs[-1]

        return SoundPlayer(sound, speed, open_device)

    core = replace(CoreApi(), play_sound=play)
    made = build_window(qapp, settings_path=tmp_path / "settings.ini", core=core, device_command=NO_DEVICES)
    qtbot.addWidget(made)
    made.show()
    yield made
    made.close()
    assert made.file_tagging.close(PATIENCE_S)
    assert made.models.downloads.close(PATIENCE_S)
    assert made.jobs.wait(PATIENCE_S)


@pytest.mark.slow
def test_no_socket_is_opened_while_the_window_listens_plays_saves_and_records(
    no_network: list[object], real_window: MainWindow, outputs: list[HandOutput], qtbot: QtBot, tmp_path: Path
) -> None:
    window, kept = real_window, real_window.sound.kept
    kept.apply(replace(kept.settings, record_folder=str(tmp_path / "recorded")))
    kept.record(True)
    window.begin(DEMO_SCENE)
    qtbot.waitUntil(lambda: window.session.latest_scores is not None)
    qtbot.waitUntil(lambda: window.session.clock.next_frame > 200)
    window.presenter.navigation.select(0.5, 1.5)
    window.menus.actions["play"].trigger()
    qtbot.waitUntil(lambda: bool(outputs))
    qtbot.waitUntil(lambda: (outputs[0].take(480), not window.sound.playback.is_playing)[1])
    stretch = window.sound.stretches.stretch()
    assert stretch is not None
    window.jobs.run(lambda: stretch.save(kept.ring, tmp_path / "a.flac"))
    qtbot.waitUntil((tmp_path / "a.flac").exists)
    samples, rate = soundfile.read(tmp_path / "a.flac", dtype="int16")
    assert len(samples) == rate
    assert samples.any()
    kept.record(False)
    qtbot.waitUntil(lambda: not kept.recorder.is_recording)
    assert list((tmp_path / "recorded").glob("*.flac"))
    assert no_network == []
