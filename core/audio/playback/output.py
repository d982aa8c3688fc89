"""An open output of the sound card, which asks for samples and knows how many have been heard."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from core.audio.sources.input_devices import load_sounddevice, refresh_devices
from core.audio.sources.microphone_turns import close_stream, portaudio_turn, start_stream
from core.audio.sources.portaudio_words import portaudio_words
from core.errors import UserError

Fill = Callable[[NDArray[np.float32]], None]
"""Fills an array `(n,)` with the next samples. Called by the sound card's thread: it must not wait."""
_LATENCY_S = 0.1


class Output(Protocol):
    """An output that is playing."""

    sample_rate: int
    """Hz."""

    def frames_heard(self) -> float:
        """How many of the frames asked for have left the speakers, by the device's own clock. Never waits."""
        ...

    @property
    def is_alive(self) -> bool:
        """Whether the device still asks for samples. Never waits."""
        ...

    def close(self) -> None:
        """Stop at once. Hangs as long as the sound server does."""
        ...


OpenOutput = Callable[[int, Fill], Output]
"""Opens an output that prefers this rate, Hz. Raises UserError."""


def open_output(sample_rate: int, fill: Fill) -> Output:
    """The default output of this computer. Raises UserError where there is none or it refuses."""
    return _SoundCard(load_sounddevice(), sample_rate, fill)


class _SoundCard:
    """PortAudio's default output, at the wanted rate or else its own."""

    def __init__(self, sounddevice: ModuleType, wanted_rate: int, fill: Fill) -> None:
        self._fill = fill
        self._frames_asked = 0
        # The first frame of the newest block, when it will be heard, and when it was asked for (monotonic).
        self._newest = _nothing_asked()
        self._has_finished = False
        try:
            with portaudio_turn():
                refresh_devices(sounddevice)
                self._stream, self.sample_rate = self._open(sounddevice, wanted_rate)
                self._latency_s = float(self._stream.latency)
        except (sounddevice.PortAudioError, ValueError) as error:
            raise UserError(
                f"The sound cannot be played: {portaudio_words(error)}.",
                "Check the speakers in the sound settings, then try again.",
            ) from error

    @property
    def is_alive(self) -> bool:
        return not self._has_finished and time.monotonic() - self._newest[2] < 2.0

    def frames_heard(self) -> float:
        first, heard_at_s, _ = self._newest
        passed = (time.monotonic() - heard_at_s) * self.sample_rate
        return min(max(first + passed, 0.0), float(self._frames_asked))

    def close(self) -> None:
        close_stream(self._stream)

    def _open(self, sounddevice: ModuleType, wanted_rate: int) -> tuple[Any, int]:
        """Try rates and channel counts in order of preference; raises the last error."""
        error: Exception | None = None
        for rate, channels in _attempts(sounddevice, wanted_rate):
            try:
                return self._start(sounddevice, rate, channels), rate
            except sounddevice.PortAudioError as refusal:
                error = error or refusal
        assert error is not None, "there is always an attempt"
        raise error

    def _start(self, sounddevice: ModuleType, rate: int, channels: int) -> Any:
        self._latency_s, self.sample_rate = _LATENCY_S, rate
        stream = sounddevice.OutputStream(
            samplerate=rate,
            channels=channels,
            dtype="float32",
            latency=_LATENCY_S,
            callback=self._on_block,
            finished_callback=self._on_finished,
        )
        # Opening may have taken seconds; from here on the device has to ask.
        self._newest = _nothing_asked()
        return start_stream(stream)

    def _on_block(self, out: NDArray[np.float32], n_frames: int, when: Any, _status: object) -> None:
        now_s = time.monotonic()
        # Some sound systems do not say when a block will be heard.
        ahead_s = when.outputBufferDacTime - when.currentTime if when and when.outputBufferDacTime else self._latency_s
        self._newest = (self._frames_asked, now_s + ahead_s, now_s)
        self._frames_asked += n_frames
        mono = np.zeros(n_frames, np.float32)
        self._fill(mono)
        out[:] = mono[:, None]

    def _on_finished(self) -> None:
        self._has_finished = True


def _nothing_asked() -> tuple[int, float, float]:
    now_s = time.monotonic()
    return 0, now_s + _LATENCY_S, now_s


def _attempts(sounddevice: ModuleType, wanted_rate: int) -> Iterator[tuple[int, int]]:
    """Rates and channel counts."""
    yield from ((wanted_rate, channels) for channels in (1, 2))
    own_rate = round(float(sounddevice.query_devices(kind="output")["default_samplerate"]))
    yield from ((own_rate, channels) for channels in (1, 2))
