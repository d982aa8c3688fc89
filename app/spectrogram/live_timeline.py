"""The timeline of the live sound: it survives Stop and Start, and changes of input and model."""

from __future__ import annotations

import time

from app.runtime.core_api import Tagger
from app.spectrogram.history.column_history import ColumnHistory
from app.spectrogram.history.model_scores import ModelScores
from app.spectrogram.history.score_history import ScoreHistory
from app.spectrogram.history.wall_clock import WallClock
from app.spectrogram.time_view import SmoothEdge
from app.spectrogram.timeline import MOST_WINDOWS, PLAYING, Timeline
from core.audio.frame_rate import FRAMES_PER_SECOND
from core.inference.results import LiveUpdate

DEFAULT_MINUTES = 10
"""So much live sound is kept: 8.8 MB."""


class LiveTimeline(Timeline):
    """The live sound, which grows smoothly at its right edge."""

    def __init__(self, minutes: int = DEFAULT_MINUTES) -> None:
        self.columns = ColumnHistory(minutes * 60 * FRAMES_PER_SECOND)
        """The picture, which is there from the start."""
        super().__init__("Not listening", is_live=True, history=self.columns, is_growing=True)
        self.view.gap_at = self.columns.gap_at
        self.source = ""
        """The name of the current input."""
        self.hears_playback = False
        """Something is being played that the input can hear."""
        self.is_listening = False
        """The input is open, whether or not it delivers sound."""
        self.wall = WallClock()
        """The time of day of each moment."""
        self._is_stopped = True
        """Nobody listens, nor will in a moment."""
        self._is_start = False
        """The next sound is the first since listening stopped."""
        self._sources: list[tuple[float, str]] = []
        self._edge = SmoothEdge()

    def keep(self, minutes: int) -> None:
        """Keep so many minutes of sound from now on."""
        self.columns.keep(minutes * 60 * FRAMES_PER_SECOND)
        self._forget_old()

    def show_state(self, source: str, *, is_listening: bool, is_growing: bool, is_opening: bool) -> None:
        """Take over what the session does: marks where listening stopped, and follows it when it starts.

        source: the name of the current input. is_growing: sound is coming in. is_opening: an input is being opened.
        """
        self.source, self.is_listening, self.is_growing = source, is_listening, is_growing
        if is_listening:
            if self._is_stopped:
                self._is_stopped, self._is_start = False, True
                self.cursor_s = None
                self.view.follow()
        elif not is_opening and not self._is_stopped:
            self._is_stopped = True
            self._mark(self.columns.end_s, "Stopped")

    def append(self, update: LiveUpdate, wall_s: float | None = None) -> None:
        """Append new sound, scores and events. wall_s: the current time, in seconds since 1970."""
        for run in update.runs:
            self._note_source(run.first_frame / self.columns.columns_per_s)
            self.columns.append(run)
        if update.runs:
            start_s = update.runs[0].first_frame / self.columns.columns_per_s
            self.wall.note(start_s, self.columns.end_s, time.time() if wall_s is None else wall_s)
            self._forget_old()
        if self.models:
            model = self.models[-1]
            for scores in update.scores:
                if len(scores.probabilities) == len(model.labels):
                    model.scores.append(scores)
            for change in update.events:
                self.events.follow(change, model.labels, model.model)

    def use_labels(self, tagger: Tagger) -> None:
        """Take scores and events from this model from now on; those of the model before stay where they are."""
        before = self.models[-1] if self.models else None
        if before is not None and (before.model, before.labels) == (tagger.name, tagger.labels):
            before.thresholds = tagger.live_thresholds
            return
        scores = ScoreHistory(len(tagger.labels), is_live=True, capacity=MOST_WINDOWS)
        model = ModelScores(tagger.name, tagger.labels, tagger.live_thresholds, scores)
        if before is not None:
            model.start_s = self.columns.end_s
            self._mark(model.start_s, f"Model: {tagger.name}")
        self.models.append(model)

    @property
    def sounding(self) -> dict[int, float]:
        """The classes whose events are open, each with the seconds that it has lasted; at a moment of the past, and
        once listening has ended, those at it."""
        shown, moment_s = self.shown_model, self.moment_s
        is_now = self.cursor_s is None and self.view.is_following and self.is_listening
        onsets_s = self.events.now if is_now else self.events.at(moment_s)
        places = {} if shown is None else shown.places
        return {places[i]: max(moment_s - onset_s, 0.0) for i, onset_s in onsets_s.items() if i in places}

    def advance(self, now_s: float) -> None:
        """Move the right edge to where it is at the monotonic time `now_s`."""
        self.view.first_s = self.columns.start_s
        self.view.last_s = self._edge.advance(now_s, self.columns.end_s)

    @property
    def caption(self) -> str:
        """Whether the view is live, and the inputs in view; the title when there was no sound."""
        if self.view.is_following and self.is_listening:
            mark = f"  ·  {PLAYING}" if self.hears_playback else ""
            return f"{'Live' if self.is_growing else 'No sound'}: {self.source}{mark}"
        sources = " → ".join(self.sources_in_view())
        return f"{'Frozen' if self.is_listening else 'Stopped'}: {sources}" if sources else self.title

    def sources_in_view(self) -> list[str]:
        """The names of the inputs whose sound is in view, from the left."""
        ends_s = [start_s for start_s, _ in self._sources[1:]] + [self.view.last_s]
        names = [
            name
            for (start_s, name), end_s in zip(self._sources, ends_s, strict=False)
            if start_s < self.view.right_s and end_s > self.view.left_s
        ]
        return list(dict.fromkeys(names))

    def wall_clock_s(self, stream_s: float) -> float:
        """A moment of the stream in seconds since 1970."""
        return self.wall.at(stream_s)

    def _note_source(self, start_s: float) -> None:
        is_other = not self._sources or self._sources[-1][1] != self.source
        if self._is_start:
            self._mark(start_s, f"Started: {self.source}" if is_other else "Started")
        elif is_other:
            self._mark(start_s, f"Input: {self.source}")
        if is_other:
            self._sources.append((start_s, self.source))
        self._is_start = False

    def _mark(self, time_s: float, text: str) -> None:
        """Add a marker, unless there is no sound yet that it could set apart."""
        if self.columns.end > 0:
            self.markers = (*self.markers, (time_s, text))

    def _forget_old(self) -> None:
        """Forget scores, events and markers of sound that is no longer kept."""
        first_s = self.columns.start_s
        self.wall.forget_before(first_s)
        self.events.forget_before(first_s)
        for model in self.models:
            model.scores.forget_before(first_s)
        while len(self.models) > 1 and self.models[1].start_s <= first_s:
            self.models.pop(0)
        if self.markers and self.markers[0][0] < first_s:
            self.markers = tuple(marker for marker in self.markers if marker[0] >= first_s)
