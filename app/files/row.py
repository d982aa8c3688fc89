"""One file in the list: its state, its progress and what was found in it."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path

import numpy as np

from app.runtime.core_api import Tagger
from app.spectrogram.timeline import Timeline, file_timeline
from app.style import formatting
from core.errors import UserError
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
    stop: threading.Event = field(default_factory=threading.Event)
    """Set to end the tagging."""
    removed: threading.Event = field(default_factory=threading.Event)
    """Set when it is taken off the list: ends the reading of its picture."""
    timeline: Timeline = field(init=False)
    """Its picture and scores."""
    tagger: Tagger | None = None
    """The model to tag it with; None: the one in use."""
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
        self.note = ""
        self.stop = threading.Event()
        if self.timeline.history is None:
            # The file may have been fixed since.
            self.has_requested_picture, self.timeline.message = False, _READING

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
            return ""
        peaks = scores.peaks(-1.0, float("inf"))
        order = np.argsort(-peaks, kind="stable")
        shown = label_tree(labels).most_specific(peaks >= thresholds)
        best = [i for i in order if shown[i]][:TOP_TAGS]
        if not best:
            return "nothing above its threshold" if self.state is FileState.DONE else ""
        return ",  ".join(_tag(labels, int(i), float(peaks[i])) for i in best)


def _tag(labels: LabelSet, index: int, probability: float) -> str:
    return f"{labels[index].name} {formatting.percent(probability)}"
