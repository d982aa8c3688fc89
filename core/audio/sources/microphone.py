"""A microphone as a source: mono blocks on a clock that does not drift, even if it is unplugged or crashes.

The reader's thread calls everything here. Calls into PortAudio may hang as long as the sound server does, so `trouble`
is set and shown (`read` returns None once) before recovery is attempted.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np

from core.audio.block import AudioBlock
from core.audio.resample import StreamResampler
from core.audio.sources.input_devices import load_sounddevice
from core.audio.sources.microphone_stream import CapturedBlock, MicrophoneStream
from core.audio.sources.stream_clock import StreamClock
from core.audio.steady_clock import steady_s
from core.errors import UserError

_STALE_S = 1.0
_BACK_OFF_S = (0.5, 1.0, 2.0, 4.0)
_SILENT_S = 3.0


class Microphone:
    """Source of the device with a name; None is whichever device is the default when it is opened.

    Blocks have the device's own rate and are the mean of its channels. When no samples arrive for a second, the device
    is reopened by its name until that succeeds; the time that passed is a gap in `start_sample`.
    overflows: how often the device has reported lost samples.
    """

    is_live = True

    def __init__(
        self,
        device_name: str | None = None,
        *,
        clock: Callable[[], float] = steady_s,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.name = device_name or "Default microphone"
        self.sample_rate = 0
        self.dropped_blocks = 0
        self.latency_s = 0.0
        self.overflows = 0
        self.trouble: UserError | None = None
        self._device_name = device_name
        self._clock = clock
        self._sleep = sleep
        self._capture: MicrophoneStream | None = None
        self._stream_clock = StreamClock(1)
        self._resampler: StreamResampler | None = None
        self._next_frame = 0
        self._overflows_seen = 0
        self._dropped_before = 0
        self._is_torn = False
        self._silent_frames = 0
        self._failed_attempts = 0
        self._next_attempt_s: float | None = None

    def open(self) -> None:
        """Start capturing. Raises UserError when PortAudio or the device is missing, or the device refuses."""
        self.close()
        self._begin(wanted_rate=None)
        assert self._capture is not None
        self.sample_rate = self._capture.sample_rate
        self._stream_clock = StreamClock(self.sample_rate)
        self._resampler = None
        self._is_torn = False
        self._silent_frames = 0
        self.trouble = None

    def read(self, timeout_s: float) -> AudioBlock | None:
        """The next block, or None if none came in time or recovery is in progress."""
        if self._next_attempt_s is not None:
            self._recover(timeout_s)
            return None
        if self._capture is None:
            raise RuntimeError("A microphone must be opened before it is read.")
        placed = None
        while placed is None and (block := self._capture.take(timeout_s)) is not None:
            placed = self._placed(block)
        self.dropped_blocks = self._dropped_before + self._capture.dropped_blocks
        if placed is None:
            self._notice_death()
        return placed

    def close(self) -> None:
        """Stop and release. Harmless when called twice or before `open`."""
        self._next_attempt_s = None
        self._failed_attempts = 0
        self._drop_capture()

    def _begin(self, wanted_rate: int | None) -> None:
        self._capture = MicrophoneStream(load_sounddevice(), self._device_name, wanted_rate, self._clock)
        self.name = self._capture.device.name
        self._next_frame = 0
        self._overflows_seen = 0

    def _drop_capture(self) -> None:
        if self._capture is not None:
            capture, self._capture = self._capture, None
            self._dropped_before += capture.dropped_blocks
            capture.close()

    def _placed(self, block: CapturedBlock) -> AudioBlock | None:
        """The block in mono, at the source's rate and on its clock; None while the resampler has no output yet."""
        assert self._capture is not None
        self._watch_silence(block)
        lost_s = (block.first_frame - self._next_frame) / self._capture.sample_rate
        self._next_frame = block.first_frame + len(block.samples)
        is_torn = self._is_torn or block.overflows > self._overflows_seen
        self.overflows += block.overflows - self._overflows_seen
        self._overflows_seen = block.overflows
        samples = np.ascontiguousarray(block.samples.mean(axis=1, dtype=np.float32))
        if self._resampler is not None:
            samples = self._resampler.push(samples)
        self._is_torn = (is_torn or lost_s > 0) and not len(samples)
        if not len(samples):
            return None
        lost = round(lost_s * self.sample_rate)
        self.latency_s = self._capture.latency_s + self._clock() - block.arrived_s
        start = self._stream_clock.place(len(samples), block.arrived_s, lost, is_torn)
        return AudioBlock(samples, start, self.sample_rate)

    def _watch_silence(self, block: CapturedBlock) -> None:
        """Samples arrive, so there is no trouble, unless they have all been exactly zero for too long."""
        assert self._capture is not None
        self._failed_attempts = 0
        self._silent_frames = 0 if block.samples.any() else self._silent_frames + len(block.samples)
        is_silent = self._silent_frames >= _SILENT_S * self._capture.sample_rate
        self.trouble = _digital_silence(self.name) if is_silent else None

    def _notice_death(self) -> None:
        """Report it if no samples arrive any more; the next `read` then tries to recover."""
        assert self._capture is not None
        if self._capture.is_alive and self._clock() - self._capture.last_arrival_s < _STALE_S:
            return
        self.trouble = _stopped(self.name)
        self._next_attempt_s = self._clock()

    def _recover(self, timeout_s: float) -> None:
        """Reopen the device once it is time to; wait at most `timeout_s` for that."""
        assert self._next_attempt_s is not None
        wait_s = self._next_attempt_s - self._clock()
        if wait_s > 0:
            self._sleep(min(wait_s, timeout_s))
            return
        try:
            self._drop_capture()
            self._begin(wanted_rate=self.sample_rate)
        except UserError as error:
            self.trouble = error
            self._next_attempt_s = self._clock() + self._back_off_s()
            return
        self._next_attempt_s = None
        self._is_torn = True
        assert self._capture is not None
        same_rate = self._capture.sample_rate == self.sample_rate
        self._resampler = None if same_rate else StreamResampler(self._capture.sample_rate, self.sample_rate)

    def _back_off_s(self) -> float:
        wait_s = _BACK_OFF_S[min(self._failed_attempts, len(_BACK_OFF_S) - 1)]
        self._failed_attempts += 1
        return wait_s


def _stopped(name: str) -> UserError:
    return UserError(
        f"The microphone “{name}” has stopped sending sound.",
        "Check its plug and the sound settings; it resumes by itself as soon as it responds.",
    )


def _digital_silence(name: str) -> UserError:
    return UserError(
        f"The microphone “{name}” sends only digital silence.",
        "Check its mute switch, and whether the privacy settings allow this program to use the microphone.",
    )
