"""Decides what the panels show, the live sound or a file, and updates them from it."""

from __future__ import annotations

import time

from PySide6.QtCore import QObject, Signal, Slot

from app.files.panel import FilesPanel
from app.files.row import FileRow, FileState
from app.files.tagging_queue import TaggingQueue
from app.live.loudness import Loudness
from app.live.session import LiveSession
from app.spectrogram.live_timeline import LiveTimeline
from app.spectrogram.navigation import Navigation
from app.spectrogram.panel import SpectrogramPanel
from app.spectrogram.timeline import PLAYING, Timeline
from app.tags.panel import NOW_HEARING, TagsPanel
from core.inference.results import LiveUpdate
from core.labels import LabelSet

_IDLE = "Press <b>Start</b> (Ctrl+R) to listen,<br>or drop audio or video files anywhere in this window."
_OPENING = "Getting ready to listen…"
HIGHEST_IN_VIEW, LAST_HEARD = "Highest in view", "Last heard"
"""Headings of the tags: of a part of a file, and of live sound that has stopped; NOW_HEARING of the live sound."""


class Presenter(QObject):
    """Connects session, files and panels.

    timeline_changed: another timeline, or another moment of it, is shown.
    """

    timeline_changed = Signal()

    def __init__(
        self,
        session: LiveSession,
        files: TaggingQueue,
        live: LiveTimeline,
        panels: tuple[SpectrogramPanel, TagsPanel, FilesPanel],
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._session, self._files, self._live = session, files, live
        self._spectrogram, self._tags, self._list = panels
        self._row: FileRow | None = None
        self._labels_shown: LabelSet | None = None
        self._loudness = Loudness()
        self.navigation = Navigation(live, self)
        self._connect()
        self._on_state()

    def _connect(self) -> None:
        self._session.updated.connect(self._on_update)
        self._session.ticked.connect(self._on_tick)
        self._session.tagger_changed.connect(self._on_tagger)
        self._session.state_changed.connect(self._on_state)
        self._files.row_changed.connect(self._on_row_changed)
        self._files.picture_ready.connect(self._on_row_changed)
        self._list.selected.connect(self.show_file)
        self._spectrogram.connect_navigation(self.navigation)
        self.navigation.moved.connect(self._on_moment)
        self.navigation.live_wanted.connect(self.show_live)

    @property
    def timeline(self) -> Timeline:
        """The timeline on show."""
        return self.navigation.timeline

    @Slot(object)
    def show_file(self, row: FileRow | None) -> None:
        """Show a file; None goes back to the live sound."""
        if row is self._row:
            return
        self._row = row
        if row is not None:
            self._files.request_picture(row)
        self._show(self._live if row is None else row.timeline)

    @Slot()
    def show_live(self) -> None:
        """Back to the live sound."""
        self._list.clear_selection()
        self.show_file(None)

    def go_live(self) -> None:
        """Back to the live sound, and follow it."""
        self.show_live()
        self.navigation.set_frozen(False)

    def show_playing(self, hears_playback: bool) -> None:
        """Mark the live tags while the input can hear what is played."""
        self._live.hears_playback = hears_playback
        if self._row is None:
            self._spectrogram.refresh()
            self._show_tags()

    def _show(self, timeline: Timeline) -> None:
        self.navigation.timeline = timeline
        self._spectrogram.show_timeline(timeline)
        self._labels_shown, self._tags.is_live = None, timeline.is_live
        self._show_tags()
        self.timeline_changed.emit()

    # ----- what happened -----

    @Slot(object)
    def _on_update(self, update: LiveUpdate) -> None:
        self._live.append(update)
        self._loudness.hear(update.level.rms_dbfs)
        self._tags.is_loud = self._live.view.is_following and self._loudness.is_loud
        if update.scores and self._row is None:  # at once: the picture may wait for the next tick, what is heard not
            self._live.advance(time.monotonic())
            self._show_tags()

    @Slot()
    def _on_tick(self) -> None:
        self._live.advance(time.monotonic())
        self._spectrogram.advance()
        if self._row is None:
            self._show_tags()

    @Slot()
    def _on_tagger(self) -> None:
        tagger = self._session.tagger
        if tagger is None:
            return
        self._live.use_labels(tagger)
        self._files.use_tagger(tagger)
        self._show_tags()

    @Slot()
    def _on_state(self) -> None:
        session = self._session
        self._live.show_state(
            session.input.title,
            is_listening=session.is_listening,
            is_growing=session.is_receiving,
            is_opening=session.is_opening,
        )
        self._live.title = _OPENING if session.is_opening else "Not listening"
        self._live.message = "" if session.is_listening else _OPENING if session.is_opening else _IDLE
        if self._row is None:
            self._spectrogram.refresh()
            self._spectrogram.refresh_lanes()
            self._show_tags()

    @Slot(object)
    def _on_row_changed(self, row: FileRow) -> None:
        if row is not self._row:
            return
        if row not in self._files.model.rows:
            self.show_live()
            return
        self._files.request_picture(row)
        self._spectrogram.timeline_changed()
        self._show_tags()

    @Slot()
    def _on_moment(self) -> None:
        self._show_tags()
        self.timeline_changed.emit()

    # ----- the tags -----

    def _show_tags(self) -> None:
        timeline = self.timeline
        has_failed = self._row is not None and self._row.error is not None and not timeline.scores
        model = timeline.shown_model
        if model is None or has_failed:
            self._tags.show_heading(self._heading())
            self._tags.show_message(self._why_no_tags())
            self._labels_shown = None
            return
        if model.labels is not self._labels_shown:
            self._labels_shown = model.labels
            self._tags.show_message("")
            self._tags.set_labels(model.labels, model.thresholds)
        self._tags.show_scores(timeline.scores_in_view(), self._heading(), timeline.sounding)

    def _heading(self) -> str:
        timeline = self.timeline
        if not timeline.is_live and timeline.cursor_s is None:
            return HIGHEST_IN_VIEW
        if timeline.is_live and timeline.view.is_following:
            return self._live_heading()
        moment = timeline.cursor_s if timeline.cursor_s is not None else timeline.view.right_s
        return f"At {self._spectrogram.plot.time_label(moment)}"

    def _live_heading(self) -> str:
        if self._session.is_receiving and self._live.hears_playback:
            return f"{NOW_HEARING} ({PLAYING})"
        if self._session.is_receiving or self._session.is_opening:
            return NOW_HEARING
        return LAST_HEARD if self.timeline.view.last_s > 0 else NOW_HEARING

    def _why_no_tags(self) -> str:
        if self._row is not None and self._row.error is not None:
            return self._row.error.problem
        if self._row is not None and self._row.is_reading_scores:
            return "Reading its probabilities…"
        if self._row is not None and self._row.is_over:
            return "This file was tagged before. Press Tag again to see its probabilities."
        if self._session.is_loading_model:
            return "Loading the model…"
        if self._row is not None and self._row.state is FileState.WAITING and self._session.tagger is not None:
            return "This file is waiting to be tagged."
        failure = self._session.model_failure
        if failure is not None:
            return f"{failure.problem} {failure.remedy}"
        return "No model is loaded. Choose one in the Model menu."
