"""The clock of the live sound, which continues across a change of input."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace

from core.inference.results import LiveUpdate


@dataclass(slots=True)
class LiveClock:
    """Where each listener's frame 0 is on one clock of 100 frames a second.

    next_frame: the first frame still to come. last_frame_at_s: monotonic time at which the last one came.
    """

    first_frame: int = 0
    next_frame: int = 0
    last_frame_at_s: float = 0.0

    def restart(self) -> None:
        """The next listener's frame 0 is frame 0."""
        self.first_frame = self.next_frame = 0

    def resume(self, update: LiveUpdate) -> None:
        """Place the next listener, whose first update this is, after the last frame and the gap without sound."""
        newest = max((run.first_frame + len(run.frames) for run in update.runs), default=0)
        silent_frames = round((time.monotonic() - self.last_frame_at_s) * 100)
        # Time that both inputs recorded is shown once: the new input starts where the old one stopped.
        self.first_frame = self.next_frame + max(silent_frames - newest, 1)

    def advance(self, update: LiveUpdate) -> LiveUpdate:
        """The update on this clock, which advances with it."""
        update = shifted(update, self.first_frame)
        for run in update.runs:
            self.next_frame = run.first_frame + len(run.frames)
            self.last_frame_at_s = time.monotonic()
        return update


def shifted(update: LiveUpdate, frames: int) -> LiveUpdate:
    """The same update, `frames` later: runs and scores alike."""
    if frames == 0:
        return update
    runs = tuple(replace(run, first_frame=run.first_frame + frames) for run in update.runs)
    scores = tuple(
        replace(row, start_frame=row.start_frame + frames, end_frame=row.end_frame + frames) for row in update.scores
    )
    return replace(update, runs=runs, scores=scores)
