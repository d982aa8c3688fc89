"""The clock of the live sound, which continues across a change of input."""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace

from core.inference.results import EventChange, LiveUpdate


@dataclass(slots=True)
class LiveClock:
    """Where each listener's frame 0 is on one clock of 100 frames a second.

    next_frame: the first frame still to come. last_frame_at_s: monotonic time at which the last one came.
    open_events: the event of each label that has not ended.
    """

    first_frame: int = 0
    next_frame: int = 0
    last_frame_at_s: float = 0.0
    open_events: dict[int, EventChange] = field(default_factory=dict[int, EventChange])

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
        for change in update.events:
            if change.offset_s is None:
                self.open_events[change.label] = change
            else:
                self.open_events.pop(change.label, None)
        return update

    def end_events(self) -> LiveUpdate:
        """Ends what an input that is closed leaves open: its last updates are never taken."""
        now_s = self.next_frame / 100
        ended = tuple(replace(change, at_s=now_s, offset_s=now_s) for change in self.open_events.values())
        self.open_events.clear()
        return LiveUpdate(events=ended)


def shifted(update: LiveUpdate, frames: int) -> LiveUpdate:
    """The same update, `frames` later: runs, scores and events alike."""
    if frames == 0:
        return update
    runs = tuple(replace(run, first_frame=run.first_frame + frames) for run in update.runs)
    scores = tuple(
        replace(row, start_frame=row.start_frame + frames, end_frame=row.end_frame + frames) for row in update.scores
    )
    return replace(
        update, runs=runs, scores=scores, events=tuple(_later(event, frames / 100) for event in update.events)
    )


def _later(event: EventChange, by_s: float) -> EventChange:
    offset_s = None if event.offset_s is None else event.offset_s + by_s
    return replace(event, onset_s=event.onset_s + by_s, at_s=event.at_s + by_s, offset_s=offset_s)
