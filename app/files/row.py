"""One file in the list: what is known of it so far. Knows no widgets and no threads but for the flag that stops it."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path

import numpy as np

from app.spectrogram.timeline import Timeline, file_timeline
from app.style import formatting
from core.errors import UserError
from core.labels import LabelSet

TOP_TAGS = 3
_READING = "Reading the file…"


class FileState(Enum):
    """Where a file stands; the value is what people read."""

    WAITING = "waiting"
    TAGGING = "tagging"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


@dataclass(slots=True, eq=False)
class FileRow:
    """A file. progress: 0..1, None while its length is unknown. heard_s: how far it has been tagged. note: what
    to know of its track.

    One owner, the GUI thread. Workers only read the flags: `stop` ends the tagging, `gone` also the picture.
    """

    path: Path
    state: FileState = FileState.WAITING
    progress: float | None = None
    duration_s: float = 0.0
    heard_s: float = 0.0
    error: UserError | None = None
    note: str = ""
    stop: threading.Event = field(default_factory=threading.Event)
    gone: threading.Event = field(default_factory=threading.Event)
    timeline: Timeline = field(init=False)
    has_asked_picture: bool = False

    def __post_init__(self) -> None:
        self.timeline = file_timeline(self.path.name, _READING)

    @property
    def is_over(self) -> bool:
        """Nothing more will come."""
        return self.state in {FileState.DONE, FileState.FAILED, FileState.CANCELLED}

    def wait_again(self) -> None:
        """Put a file back into the queue. A worker that has not yet noticed its flag keeps the old one."""
        self.state, self.error, self.progress, self.heard_s = FileState.WAITING, None, None, 0.0
        self.note = ""
        self.stop = threading.Event()
        if self.timeline.history is None:
            # The file may have been mended since.
            self.has_asked_picture, self.timeline.message = False, _READING

    def state_text(self) -> str:
        """What the list says of its state."""
        if self.state is FileState.TAGGING and self.progress is not None:
            return f"tagging, {formatting.percent(self.progress)}"
        return self.state.value

    def top_tags(self) -> str:
        """The surest classes over the whole file, those above their threshold first and best."""
        scores, labels, thresholds = self.timeline.scores, self.timeline.labels, self.timeline.thresholds
        if labels is None or thresholds is None or not scores:
            return ""
        peaks = scores.peaks(-1.0, float("inf"))
        order = np.argsort(-peaks, kind="stable")
        best = [i for i in order if peaks[i] >= thresholds[i]][:TOP_TAGS]
        if not best:
            return "nothing above its threshold" if self.state is FileState.DONE else ""
        return ",  ".join(_tag(labels, int(i), float(peaks[i])) for i in best)


def _tag(labels: LabelSet, index: int, probability: float) -> str:
    return f"{labels[index].name} {formatting.percent(probability)}"
