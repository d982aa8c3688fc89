"""Puts kept sound, playback and the selected stretch into the window, and connects them with picture and files."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, QPoint, QSignalBlocker, Signal, Slot
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMenu, QWidget

from app.events.collector import EventCollector
from app.events.panel import EventsPanel
from app.files.tagging_queue import TaggingQueue
from app.kept.controller import KeptController
from app.kept.stretch_actions import StretchActions
from app.live.session import LiveSession
from app.models.menu import ModelMenu
from app.playback.marks import PlaybackMarks
from app.playback.player import Playback
from app.presenter import Presenter
from app.runtime.context import WindowParts
from app.spectrogram.live_timeline import LiveTimeline
from app.spectrogram.panel import SpectrogramPanel
from app.toolbar import ToolBar
from core.errors import UserError
from core.heard.event import HeardEvent

NEED_STRETCH = ("save_stretch", "copy_stretch", "add_clip", "clear_stretch")
"""Actions that act on a selected stretch."""


class SoundControls(QObject):
    """kept: the ring and recordings. playback: plays sound. stretches: acts on the selected stretch. marks: when
    something was played.

    failed: a UserError. noticed: a sentence. done: a sentence about what was done. files_wanted: a file was added to
    the list of files.
    """

    failed = Signal(object)
    noticed = Signal(str)
    done = Signal(str)
    files_wanted = Signal()

    def __init__(self, window: QWidget, parts: WindowParts) -> None:
        super().__init__(window)
        self._window, self._parts = window, parts
        self.kept = KeptController(window, parts)
        self.playback = Playback(parts.core, parts.jobs, self.kept.ring, self)
        self.kept.failed.connect(self.failed)
        self.playback.failed.connect(self.failed)

    def connect_picture(self, session: LiveSession, presenter: Presenter, live: LiveTimeline) -> None:
        """Follow the live sound and what is on show."""
        self._presenter, self._live = presenter, live
        self.marks = PlaybackMarks(
            self.playback, lambda: session.clock.next_frame / 100, lambda: session.input.kind == "microphone", self
        )
        self.stretches = StretchActions(self._window, self._parts, self.playback, presenter.navigation, live)
        self.stretches.failed.connect(self.failed)
        self.stretches.saved.connect(lambda path: self.done.emit(f"Saved as {path}."))
        self.stretches.missing.connect(self.noticed)
        live.keep(self.kept.settings.minutes)
        self.kept.applied.connect(lambda settings: live.keep(settings.minutes))
        session.updated.connect(lambda update: self.kept.follow(update, session.labels))
        self.marks.changed.connect(self._on_marks)

    def actions(self) -> dict[str, Callable[..., object]]:
        """What each menu entry does, by its name."""
        return {**self.kept.actions(), **self.stretches.actions()}

    def connect_menus(self, actions: dict[str, QAction], menu: QMenu, models: QMenu, model_menu: ModelMenu) -> None:
        """menu: what can be done with a stretch; models: its submenu of models."""
        self._actions, self._menu, self._models = actions, menu, models
        self.stretches.model_choices = lambda: model_menu.choices
        models.aboutToShow.connect(lambda: self.stretches.fill_models(models))
        for signal in (self._presenter.timeline_changed, self.playback.started, self.playback.stopped):
            signal.connect(self.refresh_actions)
        self.kept.recording_changed.connect(self._on_recording)
        self.refresh_actions()

    def connect_panels(self, panel: SpectrogramPanel, toolbar: ToolBar, files: TaggingQueue) -> None:
        """Menu and drags on the picture, the lamp, and files of stretches."""
        panel.plot.menu_wanted.connect(self._show_menu)
        panel.plot.pressed_in_stretch.connect(self.stretches.drag_out)
        self.kept.lamp.lit.connect(toolbar.add_lamp(self.kept.lamp))
        self._files = files
        self.stretches.tag_wanted.connect(self._on_tag_wanted)

    def connect_events(self, collector: EventCollector, panel: EventsPanel) -> None:
        """Play events, keep clips of them, and delete them with everything else."""
        self._collector, clips = collector, self.kept.clips
        collector.note_of = self.marks.note_of
        collector.changed.connect(clips.take)
        clips.saved.connect(lambda event, path: collector.change([event], clip=path))
        panel.play_wanted.connect(self.play_event)
        self.kept.starred = collector.starred
        self.kept.deletions.append(collector.delete_stored)
        self.kept.deleted.connect(collector.forget)

    @Slot(object)
    def play_event(self, event: HeardEvent) -> None:
        """Play the sound of an event: what is kept of this run's, or its clip."""
        stop_s = self._live.columns.end_s if event.offset_s is None else event.offset_s
        is_of_now = event.session == self._collector.session
        if is_of_now and self.kept.ring.sample_rate(event.onset_s, stop_s) is not None:
            self.playback.play(event.onset_s, stop_s)
        elif event.clip:
            self.playback.play_file(Path(event.clip))
        else:
            self.failed.emit(
                UserError(
                    "The sound of this event is no longer kept.",
                    "Record clips of events (Listen, Sound and disk…) to keep their sound for good.",
                )
            )

    @Slot()
    def refresh_actions(self) -> None:
        """Update texts and enabled states of the menus."""
        has_stretch = self._presenter.timeline.stretch_s is not None
        for name in NEED_STRETCH:
            self._actions[name].setEnabled(has_stretch)
        self._models.setEnabled(has_stretch)
        self._actions["play"].setText("&Stop playing\tSpace" if self.playback.is_playing else "&Play\tSpace")

    def end(self) -> None:
        """Stop playing and recording, when the window closes."""
        self.playback.stop()
        self.kept.end()

    @Slot(object, object)
    def _on_tag_wanted(self, path: Path, tagger: Any) -> None:
        self.files_wanted.emit()
        self._files.add_with_tagger(path, tagger)

    @Slot(object)
    def _show_menu(self, place: QPoint) -> None:
        self._menu.popup(place)

    @Slot(bool)
    def _on_recording(self, is_on: bool) -> None:
        with QSignalBlocker(self._actions["record"]):
            self._actions["record"].setChecked(is_on)

    @Slot()
    def _on_marks(self) -> None:
        self._presenter.show_playing(self.marks.is_heard)
