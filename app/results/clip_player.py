"""Plays clips through the speakers, one at a time, as everything else is played."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, QTimer, Signal, Slot

from app.runtime.background_jobs import BackgroundJobs
from app.runtime.core_api import SoundPlayer
from app.style import formatting
from core.errors import UserError

if TYPE_CHECKING:
    from core.audio.playback.player import PlayableSound

_TICK_MS = 50
LONGEST_S = 60.0
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


class ClipPlayer(QObject):
    """Plays one clip at a time. start: reads a clip and starts to play it, on a pool thread (replaced in tests)."""

    changed = Signal()
    """Another clip plays, or none. No payload."""
    failed = Signal(object)
    """A UserError: the clip cannot be played."""

    def __init__(
        self, jobs: BackgroundJobs, parent: QObject | None = None, *, start: Callable[[Clip], SoundPlayer] | None = None
    ) -> None:
        super().__init__(parent)
        self._jobs, self._start = jobs, start or start_sound
        self._attempt = 0
        self._sound: SoundPlayer | None = None
        self.clip: Clip | None = None
        """The clip that is playing or being opened."""
        self._timer = QTimer(self)
        self._timer.setInterval(_TICK_MS)
        self._timer.timeout.connect(self._tick)

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
        self._timer.stop()
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

    def _on_started(self, attempt: int, sound: SoundPlayer) -> None:
        if attempt != self._attempt:
            self._jobs.run(sound.stop)
            return
        self._sound = sound
        self._timer.start()

    @Slot()
    def _tick(self) -> None:
        if self._sound is None or not self._sound.is_over:
            return
        if self._sound.failure is not None:
            self._on_failed(self._attempt, self._sound.failure)
        else:
            self.stop()

    def _on_failed(self, attempt: int, error: UserError) -> None:
        if attempt == self._attempt:
            self.stop()
            self.failed.emit(error)


def start_sound(clip: Clip) -> SoundPlayer:
    """Begin to play the first minute of a clip on the default output. Raises UserError."""
    from core.audio.playback.player import SoundPlayer as CorePlayer

    return CorePlayer(sound_of(clip))


def sound_of(clip: Clip) -> PlayableSound:
    """The first minute of a clip, to be played. Raises UserError where the file cannot be opened; reading it, where it
    is damaged or has no sound there."""
    # Imported late: the decoder is needed only once a clip is played.
    from core.audio.playback.file_sound import file_sound

    latest_s = clip.start_s + LONGEST_S
    sound = file_sound(clip.path, clip.start_s, latest_s if clip.end_s is None else min(clip.end_s, latest_s))
    return replace(sound, read=lambda: _refuse_nothing(clip, sound.read()))


def _refuse_nothing(clip: Clip, blocks: Iterator[NDArray[np.float32]]) -> Iterator[NDArray[np.float32]]:
    has_sound = False
    for block in blocks:
        has_sound = has_sound or bool(len(block))
        yield block
    if not has_sound:
        raise UserError(f"“{clip.name}” contains no audio.", "Remove it from the data.")
