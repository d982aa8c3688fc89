"""Owns kept sound and recordings: applies the settings, watches the disk, and answers the menu."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial

from PySide6.QtCore import QObject, QTimer, Signal, Slot
from PySide6.QtWidgets import QWidget

from app.kept.deletion import DeleteDialog, delete_everything
from app.kept.dialog import SoundDialog
from app.kept.event_clips import EventClips
from app.kept.lamp import RecordLamp
from app.kept.stretch import remove_old_stretches
from app.runtime.context import WindowParts
from app.runtime.sound_settings import EVENTS, SESSION, SoundSettings
from app.style import formatting
from core.audio.kept.kept_sound import KeptSound
from core.audio.kept.recordings import Recording, Recordings
from core.audio.kept.ring import SoundRing
from core.audio.kept.segments import RingLimits
from core.audio.kept.session_recorder import PIECE_S, SessionRecorder
from core.errors import UserError
from core.heard.event import HeardEvent
from core.inference.results import LiveUpdate
from core.labels import LabelSet

_WATCH_MS = 1000
_BUDGET_EVERY = 30
_MEGABYTE = 1 << 20
_CLIPS_S = 4.0
"""How long the end, and deletion, wait for clips that are being written."""


class KeptController(QObject):
    """Kept sound and recording of one window.

    failed: a UserError. applied: the SoundSettings in use. recording_changed: `is_recording` has changed.
    deleted: everything that was kept is gone. starred: the starred events, whose sound is not deleted for the budget;
    called on a pool thread. deletions: what else “Delete everything that was kept” deletes; called on a pool thread.
    """

    failed = Signal(object)
    applied = Signal(object)
    recording_changed = Signal(bool)
    deleted = Signal()

    def __init__(self, window: QWidget, parts: WindowParts) -> None:
        super().__init__(window)
        self._window, self._parts = window, parts
        self.recordings = Recordings()
        self.recorder = SessionRecorder(self.recordings)
        self.sound = KeptSound(SoundRing(), [self.recorder])
        self.clips = EventClips(self.sound.ring, self.recordings, self)
        self.lamp = RecordLamp(parts.appearance.theme)
        self.is_recording = False
        self.starred: Callable[[], Iterable[HeardEvent]] = tuple
        self.deletions: list[Callable[[], None]] = []
        self.dialog: SoundDialog | None = None
        self._told: UserError | None = None
        self._n_watched = 0
        self._timer = QTimer(self)
        self._timer.setInterval(_WATCH_MS)
        self._timer.timeout.connect(self.watch)
        self._timer.start()
        self.clips.failed.connect(self._tell)
        self.clips.left_out_changed.connect(lambda: self.lamp.show_left_out(self.clips.left_out))
        self.lamp.clicked.connect(lambda: self.record(False))
        parts.appearance.changed.connect(lambda: self.lamp.apply_theme(parts.appearance.theme))
        parts.jobs.run(remove_old_stretches)
        self.apply(parts.settings.sound)

    @property
    def ring(self) -> SoundRing:
        """The newest sound."""
        return self.sound.ring

    def actions(self) -> dict[str, Callable[..., object]]:
        """What each menu entry does, by its name."""
        return {"record": self.record, "sound_settings": self.show_dialog, "delete_kept": self.ask_to_delete}

    def follow(self, update: LiveUpdate, labels: LabelSet | None) -> None:
        """Take an update of the live session."""
        self.clips.follow(update, labels)

    def end(self) -> None:
        """Finish recordings and delete the ring, on a pool thread: the disk may be slow."""
        self._timer.stop()
        self.clips.keep_due(is_last=True)
        self._parts.jobs.run(self._close)

    def _close(self) -> None:
        """On a pool thread. Clips are cut from the ring, so that goes last."""
        self.clips.wait(_CLIPS_S)
        self.sound.close()

    # ----- settings -----

    @property
    def settings(self) -> SoundSettings:
        """What is chosen."""
        return self._parts.settings.sound

    @Slot(object)
    def apply(self, settings: SoundSettings) -> None:
        """Use settings, and remember them."""
        if settings != self._parts.settings.sound:
            self._parts.settings.sound = settings
        self.ring.is_on = settings.keeps_sound
        self.ring.limits = RingLimits(60.0 * settings.minutes, settings.ring_megabytes * _MEGABYTE)
        self._apply_recording()
        self.applied.emit(settings)

    @Slot()
    def show_dialog(self) -> None:
        """Show the dialog “Sound and disk”, once."""
        if self.dialog is not None:
            self.dialog.raise_()
            self.dialog.activateWindow()
            return
        dialog = self.dialog = SoundDialog(self.settings, self._window)
        dialog.changed.connect(self.apply)
        dialog.delete_wanted.connect(self.ask_to_delete)
        dialog.finished.connect(self._forget_dialog)
        self._show_use()
        dialog.show()

    @Slot()
    def _forget_dialog(self) -> None:
        self.dialog = None

    def _show_use(self) -> None:
        kept = f"{_megabytes(self.ring.n_bytes)} for {formatting.duration(self.ring.seconds)}"
        self._parts.jobs.run(self._recorded_words, partial(self._fill_use, kept))

    def _recorded_words(self) -> str:
        recordings = self.recordings.all()
        size = _megabytes(sum(recording.n_bytes for recording in recordings))
        return f"{formatting.count(len(recordings), 'recording')} ({size})" if recordings else ""

    def _fill_use(self, kept: str, recorded: str) -> None:
        if self.dialog is not None:
            n_left_out = self.clips.left_out
            left_out = f"; {formatting.count(n_left_out, 'clip')} left out because of speech" if n_left_out else ""
            self.dialog.show_use(kept, (recorded or "nothing") + left_out)

    # ----- recording -----

    def record(self, is_on: bool) -> None:
        """Record to disk, or stop."""
        if is_on and self.settings.record_mode == EVENTS and not self.settings.keeps_sound:
            self.failed.emit(
                UserError(
                    "Clips of events are cut from kept sound, which is switched off.",
                    "Switch on “Keep the newest sound”, or record the whole session (Listen, Sound and disk…).",
                )
            )
            is_on = False
        if not is_on:
            self.clips.keep_due(is_last=True)
        if is_on and not self.is_recording:
            self.clips.count_anew()
        self.is_recording = is_on
        self._apply_recording()
        self.recording_changed.emit(is_on)

    def _apply_recording(self) -> None:
        settings = self.settings
        is_session = self.is_recording and settings.record_mode == SESSION
        self.recorder.folder = settings.folder if is_session else None
        is_clips = self.is_recording and settings.record_mode == EVENTS and settings.keeps_sound
        self.clips.settings = settings if is_clips else None
        what = "The whole session" if settings.record_mode == SESSION else "A clip of each event"
        self.lamp.show_recording(self.is_recording, f"{what} is recorded in {settings.folder}.")

    @Slot()
    def watch(self) -> None:
        """Report what the disk refuses, once, and keep recordings within their budget."""
        trouble = self.ring.trouble or self.recorder.trouble
        if trouble is not None and (self._told is None or self._told.problem != trouble.problem):
            self.failed.emit(trouble)
        self._told = trouble
        self._n_watched += 1
        if self.is_recording and self._n_watched % _BUDGET_EVERY == 0:
            self.keep_budget()
        if self.dialog is not None:
            self._show_use()

    def keep_budget(self) -> None:
        """Delete the oldest recordings above the budget, on a pool thread."""
        n_bytes = self.settings.record_megabytes * _MEGABYTE
        self._parts.jobs.run(partial(_keep_budget, self.recordings, n_bytes, self.starred), None, self._tell)

    # ----- deleting -----

    @Slot()
    def ask_to_delete(self) -> None:
        """Ask, then delete everything that was kept."""
        self._parts.jobs.run(self._recorded_words, self._ask)

    def _ask(self, recorded: str) -> None:
        dialog = DeleteDialog(recorded, self._window)
        dialog.confirmed.connect(self.delete)
        dialog.open()

    @Slot(bool)
    def delete(self, with_recordings: bool) -> None:
        """Delete everything that was kept, without a question."""
        recordings, others = self.recordings if with_recordings else None, tuple(self.deletions)
        if with_recordings:
            self.record(False)

        def work() -> None:
            # A clip that is being written would be there again afterwards.
            self.clips.wait(_CLIPS_S)
            delete_everything(self.sound, recordings, others)

        self._parts.jobs.run(work, lambda _: self.deleted.emit(), self._on_not_deleted)

    def _on_not_deleted(self, error: UserError) -> None:
        self.deleted.emit()
        self.failed.emit(error)

    def _tell(self, error: UserError) -> None:
        self.failed.emit(error)


def _keep_budget(recordings: Recordings, n_bytes: int, starred: Callable[[], Iterable[HeardEvent]]) -> None:
    """Delete the oldest recordings above n_bytes; none that holds a starred event."""
    events = tuple(starred()) if recordings.n_bytes > n_bytes else ()
    try:
        recordings.keep_budget(n_bytes, lambda recording: any(holds(recording, event) for event in events))
    except OSError as error:
        raise UserError(
            f"Old recordings cannot be deleted: {error.strerror or error}.", "Delete some by hand, or raise the budget."
        ) from error


def holds(recording: Recording, event: HeardEvent) -> bool:
    """Whether a recording has the sound of an event. One that was cut short may be as long as any."""
    if recording.path == event.clip:
        return True
    stop_at = recording.stop_at if recording.stop_at > recording.start_at else recording.start_at + PIECE_S
    offset_at = event.onset_at if event.offset_at is None else event.offset_at
    return recording.kind == SESSION and recording.start_at <= offset_at and event.onset_at <= stop_at


def _megabytes(n_bytes: int) -> str:
    return f"{n_bytes / _MEGABYTE:.1f}{formatting.THIN}MB"
