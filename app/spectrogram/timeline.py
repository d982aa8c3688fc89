"""Timelines: the picture, scores, events and view of the live sound or of one file, as all panels show them."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from app.runtime.core_api import FilePicture, Tagger
from app.spectrogram.history.column_history import ColumnHistory
from app.spectrogram.history.event_history import EventHistory
from app.spectrogram.history.model_scores import ModelScores, model_at
from app.spectrogram.history.score_history import ScoreHistory
from app.spectrogram.time_view import TimeView
from core.inference.events import rules_for_rows
from core.inference.results import FrameRun, TagScores
from core.labels import LabelSet

MOST_WINDOWS = 200_000
"""Windows whose scores are kept: a file of 11 days, or four hours of live sound at the shortest hop."""
_PAUSE_S = 1.0
"""What was heard before a gap of this length says nothing about what comes behind it."""

PLAYING = "also hears what is played"
"""Beside live tags while something is played: a loudspeaker reaches the microphone."""


@dataclass(slots=True)
class Timeline:
    """Sound as a picture, its scores and events, and the part in view. Used by the GUI thread only."""

    title: str
    """What is shown, such as the name of a file."""
    is_live: bool
    """The sound of the input, not of a file."""
    view: TimeView = field(default_factory=TimeView)
    """The range of time in view."""
    history: ColumnHistory | None = None
    """The picture; None until it has been read."""
    models: list[ModelScores] = field(default_factory=list[ModelScores])
    """The scores of each model in use, in the order in which they were; a file has one at most."""
    events: EventHistory = field(default_factory=EventHistory)
    """The events, of all models."""
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

    @property
    def scores(self) -> ScoreHistory | None:
        """The scores of the newest model; None until one is loaded."""
        return self.models[-1].scores if self.models else None

    @property
    def labels(self) -> LabelSet | None:
        """The labels of the newest model."""
        return self.models[-1].labels if self.models else None

    @property
    def thresholds(self) -> NDArray[np.float32] | None:
        """The thresholds of the newest model, `(labels,)`."""
        return self.models[-1].thresholds if self.models else None

    @property
    def moment_s(self) -> float:
        """The moment that the tags are shown of: the cursor, or the right edge of the view."""
        return self.view.right_s if self.cursor_s is None else self.cursor_s

    @property
    def shown_model(self) -> ModelScores | None:
        """The model that was in use at the moment on show."""
        return model_at(self.models, self.moment_s)

    @property
    def sounding(self) -> dict[int, float] | None:
        """The classes that are heard at the moment on show, by their places among the labels of `shown_model`, each
        with the seconds that it has lasted by then; None where the thresholds say what is heard."""
        return None

    def use_labels(self, tagger: Tagger) -> None:
        """Take scores from this model from now on; what was there of another is deleted."""
        scores = ScoreHistory(len(tagger.labels), is_live=self.is_live, capacity=MOST_WINDOWS)
        # Of the rows of a frame head an event is made where they reach the thresholds for rows.
        rows = rules_for_rows(len(tagger.labels)) if tagger.has_frame_head else None
        thresholds = tagger.thresholds if rows is None else rows.starts_from
        self.models = [ModelScores(tagger.name, tagger.labels, thresholds, scores)]
        self.events.clear()

    def scores_in_view(self) -> TagScores | None:
        """The scores of `shown_model` at the cursor. Without a cursor, those at the right edge (live) or the highest in
        view (file).

        None where there is no sound.
        """
        shown = self.shown_model
        if shown is None:
            return None
        if not self.is_live and self.cursor_s is None:
            return shown.scores.highest(self.view.left_s, self.view.right_s)
        found = shown.scores.at(self.moment_s)
        return None if found is None or self._is_over(found) else found

    def windows_s(self) -> NDArray[np.float64]:
        """Start and stop of every window of all models, in order, `(n, 2)`."""
        rows = [
            np.stack([np.maximum(model.scores.starts_s, model.start_s), model.scores.stops_s], 1)
            for model in self.models
        ]
        return np.concatenate([np.zeros((0, 2)), *rows])

    def keep_cursor_in_view(self) -> None:
        """Scroll so that the cursor is in view."""
        if self.cursor_s is not None:
            self.view.reveal(self.cursor_s)

    def _is_over(self, found: TagScores) -> bool:
        """The moment on show is in a gap, or one lies between the scores found for it and the moment."""
        if self.history is None:
            return False
        if self.cursor_s is not None and self.history.is_gap(self.cursor_s):
            return True
        gaps_s = self.history.gaps_between(found.end_s, max(found.end_s, self.moment_s))
        return any(stop_s - start_s >= _PAUSE_S for start_s, stop_s in gaps_s)


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
    timeline.view.gap_at = history.gap_at
    timeline.view.first_s, timeline.view.last_s = 0.0, max(picture.duration_s, history.end_s)
    timeline.view.show_all()
