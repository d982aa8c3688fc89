"""The clock of the live sound: it starts once, and runs on while nothing is heard and across a change of input."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from core.audio.steady_clock import steady_s
from core.inference.results import EventChange, LiveUpdate, TagScores


@dataclass(slots=True)
class LiveClock:
    """Where each listener's frame 0 is on one clock of 100 frames a second, from the first sound to the end.

    first_frame: the frame on this clock that is frame 0 of the current listener. next_frame: the first frame still to
    come. last_frame_at_s: when the last one came, by `now_s`. open_events: the event of each label that has not ended.
    now_s: reads a clock that nobody sets and that counts time asleep.
    """

    now_s: Callable[[], float] = steady_s
    first_frame: int = 0
    next_frame: int = 0
    last_frame_at_s: float = 0.0
    open_events: dict[int, EventChange] = field(default_factory=dict[int, EventChange])

    @property
    def silent_s(self) -> float:
        """How long ago the last frame came."""
        return self.now_s() - self.last_frame_at_s

    def place(self, update: LiveUpdate) -> None:
        """Place a listener, whose first update this is: the first one at 0, each later one behind the last frame and
        the time without sound, however long that was."""
        if self.next_frame == 0:
            return
        newest = max((run.first_frame + len(run.frames) for run in update.runs), default=0)
        # Time that both inputs recorded is shown once: the new input starts where the old one stopped.
        self.first_frame = self.next_frame + max(round(self.silent_s * 100) - newest, 1)

    def advance(self, update: LiveUpdate) -> LiveUpdate:
        """The update on this clock, which advances with it."""
        update = shifted(update, self.first_frame)
        for run in update.runs:
            self.next_frame = run.first_frame + len(run.frames)
            self.last_frame_at_s = self.now_s()
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
    scores = tuple(_later_scores(row, frames) for row in update.scores)
    return replace(
        update, runs=runs, scores=scores, events=tuple(_later(event, frames / 100) for event in update.events)
    )


def _later_scores(scores: TagScores, frames: int) -> TagScores:
    rows = None if scores.rows is None else replace(scores.rows, times_s=scores.rows.times_s + frames / 100)
    return replace(scores, start_frame=scores.start_frame + frames, end_frame=scores.end_frame + frames, rows=rows)


def _later(event: EventChange, by_s: float) -> EventChange:
    offset_s = None if event.offset_s is None else event.offset_s + by_s
    return replace(event, onset_s=event.onset_s + by_s, at_s=event.at_s + by_s, offset_s=offset_s)
