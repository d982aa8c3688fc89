"""Keeps a clip of each event, with some seconds before and after, while that is asked for."""

from __future__ import annotations

from collections.abc import Hashable
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from app.kept.speech_rows import SpeechRows
from app.kept.stretch import safe_name
from app.runtime.background_jobs import BackgroundJobs
from app.runtime.sound_settings import SoundSettings
from core.audio.kept.recordings import EVENT, Recording, Recordings
from core.audio.kept.ring import SoundRing
from core.audio.kept.session_recorder import free_path
from core.errors import UserError
from core.heard.event import HeardEvent
from core.inference.results import LiveUpdate
from core.labels import LabelSet

LONGEST_CLIP_S = 300.0
"""Of a longer event the clip has the beginning."""
_PATIENCE_S = 10.0
"""How long a clip waits for the model to have heard all of it."""


class EventClips(QObject):
    """Takes the live updates, and the events found in them. settings: None while no clips are kept.

    left_out: how many clips were left out so far because there may be speech in them.
    """

    saved = Signal(object, str)
    """A HeardEvent, as it was last seen, and the path of its clip."""
    left_out_changed = Signal()
    """`left_out` has changed. No payload."""
    failed = Signal(object)
    """A UserError: a clip could not be kept."""

    def __init__(self, ring: SoundRing, recordings: Recordings, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._ring, self._recordings = ring, recordings
        # One thread: two clips of one second must not choose the same name.
        self._jobs = BackgroundJobs(self, max_threads=1)
        self.settings: SoundSettings | None = None
        self.left_out = 0
        self._speech = SpeechRows()
        self._lasting: set[Hashable] = set()
        self._due: dict[Hashable, HeardEvent] = {}
        """Events that have ended, whose clips are not kept yet."""
        self._saving: dict[Hashable, HeardEvent] = {}
        """Events whose clips are being written."""
        self._heard_s = 0.0

    def follow(self, update: LiveUpdate, labels: LabelSet | None) -> None:
        """Take an update of the live session."""
        for run in update.runs:
            self._heard_s = (run.first_frame + len(run.frames)) / 100
        if labels is not None:
            for scores in update.scores:
                self._speech.append(scores, labels)
        self.keep_due()

    def take(self, event: HeardEvent) -> None:
        """Take an event that has begun, ended, been stored or been changed."""
        key = _key(event)
        if event.kind != "event":
            return
        if self.settings is None:
            self._lasting.clear()
        elif event.offset_s is None:
            self._lasting.add(key)
        elif key in self._lasting:
            self._lasting.remove(key)
            self._due[key] = event
            self.keep_due()
        for waiting in (self._due, self._saving):
            if key in waiting:
                waiting[key] = event

    def count_anew(self) -> None:
        """Count from 0 what is left out."""
        self.left_out = 0
        self.left_out_changed.emit()

    def keep_due(self, *, is_last: bool = False) -> None:
        """Keep the clips that have been heard to their end. is_last: all of them, because nothing more comes."""
        settings = self.settings
        if settings is None:
            self._due.clear()
            return
        for event in [event for event in self._due.values() if is_last or self._is_ready(event, settings)]:
            self._keep(event, settings)

    def wait(self, timeout_s: float) -> bool:
        """Wait until every clip that is being written is there; False when that takes longer. For a pool thread."""
        return self._jobs.wait(timeout_s)

    def finish(self, timeout_s: float) -> bool:
        """Wait as `wait` does, and report the clips: for the end of the program, when no event loop runs any more."""
        is_done = self.wait(timeout_s)
        self._jobs.deliver()
        return is_done

    def _is_ready(self, event: HeardEvent, settings: SoundSettings) -> bool:
        _, stop_s = _extent(event, settings)
        if self._heard_s < stop_s:
            return False
        is_tagged = self._speech.end_s >= stop_s or self._heard_s > stop_s + _PATIENCE_S
        return is_tagged or not settings.leaves_out_speech

    def _keep(self, event: HeardEvent, settings: SoundSettings) -> None:
        key, wanted_s = _key(event), _extent(event, settings)
        start_s, stop_s = self._ring.extent(*wanted_s)
        if settings.leaves_out_speech and not self._speech.is_free_of_speech(start_s, stop_s):
            del self._due[key]
            self.left_out += 1
            self.left_out_changed.emit()
            return
        start_at = event.onset_at + start_s - event.onset_s
        ring, recordings, name = self._ring, self._recordings, safe_name(event.label)

        def work() -> Path:
            return _save(ring, recordings, settings.folder, name, (start_s, stop_s, start_at))

        self._saving[key] = self._due.pop(key)
        # The event may have been stored meanwhile, and got its number.
        self._jobs.run(
            work,
            lambda path: self.saved.emit(self._saving.pop(key), str(path)),
            lambda error: self._on_failed(key, error),
        )

    def _on_failed(self, key: Hashable, error: UserError) -> None:
        del self._saving[key]
        self.failed.emit(error)


def _save(ring: SoundRing, recordings: Recordings, folder: Path, name: str, extent: tuple[float, float, float]) -> Path:
    """Write a clip and its line in the list. extent: its start and end in stream seconds, and its start since 1970."""
    start_s, stop_s, start_at = extent
    try:
        folder.mkdir(parents=True, exist_ok=True)
        path = free_path(folder, start_at, name)
        ring.save(start_s, stop_s, path)
        recordings.add(Recording(str(path), EVENT, start_at, start_at + stop_s - start_s))
    except OSError as error:
        raise UserError(
            f"A clip cannot be kept in {folder}: {error.strerror or error}.",
            "Free some disk space, or choose another folder (Listen, Sound and disk…).",
        ) from error
    return path


def _extent(event: HeardEvent, settings: SoundSettings) -> tuple[float, float]:
    """Where its clip begins and ends, in stream seconds."""
    start_s = max(event.onset_s - settings.pre_roll_s, 0.0)
    offset_s = event.onset_s if event.offset_s is None else event.offset_s
    return start_s, min(offset_s + settings.post_roll_s, start_s + LONGEST_CLIP_S)


def _key(event: HeardEvent) -> Hashable:
    return event.session, event.label_id, event.onset_s
