"""One file in the list: its state, its progress and what was found in it."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path

import numpy as np

from app.files.file_events import events_of, spans_of
from app.files.kept_list import KeptFile
from app.runtime.core_api import Tagger
from app.spectrogram.history.event_history import TimelineEvent
from app.spectrogram.timeline import Timeline, file_timeline
from app.style import formatting
from app.style.plain_text import rich_error
from core.errors import UserError
from core.event_files.models import LabelledSpan
from core.inference.results import TagScores
from core.label_tree import label_tree
from core.labels import LabelSet

TOP_TAGS = 3
_READING = "Reading the file…"


class FileState(Enum):
    """The state of a file; the value is the text on screen."""

    WAITING = "waiting"
    TAGGING = "tagging"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


@dataclass(slots=True, eq=False)
class FileRow:
    """A file in the list. Used by the GUI thread only, except for the two events, which workers read."""

    path: Path
    """The file."""
    state: FileState = FileState.WAITING
    """Its state."""
    progress: float | None = None
    """How much has been tagged, 0 to 1; None while the length is unknown."""
    duration_s: float = 0.0
    """Its length; 0 while unknown."""
    tagged_s: float = 0.0
    """How far it has been tagged, in seconds."""
    error: UserError | None = None
    """Why it failed."""
    note: str = ""
    """A remark, such as which audio track was used."""
    kept_tags: str = ""
    """Its top tags as an earlier run of the program found them."""
    model: str = ""
    """The model that tagged it, or tags it."""
    stamp: tuple[int, int] = (0, 0)
    """Size in bytes and time of the last change in ns when it was added; zeros where nobody knows."""
    labels: list[TimelineEvent] = field(default_factory=list[TimelineEvent])
    """Events from a file of labels."""
    stop: threading.Event = field(default_factory=threading.Event)
    """Set to end the tagging."""
    removed: threading.Event = field(default_factory=threading.Event)
    """Set when it is taken off the list: ends the reading of its picture."""
    timeline: Timeline = field(init=False)
    """Its picture and scores."""
    tagger: Tagger | None = None
    """The model to tag it with; None: the one in use."""
    are_scores_kept: bool = False
    """Its scores are on the disk."""
    is_reading_scores: bool = False
    """Its scores are being read from the disk."""
    has_requested_picture: bool = False
    """Its picture has been read or is being read."""

    def __post_init__(self) -> None:
        self.timeline = file_timeline(self.path.name, _READING)
        self.timeline.path = self.path

    @property
    def is_over(self) -> bool:
        """It is done, failed or cancelled."""
        return self.state in {FileState.DONE, FileState.FAILED, FileState.CANCELLED}

    def reset(self) -> None:
        """Wait in the queue again. A worker that has not yet stopped keeps the old event, which stays set."""
        self.state, self.error, self.progress, self.tagged_s = FileState.WAITING, None, None, 0.0
        self.note = self.kept_tags = self.model = ""
        self.stop = threading.Event()
        self.timeline.events.clear()
        self.timeline.events.add(self.labels)
        if self.timeline.history is None:
            # The file may have been fixed since.
            self.has_requested_picture, self.timeline.message = False, _READING

    def begin(self, tagger: Tagger) -> None:
        """Being tagged from now on."""
        self.state, self.progress, self.model = FileState.TAGGING, None, tagger.name
        self.are_scores_kept = False
        self.timeline.use_labels(tagger)
        self.timeline.events.add(self.labels)

    def take(self, scores: Sequence[TagScores], events: Sequence[TimelineEvent]) -> None:
        """Show what a model has found."""
        if not self.timeline.models:
            return
        for window in scores:
            self.timeline.models[0].scores.append(window)
            self.tagged_s = max(self.tagged_s, window.end_s)
        self.timeline.events.add(events)

    def find_events(self) -> None:
        """Show the events that its windows hold, where its model has not said when things sound."""
        if self.timeline.models and not self.timeline.models[0].scores.has_rows:
            self.timeline.events.clear()
            self.timeline.events.add([*self.labels, *events_of(self.timeline.models[0])])

    def add_labels(self, events: Sequence[TimelineEvent]) -> None:
        """Show the events of a file of labels."""
        self.labels += events
        self.timeline.events.add(events)

    def spans(self, *, with_parents: bool = False) -> list[LabelledSpan]:
        """Its events for an export, without those of its labels. with_parents: also those that more specific ones
        cover."""
        return list(spans_of(self.path, self.events(with_parents=with_parents)))

    def events(self, *, with_parents: bool = False) -> list[TimelineEvent]:
        """The events that a model found in it."""
        found = self.timeline.events.between(-1.0, float("inf"))
        if self.labels:
            of_labels = set(self.labels)
            found = [event for event in found if event not in of_labels]
        return found if with_parents else [event for event in found if not event.is_implied]

    def to_kept(self) -> KeptFile:
        """What is kept of it between starts: what is being tagged then waits again."""
        is_over = self.is_over
        problem, remedy = (self.error.problem, self.error.remedy) if self.error is not None else ("", "")
        return KeptFile(
            path=self.path,
            state=(self.state if is_over else FileState.WAITING).value,
            duration_s=self.duration_s,
            tags=self.top_tags() if is_over else "",
            note=self.note,
            model=self.model if is_over else "",
            size=self.stamp[0],
            mtime_ns=self.stamp[1],
            problem=problem,
            remedy=remedy,
            events=tuple(
                (event.label_id, event.name, event.onset_s, event.offset_s or 0.0, event.peak, event.is_implied)
                for event in (self.events(with_parents=True) if is_over else ())  # else they will be found again
            ),
        )

    @classmethod
    def from_kept(cls, kept: KeptFile) -> FileRow:
        """The row of a kept file. One in a state that only another version knows waits."""
        state = next((state for state in FileState if state.value == kept.state), FileState.WAITING)
        row = cls(kept.path, state, duration_s=kept.duration_s, note=kept.note, kept_tags=kept.tags)
        row.model, row.stamp = kept.model, (kept.size, kept.mtime_ns)
        if kept.problem:
            row.error = UserError(kept.problem, kept.remedy)
            row.timeline.message = rich_error(row.error)
        row.timeline.events.add(
            TimelineEvent(*event[:5], model=kept.model, is_implied=any(event[5:])) for event in kept.events
        )
        return row

    def state_text(self) -> str:
        """The state on screen, with progress while it is tagged."""
        if self.state is FileState.TAGGING and self.progress is not None:
            return f"tagging, {formatting.percent(self.progress)}"
        return self.state.value

    def top_tags(self) -> str:
        """The classes with the highest probability in the whole file, of those above their threshold; of classes above
        one another the most specific."""
        scores, labels, thresholds = self.timeline.scores, self.timeline.labels, self.timeline.thresholds
        if labels is None or thresholds is None or not scores:
            return self.kept_tags
        peaks = scores.peaks(-1.0, float("inf"))
        order = np.argsort(-peaks, kind="stable")
        shown = label_tree(labels).most_specific(peaks >= thresholds)
        best = [i for i in order if shown[i]][:TOP_TAGS]
        if not best:
            return "nothing above its threshold" if self.state is FileState.DONE else ""
        return ",  ".join(_tag(labels, int(i), float(peaks[i])) for i in best)


def _tag(labels: LabelSet, index: int, probability: float) -> str:
    return f"{labels[index].name} {formatting.percent(probability)}"
