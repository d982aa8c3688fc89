"""Sound for tests of the window: a listener that hears what the picture shows."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from pytestqt.qtbot import QtBot

from app.main_window import MainWindow
from core.audio.block import AudioBlock
from core.audio.kept.pieces import to_float
from tests.app.app_fakes import FakeCore, FakeListener
from tests.app.window_driving import listen

RATE = 8000


def numbers(seconds: float, seed: int = 7) -> NDArray[np.int16]:
    """Loud samples, none of them zero."""
    return np.random.default_rng(seed).integers(1000, 30_000, round(seconds * RATE)).astype(np.int16)


def hear_sound(window: MainWindow, listener: FakeListener, samples: NDArray[np.int16], first_sample: int = 0) -> None:
    """Push samples into the tap of a listener, and wait until they are kept."""
    assert listener.tap is not None
    for start in range(0, len(samples), 800):
        block = AudioBlock(to_float(samples[start : start + 800]), first_sample + start, RATE)
        listener.tap.push(block)
    assert window.sound.kept.sound.flush()


def listen_to_sound(window: MainWindow, core: FakeCore, qtbot: QtBot, seconds: float = 3.0) -> NDArray[np.int16]:
    """Listen to three seconds, which the picture shows and the ring keeps."""
    listen(window, core, qtbot)
    samples = numbers(seconds)
    hear_sound(window, core.listeners[-1], samples)
    return samples


def play_all(window: MainWindow, core: FakeCore, qtbot: QtBot) -> NDArray[np.float32]:
    """Everything that is heard until the playback ends, without silence."""
    qtbot.waitUntil(lambda: bool(core.outputs))
    output = core.outputs[-1]
    qtbot.waitUntil(lambda: (output.take(400), not window.sound.playback.is_playing)[1])
    return output.taken[output.taken != 0]
