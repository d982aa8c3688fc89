"""The sound card: what it is asked for, what it refuses, and when its samples are heard."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from core.audio.playback import output
from core.audio.sources.microphone_turns import open_streams
from core.errors import UserError


class PortAudioError(Exception):
    """As sounddevice has it."""


class FakeStream:
    """An output stream whose callback a test calls."""

    def __init__(self, callback: Any, finished_callback: Any, **options: Any) -> None:
        self.callback, self.finished, self.options = callback, finished_callback, options
        self.latency, self.is_closed = 0.05, False

    def start(self) -> None: ...
    def abort(self, ignore_errors: bool) -> None: ...

    def close(self, ignore_errors: bool) -> None:
        self.is_closed = True

    def ask(self, n_frames: int, ahead_s: float = 0.0) -> NDArray[np.float32]:
        out = np.full((n_frames, self.options["channels"]), 9.0, np.float32)
        self.callback(out, n_frames, SimpleNamespace(currentTime=7.0, outputBufferDacTime=7.0 + ahead_s), None)
        return out


class FakeSoundDevice(SimpleNamespace):
    """refused: the rates and channel counts that it does not play."""

    def __init__(self, refused: tuple[tuple[int, int], ...] = ()) -> None:
        super().__init__(PortAudioError=PortAudioError, _terminate=lambda: None, _initialize=lambda: None)
        self.refused, self.streams = refused, []

    def OutputStream(self, samplerate: int, channels: int, **options: Any) -> FakeStream:
        if (samplerate, channels) in self.refused:
            raise PortAudioError("Invalid sample rate")
        self.streams.append(FakeStream(samplerate=samplerate, channels=channels, **options))
        return self.streams[-1]

    def query_devices(self, kind: str) -> dict[str, float]:
        return {"default_samplerate": 44100.0}


def opened(device: FakeSoundDevice, monkeypatch: pytest.MonkeyPatch, rate: int = 48_000) -> output.Output:
    monkeypatch.setattr(output, "load_sounddevice", lambda: device)
    return output.open_output(rate, lambda out: out.fill(0.5))


@pytest.mark.parametrize(
    ("refused", "played"),
    [
        ((), (48_000, 1)),
        (((48_000, 1),), (48_000, 2)),
        (((48_000, 1), (48_000, 2)), (44_100, 1)),
        (((48_000, 1), (48_000, 2), (44_100, 1)), (44_100, 2)),
    ],
)
def test_the_best_that_the_device_can_play_is_used(
    monkeypatch: pytest.MonkeyPatch, refused: tuple[tuple[int, int], ...], played: tuple[int, int]
) -> None:
    device = FakeSoundDevice(refused)
    made = opened(device, monkeypatch)
    assert (made.sample_rate, device.streams[0].options["channels"]) == (played[0], played[1])
    assert device.streams[0] in open_streams, "no microphone ends PortAudio under it"
    np.testing.assert_array_equal(device.streams[0].ask(10), np.full((10, played[1]), 0.5))
    made.close()
    assert device.streams[0].is_closed
    assert not open_streams


def test_without_speakers_the_problem_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    device = FakeSoundDevice(tuple((rate, channels) for rate in (48_000, 44_100) for channels in (1, 2)))
    with pytest.raises(UserError, match="Invalid sample rate"):
        opened(device, monkeypatch)
    assert not open_streams


def test_a_frame_is_heard_when_the_device_says(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr(output.time, "monotonic", lambda: now[0])
    device = FakeSoundDevice()
    made = opened(device, monkeypatch)
    assert made.frames_heard() == 0
    device.streams[0].ask(4800, ahead_s=0.2)
    assert made.frames_heard() == 0
    now[0] += 0.25
    assert made.frames_heard() == pytest.approx(0.05 * 48_000, abs=1)
    now[0] += 1.0
    assert made.frames_heard() == 4800, "no more than were asked for"
    device.streams[0].ask(4800, ahead_s=0.1)
    assert made.frames_heard() == pytest.approx(0, abs=1), "it lags: the device says that it plays later"
    assert made.is_alive
    now[0] += 3.0
    assert not made.is_alive, "it asks no more"
    made.close()


def test_speakers_that_take_seconds_to_open_are_alive_before_they_ask(monkeypatch: pytest.MonkeyPatch) -> None:
    now, device = [100.0], FakeSoundDevice()
    monkeypatch.setattr(output.time, "monotonic", lambda: now[0])
    open_stream = device.OutputStream

    def slow(**options: Any) -> FakeStream:
        now[0] += 5.0
        return open_stream(**options)

    monkeypatch.setattr(device, "OutputStream", slow)
    made = opened(device, monkeypatch)
    assert made.is_alive
    made.close()


def test_a_stream_that_has_finished_is_not_alive(monkeypatch: pytest.MonkeyPatch) -> None:
    device = FakeSoundDevice()
    made = opened(device, monkeypatch)
    assert made.is_alive
    device.streams[0].finished()
    assert not made.is_alive
    made.close()
