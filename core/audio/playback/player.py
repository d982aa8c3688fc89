"""Plays one sound: a thread reads it ahead, the sound card's callback copies, the position is what is heard."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from queue import Empty, Full, Queue

import numpy as np
from numpy.typing import NDArray

from core.audio.playback.output import OpenOutput, Output, open_output
from core.audio.resample import StreamResampler
from core.errors import UserError

_log = logging.getLogger(__name__)
SPEEDS = (1.0, 0.5)
_AHEAD_BLOCKS = 64
_BLOCK = 4096


@dataclass(frozen=True, slots=True)
class PlayableSound:
    """What can be played."""

    start_s: float
    """Where it begins on its own clock: that of the stream, or of the file."""
    sample_rate: int
    """Hz."""
    read: Callable[[], Iterator[NDArray[np.float32]]]
    """Its blocks float32 `(n,)`, one after the other. Called and read on the player's thread; may raise UserError."""


class SoundPlayer:
    """Plays from its making until `stop` or the end of the sound. Made on a pool thread; raises UserError.

    speed: one of SPEEDS; at half speed the pitch is an octave lower.
    """

    def __init__(self, sound: PlayableSound, speed: float = 1.0, open_device: OpenOutput = open_output) -> None:
        if speed not in SPEEDS:
            raise ValueError(f"Sound is played at {SPEEDS}, not at {speed} times its speed.")
        self._sound, self._speed = sound, speed
        self._error: UserError | None = None
        self._blocks: Queue[NDArray[np.float32] | None] = Queue(_AHEAD_BLOCKS)
        self._rest = np.zeros(0, np.float32)
        self._has_all = False
        self._frames_given = self._frames_waited = 0
        self._furthest = 0.0
        self._stop = threading.Event()
        self._output: Output = open_device(sound.sample_rate, self._fill)
        self._thread = threading.Thread(target=self._read, name="playback reader", daemon=True)
        self._thread.start()

    @property
    def position_s(self) -> float:
        """What is heard now, on the sound's clock. Never waits."""
        return self._sound.start_s + self._sound_frames_heard / self._output.sample_rate * self._speed

    @property
    def is_over(self) -> bool:
        """Whether all of it has been heard, or the rest cannot be."""
        return self.failure is not None or (self._has_all and self._sound_frames_heard >= self._frames_given)

    @property
    def failure(self) -> UserError | None:
        """Why it has ended early; None if it has not."""
        if self._error is None and not self._has_all and not self._output.is_alive:
            return UserError("The speakers have stopped playing.", "Check them in the sound settings, then try again.")
        return self._error

    def stop(self) -> None:
        """End it. Hangs as long as the sound server does."""
        self._stop.set()
        self._output.close()
        self._thread.join()

    @property
    def _sound_frames_heard(self) -> float:
        """Without the silence that was heard while the sound was not there yet."""
        heard = min(max(self._output.frames_heard() - self._frames_waited, 0.0), float(self._frames_given))
        # A device corrects its clock; what was heard stays heard.
        self._furthest = max(self._furthest, heard)
        return self._furthest

    # ----- the sound card's thread -----

    def _fill(self, out: NDArray[np.float32]) -> None:
        place = 0
        while place < len(out) and not self._has_all:
            if not len(self._rest) and not self._take_block():
                break
            part = self._rest[: len(out) - place]
            out[place : place + len(part)] = part
            self._rest = self._rest[len(part) :]
            place += len(part)
        self._frames_given += place
        if not self._has_all:
            self._frames_waited += len(out) - place

    def _take_block(self) -> bool:
        """Take the next block, if it is there."""
        try:
            block = self._blocks.get_nowait()
        except Empty:
            return False
        self._has_all = block is None
        self._rest = self._rest if block is None else block
        return block is not None

    # ----- the reading thread -----

    def _read(self) -> None:
        try:
            self._read_all()
        except UserError as error:
            self._error = error
        except Exception as error:
            _log.exception("playing failed")
            self._error = UserError(f"Playing stopped: {error!r}.", "Try again; the log has the details.")

    def _read_all(self) -> None:
        resampler = StreamResampler(self._sound.sample_rate, round(self._output.sample_rate / self._speed))
        for block in self._sound.read():
            for start in range(0, len(block), _BLOCK):
                self._put(resampler.push(block[start : start + _BLOCK]))
            if self._stop.is_set():
                return
        self._put(resampler.flush())
        self._put(None)

    def _put(self, block: NDArray[np.float32] | None) -> None:
        while not self._stop.is_set():
            with suppress(Full):
                self._blocks.put(block, timeout=0.1)
                return
