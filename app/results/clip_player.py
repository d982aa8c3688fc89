"""Plays clips through the speakers, one at a time.

A pool thread reads the clip and opens PortAudio, whose callback only copies samples.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, QTimer, Signal, Slot

from app.runtime.background_jobs import BackgroundJobs
from app.style import formatting
from core.errors import UserError

log = logging.getLogger(__name__)
_SAMPLE_RATE = 44100
_LONGEST_S = 60.0
"""Only the first minute of a longer clip is played."""


@dataclass(frozen=True, slots=True)
class Clip:
    """A file, or the part of it from start_s to end_s (None: to the end of the file)."""

    path: Path
    start_s: float = 0.0
    end_s: float | None = None

    @property
    def is_whole(self) -> bool:
        """The clip is the whole file."""
        return self.start_s == 0.0 and self.end_s is None

    @property
    def name(self) -> str:
        """The file's name, and the part of it, such as `a.wav (0:01.0–0:03.5)`."""
        if self.is_whole:
            return self.path.name
        end = "end" if self.end_s is None else formatting.duration(self.end_s, tenths=True)
        return f"{self.path.name} ({formatting.duration(self.start_s, tenths=True)}–{end})"


class Sound(Protocol):
    """A clip that is playing."""

    duration_s: float
    """Its length."""

    def stop(self) -> None: ...


class ClipPlayer(QObject):
    """Plays one clip at a time. start: reads a clip and starts to play it, on a pool thread (replaced in tests)."""

    changed = Signal()
    """Another clip plays, or none. No payload."""
    failed = Signal(object)
    """A UserError: the clip cannot be played."""

    def __init__(
        self, jobs: BackgroundJobs, parent: QObject | None = None, *, start: Callable[[Clip], Sound] | None = None
    ) -> None:
        super().__init__(parent)
        self._jobs, self._start = jobs, start or start_sound
        self._attempt = 0
        self._sound: Sound | None = None
        self.clip: Clip | None = None
        """The clip that is playing or being opened."""
        self._end = QTimer(self)
        self._end.setSingleShot(True)
        self._end.timeout.connect(self.stop)

    def play(self, clip: Clip) -> None:
        """Play a clip from its start, instead of the one that is playing."""
        self.stop()
        attempt, start = self._attempt, self._start
        self.clip = clip
        self.changed.emit()
        self._jobs.run(
            lambda: start(clip),
            lambda sound: self._on_started(attempt, sound),
            lambda error: self._on_failed(attempt, error),
        )

    @Slot()
    def stop(self) -> None:
        """Stop playing."""
        self._attempt += 1
        self._end.stop()
        sound, self._sound = self._sound, None
        if sound is not None:
            # On a pool thread, because PortAudio can hang as long as the sound server does.
            self._jobs.run(sound.stop)
        if self.clip is not None:
            self.clip = None
            self.changed.emit()

    def toggle(self, clip: Clip) -> None:
        """Play a clip, or stop it if it is playing."""
        if self.clip == clip:
            self.stop()
        else:
            self.play(clip)

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


def start_sound(clip: Clip) -> Sound:
    """Read the first minute of a clip and play it on the default output. Raises UserError."""
    samples = _read(clip)
    if not len(samples):
        raise UserError(f"“{clip.name}” contains no audio.", "Remove it from the data.")
    return _PlayedSound(samples)


def _read(clip: Clip) -> NDArray[np.float32]:
    """The samples `(n,)` of the first minute of a clip."""
    # Imported late: the decoder is needed only once a clip is played.
    from core.audio.decoding.decode import decode_blocks, fill_gaps

    length_s = _LONGEST_S if clip.end_s is None else min(clip.end_s - clip.start_s, _LONGEST_S)
    first = round(clip.start_s * _SAMPLE_RATE)
    stop = first + round(length_s * _SAMPLE_RATE)
    blocks = takewhile(lambda block: block.start_sample < stop, fill_gaps(decode_blocks(clip.path, _SAMPLE_RATE)))
    pieces = [
        block.samples[max(first - block.start_sample, 0) : stop - block.start_sample]
        for block in blocks
        if block.end_sample > first
    ]
    return np.concatenate(pieces) if pieces else np.zeros(0, np.float32)


class _PlayedSound:
    """An open output stream that plays samples `(n,)`."""

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
                "Check the speakers in the sound settings, or choose “Show in folder” and play it there.",
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
