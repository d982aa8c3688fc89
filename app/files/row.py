"""One file in the list: what is known of it so far. Knows no widgets and no threads but for the flag that stops it."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path

import numpy as np

from app.spectrogram.timeline import Scene, file_scene
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
    scene: Scene = field(init=False)
    has_asked_picture: bool = False

    def __post_init__(self) -> None:
        self.scene = file_scene(self.path.name, _READING)

    @property
    def is_over(self) -> bool:
        """Nothing more will come."""
        return self.state in {FileState.DONE, FileState.FAILED, FileState.CANCELLED}

    def wait_again(self) -> None:
        """Put a file back into the queue. A worker that has not yet noticed its flag keeps the old one."""
        self.state, self.error, self.progress, self.heard_s = FileState.WAITING, None, None, 0.0
        self.note = ""
        self.stop = threading.Event()
        if self.scene.history is None:
            # The file may have been mended since.
            self.has_asked_picture, self.scene.message = False, _READING

    def state_text(self) -> str:
        """What the list says of its state."""
        if self.state is FileState.TAGGING and self.progress is not None:
            return f"tagging, {formatting.percent(self.progress)}"
        return self.state.value

    def top_tags(self) -> str:
        """The surest classes over the whole file, those above their threshold first and best."""
        scene = self.scene
        if scene.track is None or scene.labels is None or scene.thresholds is None or not len(scene.track):
            return ""
        peaks = scene.track.peaks(-1.0, float("inf"))
        order = np.argsort(-peaks, kind="stable")
        best = [i for i in order if peaks[i] >= scene.thresholds[i]][:TOP_TAGS]
        if not best:
            return "nothing above its threshold" if self.state is FileState.DONE else ""
        return ",  ".join(_tag(scene.labels, int(i), float(peaks[i])) for i in best)


def _tag(labels: LabelSet, index: int, probability: float) -> str:
    return f"{labels[index].name} {formatting.percent(probability)}"
