"""One open PortAudio stream and the queue that its callback fills.

Two threads meet here. PortAudio's callback copies, enqueues without waiting and counts, nothing else. The reader's
thread does everything else, and only it calls PortAudio; any such call may hang as long as the sound server does.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from queue import Empty, Full, Queue
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.audio.input_device import InputDevice
from core.audio.sources.input_devices import find_input, refresh_devices
from core.audio.sources.microphone_turns import close_stream, portaudio_turn, start_stream
from core.audio.sources.portaudio_words import portaudio_words
from core.audio.steady_clock import steady_s
from core.errors import UserError

_LATENCY_S = 0.1
# Drivers send blocks of about 5 to 20 ms: room for ten seconds or more while the reader is held up.
_QUEUE_BLOCKS = 2000
# ALSA's "default" claims 32 channels; a microphone has one or two, and the rest costs time in the callback.
_USUAL_CHANNELS = 2


@dataclass(frozen=True, slots=True)
class CapturedBlock:
    """samples: float32 `(n_frames, channels)`. first_frame: frames since the stream was opened.
    arrived_s: on the steady clock. overflows: how often the device has lost samples so far."""

    samples: NDArray[np.float32]
    first_frame: int
    arrived_s: float
    overflows: int


class MicrophoneStream:
    """Refreshes the list of devices and opens `device_name` (None: the default). Raises UserError.

    sample_rate: Hz, as requested or else the device's own. latency_s: from the sound to the callback, as PortAudio
    reports it. dropped_blocks: those that found the queue full.
    last_arrival_s: when the callback was last called, or when the stream was opened.
    """

    def __init__(
        self,
        sounddevice: ModuleType,
        device_name: str | None,
        wanted_rate: int | None,
        clock: Callable[[], float] = steady_s,
    ) -> None:
        self.dropped_blocks = 0
        self.last_arrival_s = clock()
        self._clock = clock
        self._portaudio_error = sounddevice.PortAudioError
        self._blocks: Queue[CapturedBlock] = Queue(_QUEUE_BLOCKS)
        self._frames_seen = 0
        self._overflows = 0
        self._has_finished = False
        try:
            with portaudio_turn():
                refresh_devices(sounddevice)
                index, self.device = find_input(sounddevice, device_name)
                self._stream, self.sample_rate = self._open(sounddevice, index, self.device, wanted_rate)
                self.latency_s = float(self._stream.latency)
        except self._portaudio_error as error:
            raise UserError(
                f"The microphone “{device_name or 'default'}” cannot be opened: {portaudio_words(error)}.",
                "Close other programs that use it, check the permission for the microphone, or choose another.",
            ) from error
        self.last_arrival_s = clock()

    @property
    def is_alive(self) -> bool:
        """Whether PortAudio is still running the stream."""
        try:
            return not self._has_finished and self._stream.active
        except self._portaudio_error:
            return False

    def take(self, timeout_s: float) -> CapturedBlock | None:
        """The next block, or None if none came within `timeout_s` seconds."""
        try:
            return self._blocks.get(timeout=timeout_s) if timeout_s > 0 else self._blocks.get_nowait()
        except Empty:
            return None

    def close(self) -> None:
        """Close the stream. Hangs as long as the sound server does."""
        close_stream(self._stream)

    def _open(
        self, sounddevice: ModuleType, index: int, device: InputDevice, wanted_rate: int | None
    ) -> tuple[Any, int]:
        """Try sample rates and channel counts in order of preference; raises the last error."""
        rates = dict.fromkeys([wanted_rate or device.sample_rate, device.sample_rate])
        usual = min(device.channels, _USUAL_CHANNELS)
        attempts = [(rate, channels) for rate in rates for channels in dict.fromkeys([usual, device.channels, 1])]
        for rate, channels in attempts:
            try:
                return self._start(sounddevice, index, rate, channels), rate
            except self._portaudio_error:
                if (rate, channels) == attempts[-1]:
                    raise
        raise AssertionError("there is always an attempt")

    def _start(self, sounddevice: ModuleType, index: int, rate: int, channels: int) -> Any:
        stream = sounddevice.InputStream(
            device=index,
            samplerate=rate,
            channels=channels,
            dtype="float32",
            blocksize=0,
            latency=_LATENCY_S,
            callback=self._on_block,
            finished_callback=self._on_finished,
        )
        return start_stream(stream)

    def _on_block(self, frames: NDArray[np.float32], n_frames: int, _when: object, status: Any) -> None:
        self.last_arrival_s = self._clock()
        self._overflows += bool(status.input_overflow)
        block = CapturedBlock(frames.copy(), self._frames_seen, self.last_arrival_s, self._overflows)
        self._frames_seen += n_frames
        try:
            self._blocks.put_nowait(block)
        except Full:
            self.dropped_blocks += 1

    def _on_finished(self) -> None:
        self._has_finished = True
