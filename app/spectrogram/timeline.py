"""Timelines: the picture, scores and view of the live sound or of one file, as all panels show them."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from app.runtime.core_api import FilePicture, Tagger
from app.spectrogram.column_history import ColumnHistory
from app.spectrogram.score_history import EventHistory, ScoreHistory
from app.spectrogram.time_view import SmoothEdge, TimeView
from core.inference.results import FrameRun, LiveUpdate, TagScores
from core.labels import LabelSet

LIVE_COLUMNS = 60_000
"""Ten minutes of live sound can be scrolled back: 7.7 MB."""


@dataclass(slots=True)
class Timeline:
    """Sound as a picture, its scores, and the part in view. Used by the GUI thread only."""

    title: str
    """What is shown, such as the name of a file."""
    is_live: bool
    """The sound of the input, not of a file."""
    view: TimeView = field(default_factory=TimeView)
    """The range of time in view."""
    history: ColumnHistory | None = None
    """The picture; None until it has been read."""
    scores: ScoreHistory | None = None
    """The scores; None until a model is loaded."""
    labels: LabelSet | None = None
    """The classes of the scores."""
    thresholds: NDArray[np.float32] | None = None
    """From this probability on a class counts as detected, or begins an event in live sound, `(labels,)`."""
    cursor_s: float | None = None
    """The selected moment."""
    stretch_s: tuple[float, float] | None = None
    """Where the selected stretch begins and ends."""
    playing_s: float | None = None
    """The moment that is heard, while it is played."""
    path: Path | None = None
    """The file; None for live sound."""
    markers: tuple[tuple[float, str], ...] = ()
    """What changed when: seconds and a few words, such as `Stopped`, in order."""
    message: str = ""
    """Rich text to show while there is no picture."""
    is_growing: bool = False
    """New sound is coming in at the right edge."""

    @property
    def caption(self) -> str:
        """The heading of the picture."""
        return self.title

    def use_labels(self, tagger: Tagger) -> None:
        """Take scores from this model from now on; scores of other labels are deleted."""
        if self.labels != tagger.labels:
            self.scores = ScoreHistory(len(tagger.labels), is_live=self.is_live)
        self.labels, self.thresholds = tagger.labels, tagger.thresholds

    @property
    def sounding(self) -> dict[int, float] | None:
        """The classes that are heard at the moment in view, each with the seconds that it has lasted by then; None
        where the thresholds say what is heard."""
        return None

    def scores_in_view(self) -> TagScores | None:
        """The scores at the cursor. Without a cursor, those at the right edge (live) or the highest in view (file).

        None where there is no sound.
        """
        is_lost = self.history is not None and self.cursor_s is not None and self.history.is_gap(self.cursor_s)
        if self.scores is None or is_lost:
            return None
        if self.is_live or self.cursor_s is not None:
            return self.scores.at(self.view.right_s if self.cursor_s is None else self.cursor_s)
        return self.scores.highest(self.view.left_s, self.view.right_s)

    def keep_cursor_in_view(self) -> None:
        """Scroll so that the cursor is in view."""
        if self.cursor_s is not None:
            self.view.reveal(self.cursor_s)


class LiveTimeline(Timeline):
    """The live sound, which grows smoothly at its right edge."""

    def __init__(self) -> None:
        super().__init__("Not listening", is_live=True, history=ColumnHistory(LIVE_COLUMNS), is_growing=True)
        self.source = ""
        """The name of the current input."""
        self.is_listening = False
        """The input is open, whether or not it delivers sound."""
        self.events = EventHistory()
        """What has been heard."""
        self._is_stopped = True
        """Nobody listens, nor will in a moment."""
        self._is_start = False
        """The next sound is the first since listening stopped."""
        self._model = ""
        self._sources: list[tuple[float, str]] = []
        self._edge = SmoothEdge()
        self._epoch_s: float | None = None

    def show_state(self, source: str, *, is_listening: bool, is_growing: bool, is_opening: bool) -> None:
        """Take over what the session does: marks where listening stopped, and follows it when it starts.

        source: the name of the current input. is_growing: sound is coming in. is_opening: an input is being opened.
        """
        assert self.history is not None
        self.source, self.is_listening, self.is_growing = source, is_listening, is_growing
        if is_listening:
            if self._is_stopped:
                self._is_stopped, self._is_start = False, True
                self.cursor_s = None
                self.view.follow()
        elif not is_opening and not self._is_stopped:
            self._is_stopped = True
            self._mark(self.history.end_s, "Stopped")

    def append(self, update: LiveUpdate, wall_s: float | None = None) -> None:
        """Append new sound and scores. wall_s: the current time, in seconds since 1970."""
        assert self.history is not None
        for run in update.runs:
            self._note_source(run.first_frame / self.history.columns_per_s)
            self.history.append(run)
        if update.runs:
            self._anchor(time.time() if wall_s is None else wall_s)
        for scores in update.scores:
            if self.scores is not None and self.labels is not None and len(scores.probabilities) == len(self.labels):
                self.scores.append(scores)

        for change in update.events:
            self.events.append(change)

    def use_labels(self, tagger: Tagger) -> None:
        """Take scores and events from this model from now on; those of other labels are deleted."""
        if self.labels != tagger.labels:
            self.events.clear()
        if self._model and tagger.name != self._model and self.history is not None:
            self._mark(self.history.end_s, f"Model: {tagger.name}")
        self._model = tagger.name
        super().use_labels(tagger)
        self.thresholds = tagger.live_thresholds

    @property
    def sounding(self) -> dict[int, float]:
        """The classes whose events are open, each with the seconds that it has lasted; at a moment of the past, and
        once listening has ended, those at it."""
        moment_s = self.view.right_s if self.cursor_s is None else self.cursor_s
        is_now = self.cursor_s is None and self.view.is_following and self.is_listening
        onsets_s = self.events.now if is_now else self.events.at(moment_s)
        return {label: max(moment_s - onset_s, 0.0) for label, onset_s in onsets_s.items()}

    def advance(self, now_s: float) -> None:
        """Move the right edge to where it is at the monotonic time `now_s`."""
        assert self.history is not None
        self.view.first_s = self.history.start_s
        self.view.last_s = self._edge.advance(now_s, self.history.end_s)

    @property
    def caption(self) -> str:
        """Whether the view is live, and the inputs in view; the title when there was no sound."""
        if self.view.is_following and self.is_listening:
            return f"{'Live' if self.is_growing else 'No sound'}: {self.source}"
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
        return (self._epoch_s or 0.0) + stream_s

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
        """Add a marker, unless there is no sound yet that it could set apart; forget those of sound that is gone."""
        assert self.history is not None
        if self.history.end > 0:
            kept = (marker for marker in self.markers if marker[0] >= self.history.start_s)
            self.markers = (*kept, (time_s, text))

    def _anchor(self, wall_s: float) -> None:
        assert self.history is not None
        epoch_s = wall_s - self.history.end_s
        # The clocks of sound card and computer drift apart over hours: follow slowly.
        self._epoch_s = epoch_s if self._epoch_s is None else self._epoch_s + 0.01 * (epoch_s - self._epoch_s)


def file_timeline(title: str, message: str) -> Timeline:
    """The timeline of a file whose picture has not been read yet."""
    return Timeline(title, is_live=False, message=message)


def set_picture(timeline: Timeline, picture: FilePicture) -> None:
    """Give a file's timeline its picture and show all of it."""
    columns = picture.columns
    history = ColumnHistory(max(len(columns), 1), mels=columns.shape[1], columns_per_s=1 / picture.seconds_per_column)
    edges = [0, *(np.flatnonzero(np.diff(picture.is_gap)) + 1).tolist(), len(columns)]
    for start, stop in pairwise(edges):
        history.append(FrameRun(columns[start:stop], start, is_gap=bool(stop > start and picture.is_gap[start])))
    timeline.history, timeline.message = history, ""
    timeline.view.first_s, timeline.view.last_s = 0.0, max(picture.duration_s, history.end_s)
    timeline.view.show_all()
