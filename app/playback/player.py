"""Plays stretches of the kept live sound, or of a file, one at a time, and says where it is."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from app.playback.ring_sound import ring_sound
from app.runtime.background_jobs import BackgroundJobs
from app.runtime.core_api import CoreApi, SoundPlayer
from core.audio.kept.ring import SoundRing
from core.audio.playback.player import PlayableSound
from core.errors import UserError

_TICK_MS = 33


class Playback(QObject):
    """Plays one sound at a time, on the GUI thread's word; pool threads open and close the sound card.

    is_playing: from `play` until `stopped`. path: the file that plays; None for the live sound.
    """

    started = Signal()
    """A sound was asked for. No payload."""
    moved = Signal(float)
    """What is heard now, in seconds of the stream, or of the file; 30 times a second."""
    stopped = Signal()
    """It has ended, been stopped, or failed. No payload."""
    failed = Signal(object)
    """A UserError: it cannot be played, or not to its end. `stopped` follows."""

    def __init__(self, core: CoreApi, jobs: BackgroundJobs, ring: SoundRing, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._core, self._jobs, self.ring = core, jobs, ring
        self.is_playing = False
        self.path: Path | None = None
        self._attempt = 0
        self._player: SoundPlayer | None = None
        self._timer = QTimer(self)
        self._timer.setInterval(_TICK_MS)
        self._timer.timeout.connect(self._tick)

    def play(self, start_s: float, stop_s: float, speed: float = 1.0) -> None:
        """Play live sound from start_s to stop_s (stream seconds), instead of what is playing. speed: 1 or 0.5."""
        self._begin(None, partial(ring_sound, self.ring, start_s, stop_s), speed)

    def play_file(self, path: Path, start_s: float = 0.0, stop_s: float | None = None, speed: float = 1.0) -> None:
        """Play a file from start_s to stop_s on its clock; None: to its end."""

        def sound() -> PlayableSound:
            from core.audio.playback.file_sound import file_sound

            return file_sound(path, start_s, stop_s)

        self._begin(path, sound, speed)

    @Slot()
    def stop(self) -> None:
        """Stop playing."""
        self._attempt += 1
        self._timer.stop()
        player, self._player = self._player, None
        if player is not None:
            # On a pool thread, because PortAudio can hang as long as the sound server does.
            self._jobs.run(player.stop)
        if self.is_playing:
            self.is_playing = False
            self.stopped.emit()

    def _begin(self, path: Path | None, sound: Callable[[], PlayableSound], speed: float) -> None:
        self.stop()
        attempt, play_sound = self._attempt, self._core.play_sound
        self.is_playing, self.path = True, path
        self.started.emit()
        self._jobs.run(
            lambda: play_sound(sound(), speed),
            lambda player: self._on_started(attempt, player),
            lambda error: self._on_failed(attempt, error),
        )

    def _on_started(self, attempt: int, player: SoundPlayer) -> None:
        if attempt != self._attempt:
            self._jobs.run(player.stop)
            return
        self._player = player
        self._timer.start()

    def _on_failed(self, attempt: int, error: UserError) -> None:
        if attempt == self._attempt:
            self.failed.emit(error)
            self.stop()

    @Slot()
    def _tick(self) -> None:
        if self._player is None:
            return
        if not self._player.is_over:
            self.moved.emit(self._player.position_s)
        elif self._player.failure is not None:
            self._on_failed(self._attempt, self._player.failure)
        else:
            self.stop()
