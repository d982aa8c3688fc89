"""Reads a model live: what sounds now, and the events that follow from it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from copy import copy
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from core.audio.frame_rate import FRAMES_PER_SECOND
from core.audio.log_mel import SILENCE
from core.audio.ring_buffer import RingBuffer
from core.inference.events import EventTracker
from core.inference.live_view import LONGEST_CONTEXT_S, LiveView
from core.inference.results import EventChange, FrameRun, TagScores

if TYPE_CHECKING:
    # Not at run time: it brings the whole model's imports, and the picture should move before those are done.
    from core.inference.tagger import Tagger


@dataclass(frozen=True, slots=True)
class LiveWindow:
    """The newest frames of a stream."""

    frames: NDArray[np.float32]
    """Raw log-mel `(n, mels)`, at most the context of the view."""
    start_frame: int
    """Index of frames[0] in the stream."""
    stream_start_frame: int
    """Where the stream began, or last began again."""
    heard_s: float
    """`time.monotonic()` when its last sample sounded."""

    @property
    def end_frame(self) -> int:
        """The frame after the last one."""
        return self.start_frame + len(self.frames)


class WindowRing:
    """Keeps the newest frames of a stream, and cuts the windows that become due: one ends at every multiple of the hop.

    view: how the model is read at the moment; None while there is no model.
    """

    def __init__(self, n_mels: int, view: Callable[[], LiveView | None]) -> None:
        # A window ends at a whole hop, which lies up to a hop behind the newest frame.
        self._ring = RingBuffer(2 * round(LONGEST_CONTEXT_S * FRAMES_PER_SECOND), (n_mels,))
        self._view = view

    def due(self, runs: Sequence[FrameRun], first_frame: int, heard_s: float) -> Iterator[LiveWindow]:
        """Append runs, and give each window that becomes due. first_frame: where the stream began, or last began again.
        heard_s: `time.monotonic()` when the last sample sounded."""
        for run in runs:
            if run.first_frame > self._ring.end:
                self._ring.skip_to(run.first_frame)
            rest = run.frames
            while len(rest):
                view = self._view()
                n_taken = len(rest) if view is None else view.hop - self._ring.end % view.hop
                self._ring.append(rest[:n_taken])
                is_due = n_taken <= len(rest)
                rest = rest[n_taken:]
                if view is not None and is_due and self._ring.end - first_frame >= view.shortest_window:
                    yield self._window(view, first_frame, heard_s)

    def rest(self, first_frame: int, heard_s: float) -> Iterator[LiveWindow]:
        """A stream that ends before its first window, as a short file does, is one window."""
        view = self._view()
        if view is not None and 0 < self._ring.end - first_frame < view.shortest_window:
            yield self._window(view, first_frame, heard_s)

    def _window(self, view: LiveView, first_frame: int, heard_s: float) -> LiveWindow:
        start = max(self._ring.start, first_frame, self._ring.end - view.context)
        return LiveWindow(self._ring.read(start, self._ring.end), start, first_frame, heard_s)


class LiveTagging:
    """One model in the live view, and the events that it hears.

    hop_s: another hop than that of the model's view. first_id: the number of the first event. `tag` may run on any
    thread; the tracker has state, so `track` and `finish` are for one thread at a time. Raises UserError for a hop
    that cannot be.
    """

    def __init__(self, tagger: Tagger, hop_s: float | None = None, first_id: int = 1) -> None:
        self.tagger = tagger
        self.view = tagger.live_view if hop_s is None else tagger.live_view.with_hop(hop_s)
        self._tracker = EventTracker(self.view.rules(tagger.thresholds), first_id)

    def at_pace(self, tagger: Tagger, hop_s: float) -> LiveTagging:
        """The same model in another setting or with another hop. It goes on with this one's events, so that those that
        are open stay open; this one is not to be used any more."""
        other = copy(self)
        other.tagger, other.view = tagger, tagger.live_view.with_hop(hop_s)
        other._tracker.use_rules(other.view.rules(tagger.thresholds))
        return other

    @property
    def next_id(self) -> int:
        """The number that the next event gets."""
        return self._tracker.next_id

    def tag(self, window: LiveWindow) -> TagScores:
        """What sounds at the end of a window."""
        if self.tagger.has_frame_head:
            return tag_newest_rows(self.tagger, self.view, window)
        return tag_two_windows(self.tagger, self.view, window)

    def track(self, window: LiveWindow, scores: TagScores) -> tuple[EventChange, ...]:
        """The events that begin or end with the scores of a window; windows come in the order of the stream."""
        begun_s = window.stream_start_frame / FRAMES_PER_SECOND
        is_first = self._tracker.heard_s <= begun_s
        # The sound of a window that was skipped is taken to go on: only lost sound is a gap.
        start_s = max(begun_s, scores.end_s - self.view.newest_s) if is_first else self._tracker.heard_s
        return tuple(self._tracker.push_row(scores.probabilities, start_s, scores.end_s))

    def finish(self) -> tuple[EventChange, ...]:
        """Ends the events that the end of the stream cuts off."""
        return tuple(self._tracker.finish())


def tag_newest_rows(tagger: Tagger, view: LiveView, window: LiveWindow) -> TagScores:
    """Each label's highest probability in the newest rows of a model with a frame head."""
    began = time.perf_counter()
    frames = filled(window.frames, view.context)
    rows = view.newest_rows(tagger.tag_frames(frames, window.end_frame - len(frames)), window.end_frame)
    tokens_in, tokens_out = tagger.tokens_of(len(frames))
    return TagScores(
        probabilities=rows.probabilities.max(axis=0),
        start_frame=max(window.start_frame, window.end_frame - view.newest),
        end_frame=window.end_frame,
        latency_ms=(time.monotonic() - window.heard_s) * 1000,
        compute_ms=(time.perf_counter() - began) * 1000,
        tokens_in=tokens_in,
        tokens_out=tokens_out,
        rows=rows,
    )


def tag_two_windows(tagger: Tagger, view: LiveView, window: LiveWindow) -> TagScores:
    """What the long window holds and the short one at its end still holds: the geometric mean of both, and not more
    than the short one where that has fallen below what an event needs to last."""
    context = min(view.context, tagger.window_frames)
    n_long = min(context, len(window.frames))
    frames = window.frames[-n_long:]
    if not tagger.pads_to_window:
        frames = filled(frames, context if n_long > view.newest else view.newest)
    scores = replace(
        tagger.tag(frames, is_warming_up=n_long < context, heard_s=window.heard_s),
        start_frame=window.end_frame - n_long,
        end_frame=window.end_frame,
    )
    if n_long <= view.newest:
        return scores
    short = tagger.tag(window.frames[-view.newest :], at_true_length=True, heard_s=window.heard_s)
    lasts_from = view.rules(tagger.thresholds).lasts_from
    both = np.sqrt(scores.probabilities * short.probabilities)
    return replace(
        scores,
        probabilities=np.where(short.probabilities < lasts_from, np.minimum(both, short.probabilities), both),
        latency_ms=short.latency_ms,
        compute_ms=scores.compute_ms + short.compute_ms,
    )


def filled(frames: NDArray[np.float32], n_frames: int) -> NDArray[np.float32]:
    """The newest of the frames `(n, mels)`, with silence in front of a stream that is younger: `(n_frames, mels)`.

    So the model gets inputs of one size from its first window on. Real sounds with silence in front are answered more
    like the whole context, which comes later, than sounds at their true length are (docs/performance.md).
    """
    missing = n_frames - len(frames)
    return np.pad(frames, ((missing, 0), (0, 0)), constant_values=SILENCE) if missing > 0 else frames[-n_frames:]
