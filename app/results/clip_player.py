"""Plays one clip at a time through the loudspeakers. Paints nothing and tags nothing.

Reading the clip and opening PortAudio happen on a pool thread. PortAudio's callback copies samples, nothing else.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from itertools import takewhile
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, QTimer, Signal, Slot

from app.runtime.background_jobs import BackgroundJobs
from core.errors import UserError

log = logging.getLogger(__name__)
_SAMPLE_RATE = 44100
_LONGEST_S = 60.0
"""Of a longer recording its beginning is played: whoever looks for mistakes does not want an hour of sound."""


class Sound(Protocol):
    """A clip that is being played. duration_s: until its end."""

    duration_s: float

    def stop(self) -> None: ...


class ClipPlayer(QObject):
    """changed: another clip plays, or none. failed: a UserError for a clip that cannot be played.

    start: reads and plays a clip, on a pool thread (tests give their own).
    """

    changed = Signal()
    failed = Signal(object)

    def __init__(
        self, jobs: BackgroundJobs, parent: QObject | None = None, *, start: Callable[[Path], Sound] | None = None
    ) -> None:
        super().__init__(parent)
        self._jobs, self._start = jobs, start or start_sound
        self._attempt = 0
        self._sound: Sound | None = None
        self.path: Path | None = None
        """The clip that plays, or is being opened."""
        self._end = QTimer(self)
        self._end.setSingleShot(True)
        self._end.timeout.connect(self.stop)

    def play(self, path: Path) -> None:
        """Play a clip from its beginning, in place of the one that plays."""
        self.stop()
        attempt, start = self._attempt, self._start
        self.path = path
        self.changed.emit()
        self._jobs.run(
            lambda: start(path),
            lambda sound: self._on_started(attempt, sound),
            lambda error: self._on_failed(attempt, error),
        )

    @Slot()
    def stop(self) -> None:
        """Play no more."""
        self._attempt += 1
        self._end.stop()
        sound, self._sound = self._sound, None
        if sound is not None:
            # PortAudio may hang for as long as the sound server does.
            self._jobs.run(sound.stop)
        if self.path is not None:
            self.path = None
            self.changed.emit()

    def toggle(self, path: Path) -> None:
        """Play a clip; stop it when it plays already."""
        if self.path == path:
            self.stop()
        else:
            self.play(path)

    def _on_started(self, attempt: int, sound: Sound) -> None:
        if attempt != self._attempt:
            self._jobs.run(sound.stop)
            return
        self._sound = sound
        self._end.start(round(1000 * sound.duration_s) + 200)

    def _on_failed(self, attempt: int, error: UserError) -> None:
        if attempt == self._attempt:
            self.stop()
            self.failed.emit(error)


def start_sound(path: Path) -> Sound:
    """Read the first minute of a clip and play it on the default output. Raises UserError."""
    # Late: the decoder and PortAudio are wanted only once something is to be heard.
    from core.audio.decoding.decode import decode_blocks, fill_gaps

    longest = round(_LONGEST_S * _SAMPLE_RATE)
    blocks = takewhile(lambda block: block.start_sample < longest, fill_gaps(decode_blocks(path, _SAMPLE_RATE)))
    pieces = [block.samples for block in blocks]
    if not pieces:
        raise UserError(f"“{path.name}” holds no sound.", "Take it out of the data.")
    return _PlayedSound(np.concatenate(pieces)[:longest])


class _PlayedSound:
    """An open output stream with its samples `(n,)`."""

    def __init__(self, samples: NDArray[np.float32]) -> None:
        from core.audio.sources.input_devices import load_sounddevice, refresh_devices
        from core.audio.sources.microphone_turns import close_stream, portaudio_turn, start_stream

        self.duration_s = len(samples) / _SAMPLE_RATE
        self._samples, self._place = samples, 0
        self._close_stream = close_stream
        sounddevice = load_sounddevice()
        self._is_over = sounddevice.CallbackStop
        try:
            with portaudio_turn():
                refresh_devices(sounddevice)
                made: Any = sounddevice.OutputStream(
                    samplerate=_SAMPLE_RATE, channels=1, dtype="float32", callback=self._fill
                )
                self._stream = start_stream(made)
        except (sounddevice.PortAudioError, ValueError) as error:
            raise UserError(
                f"The clip cannot be played: {error}.",
                "Check the loudspeakers in the sound settings, or show the clip in its folder and play it there.",
            ) from error

    def stop(self) -> None:
        """Close the stream."""
        self._close_stream(self._stream)

    def _fill(self, out: NDArray[np.float32], n_frames: int, _when: object, _status: object) -> None:
        piece = self._samples[self._place : self._place + n_frames]
        out[: len(piece), 0] = piece
        out[len(piece) :] = 0
        self._place += n_frames
        if self._place >= len(self._samples):
            raise self._is_over
