"""Remembers when something was played: loudspeakers reach the microphone, and tags of then may be of the playback."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, Signal, Slot

from app.playback.player import Playback

PLAYED_NOTE = "heard while sound was played"
_AFTER_S = 0.5
"""Sound travels, echoes, and waits in buffers."""


class PlaybackMarks(QObject):
    """live_s: how far the live sound has come, in stream seconds. hears: whether the input can hear the loudspeakers.

    changed: `is_heard` may have changed.
    """

    changed = Signal()

    def __init__(
        self, playback: Playback, live_s: Callable[[], float], hears: Callable[[], bool], parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._playback, self._live_s, self._hears = playback, live_s, hears
        self._begun_s: float | None = None
        self._stretches_s: list[tuple[float, float]] = []
        playback.started.connect(self._on_started)
        playback.stopped.connect(self._on_stopped)

    @property
    def is_heard(self) -> bool:
        """Something is being played that the input can hear."""
        return self._begun_s is not None and self._hears()

    def note_of(self, onset_s: float) -> str:
        """A note for an event that began at onset_s (stream seconds); "" where nothing was played then."""
        is_now = self._begun_s is not None and onset_s >= self._begun_s and self._hears()
        was_then = any(start_s <= onset_s < stop_s for start_s, stop_s in self._stretches_s)
        return PLAYED_NOTE if is_now or was_then else ""

    @Slot()
    def _on_started(self) -> None:
        self._begun_s = self._live_s()
        self.changed.emit()

    @Slot()
    def _on_stopped(self) -> None:
        if self._begun_s is not None and self._hears():
            self._stretches_s.append((self._begun_s, self._live_s() + _AFTER_S))
        self._begun_s = None
        self.changed.emit()
