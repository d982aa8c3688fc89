"""A scripted stand-in for the module sounddevice, and a clock that a test turns by hand. Makes no sound."""

from __future__ import annotations

import sys
import threading
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from core.audio.sources.microphone_turns import open_streams


class FakePortAudioError(Exception):
    """Stands for sounddevice.PortAudioError."""


class VirtualClock:
    """Time that passes when told to, or when someone sleeps."""

    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s

    def sleep(self, seconds: float) -> None:
        self.now_s += seconds


def device(name: str, channels: int = 1, rate: float = 48_000.0, host_api: int = 0) -> dict[str, Any]:
    """One row of `query_devices`."""
    return {"name": name, "hostapi": host_api, "max_input_channels": channels, "default_samplerate": rate}


@dataclass
class FakeSounddevice:
    """What is plugged in (`plugged`), what PortAudio has read of it (`devices`), and the streams opened."""

    plugged: list[dict[str, Any]]
    clock: VirtualClock
    default_index: int = 0
    refused_rates: set[int] = field(default_factory=set)
    refused_channels: set[int] = field(default_factory=set)
    failing_start: str | None = None
    may_open: threading.Event = field(default_factory=threading.Event)
    """Cleared: opening hangs, as while the sound server does."""
    calls: list[str] = field(default_factory=list)
    streams: list[FakeInputStream] = field(default_factory=list)
    PortAudioError: type[Exception] = FakePortAudioError

    def __post_init__(self) -> None:
        self.devices = list(self.plugged)
        self.is_initialized = True
        self.may_open.set()

    @property
    def default(self) -> SimpleNamespace:
        return SimpleNamespace(device=(self.default_index if self.devices else -1, -1))

    @property
    def stream(self) -> FakeInputStream:
        return self.streams[-1]

    def query_devices(self) -> list[dict[str, Any]]:
        return self.devices

    def query_hostapis(self) -> list[dict[str, str]]:
        return [{"name": "ALSA"}, {"name": "JACK"}]

    def _terminate(self) -> None:
        self.calls.append("terminate")
        assert not [stream for stream in self.streams if not stream.closed], (
            "a stream was open when PortAudio was ended"
        )
        if not self.is_initialized:
            raise FakePortAudioError("PortAudio not initialized")
        self.is_initialized = False

    def _initialize(self) -> None:
        self.calls.append("initialize")
        if self.failing_start:
            raise FakePortAudioError(self.failing_start)
        self.is_initialized = True
        self.devices = list(self.plugged)

    def InputStream(self, **options: Any) -> FakeInputStream:
        if options["samplerate"] in self.refused_rates:
            raise FakePortAudioError("Invalid sample rate [PaErrorCode -9997]")
        if options["channels"] in self.refused_channels:
            raise FakePortAudioError("Invalid number of channels [PaErrorCode -9998]")
        self.streams.append(FakeInputStream(self, options))
        assert self.may_open.wait(60)
        return self.streams[-1]


class FakeInputStream:
    """A stream whose callback the test calls."""

    def __init__(self, module: FakeSounddevice, options: dict[str, Any]) -> None:
        self.module = module
        self.options = options
        self.device_name: str = module.devices[options["device"]]["name"]
        self.active = False
        self.latency = 0.1
        self.closed = False
        self.may_abort = threading.Event()
        self.may_abort.set()

    def start(self) -> None:
        self.active = True

    def abort(self, ignore_errors: bool = True) -> None:
        self.module.calls.append("abort")
        assert self.may_abort.wait(60)
        self.active = False

    def close(self, ignore_errors: bool = True) -> None:
        self.module.calls.append("close")
        self.closed = True

    def give(self, frames: np.ndarray, *, overflow: bool = False, takes_time: bool = True) -> None:
        """Let the clock run for as long as `frames` `(n,)` or `(n, channels)` last, then deliver them."""
        frames = np.asarray(frames, dtype=np.float32)
        if frames.ndim == 1:
            frames = np.repeat(frames[:, None], self.options["channels"], axis=1)
        if takes_time:
            self.module.clock.sleep(len(frames) / self.options["samplerate"])
        memory = frames.copy()
        self.options["callback"](memory, len(memory), None, SimpleNamespace(input_overflow=overflow))
        memory[:] = 99.0  # PortAudio writes over its buffer as soon as the callback has returned

    def die(self) -> None:
        """What a crashed sound server looks like."""
        self.active = False
        self.options["finished_callback"]()


def install_fake(monkeypatch: pytest.MonkeyPatch, *plugged: dict[str, Any]) -> FakeSounddevice:
    """Put a fake in the place of sounddevice; without `plugged` one mono microphone "Mic" is there."""
    fake = FakeSounddevice(list(plugged) or [device("Mic")], VirtualClock())
    monkeypatch.setitem(sys.modules, "sounddevice", fake)
    open_streams.clear()
    return fake
