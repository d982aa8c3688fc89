"""Listens to a source and tags its newest window again and again.

It has two threads, and neither waits for the other:
* the capture thread reads the source, makes frames and sends updates; it never runs the model, so the spectrogram keeps
  moving while a slow model computes;
* the inference thread takes the newest due window from a slot that holds one. A window that is still in the slot when
  the next one is due is replaced and counted as skipped: late tags are worse than missing ones.
The window or terminal takes updates from a bounded queue and never blocks.

A file that need not be heard in real time skips nothing instead: capture waits for the slot, and for whoever takes the
updates.
"""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from core.audio.block import BlockTap
from core.audio.log_mel import LogMelConfig
from core.audio.sources.source import Source, SourceEnded
from core.errors import UserError
from core.inference.engines.threads import TURNS, leave_a_core
from core.inference.live_frames import LevelMeter, LiveFrames
from core.inference.live_tagging import LiveTagging, LiveWindow, WindowRing
from core.inference.live_view import LONGEST_CONTEXT_S, LiveView, check_hop
from core.inference.pacing.models import PaceWish
from core.inference.pacing.pacer import Pacer
from core.inference.results import EventChange, FrameRun, Level, LiveStatus, LiveUpdate, TagScores, merge_updates

if TYPE_CHECKING:
    # Not at run time: it brings the whole model's imports, and the picture should move before those are done.
    from core.inference.tagger import Tagger

_log = logging.getLogger(__name__)

_READ_TIMEOUT_S = 0.1
_FRONT_END = LogMelConfig()
# 5 minutes of updates at 30 per second: it fills up only if nobody takes updates for that long.
_MOST_UPDATES = 9000


class Listener:
    """Owns both threads. One other thread creates, starts, reads and stops it.

    tagger: may be set later with `use_tagger`; until then there are frames and levels but no scores.
    hop_s: seconds between windows, rounded to whole frames; None for what suits the model. skips: whether windows are
    left out when the model is late; False for a source that waits, such as a file at full speed. tap: gets each block
    as the source delivered it, on the capture thread. pace: how the model follows what this computer can hold; None to
    leave it as it is, as a source that waits needs it.
    """

    def __init__(
        self,
        source: Source,
        *,
        tagger: Tagger | None = None,
        hop_s: float | None = None,
        skips: bool = True,
        tap: BlockTap | None = None,
        pace: PaceWish | None = None,
    ) -> None:
        check_hop(hop_s)
        self._pacer = None if pace is None else Pacer(replace(pace, hop_s=hop_s))
        self._tap = tap
        self._source, self._hop_s, self._skips = source, hop_s, skips
        self._swap = threading.Lock()
        self._tagging: LiveTagging | None = None
        self._updates: queue.Queue[LiveUpdate] = queue.Queue(_MOST_UPDATES)
        self._slot: queue.Queue[LiveWindow | None] = queue.Queue(1)
        self._stop = threading.Event()
        self._counts = LiveStatus()
        self._skipped = 0
        self._trouble: UserError | None = None
        self._level = Level()
        self._when_tagged: Callable[[], object] = lambda: None
        self._capture_thread = threading.Thread(target=self._capture_loop, name="listener capture", daemon=True)
        self._inference_thread = threading.Thread(target=self._inference_loop, name="listener inference", daemon=True)
        if tagger is not None:
            self.use_tagger(tagger)

    def start(self) -> None:
        """Open the source and begin, in the background; an error arrives as the last update's failure."""
        self._inference_thread.start()
        self._capture_thread.start()

    def use_tagger(self, tagger: Tagger) -> None:
        """Tag with another model from the next window on; the stream is not interrupted.

        The events of the previous model end. After this returns, no more scores of it are sent; those already sent are
        still in the queue.
        Raises UserError for a model with another log-mel front end than the stream's.
        """
        if not tagger.log_mel.makes_frames_of(_FRONT_END):
            raise UserError(
                f"{tagger.name} was trained with another log-mel front end, so it cannot be used live.",
                "Tag files with it, or choose another model.",
            )
        with self._swap:
            before = self._tagging
            self._tagging = LiveTagging(tagger, self._hop_s, 1 if before is None else before.next_id)
            if before is not None:
                self._send_events(before.finish())

    def use_pace(self, pace: PaceWish) -> None:
        """Follow another wish from the next window on; nothing where the listener was made without a pace."""
        if self._pacer is not None:
            self._pacer.use(replace(pace, hop_s=self._hop_s))

    def call_when_tagged(self, callback: Callable[[], None]) -> None:
        """Call `callback` on the inference thread each time scores have been put among the updates, so that whoever
        shows them need not wait until it looks again."""
        self._when_tagged = callback

    def stop(self, timeout_s: float = 1.5) -> bool:
        """End both threads; harmless when called twice. False if one still hangs after `timeout_s`, because the sound
        server does not respond; it is a daemon, so the program can exit anyway."""
        self._stop.set()
        deadline = time.monotonic() + timeout_s
        for thread in (self._capture_thread, self._inference_thread):
            if thread.ident is not None:
                thread.join(max(0.0, deadline - time.monotonic()))
        return not (self._capture_thread.is_alive() or self._inference_thread.is_alive())

    def take_update(self) -> LiveUpdate | None:
        """Everything since the last call as one update; None if nothing happened. Never waits."""
        updates: list[LiveUpdate] = []
        while True:
            try:
                updates.append(self._updates.get_nowait())
            except queue.Empty:
                return merge_updates(updates) if updates else None

    def wait_update(self, timeout_s: float) -> LiveUpdate | None:
        """Like `take_update`, but waits up to `timeout_s` seconds for something to happen."""
        try:
            first = self._updates.get(timeout=timeout_s)
        except queue.Empty:
            return None
        rest = self.take_update()
        return merge_updates([first, rest]) if rest is not None else first

    # The capture thread ----------------------------------------------------------------------------------------

    def _capture_loop(self) -> None:
        failure = None
        try:
            self._source.open()
            self._listen()
        except UserError as error:
            failure = error
        except Exception as error:
            failure = _unexpected(error)
        try:
            self._source.close()
        except Exception as error:
            failure = failure or _unexpected(error)
        self._finish_windows()
        self._send(replace(self._update(), has_ended=True, failure=failure))

    def _listen(self) -> None:
        frames = LiveFrames(self._source.sample_rate, _FRONT_END, longest_gap_s=LONGEST_CONTEXT_S)
        meter = LevelMeter(self._source.sample_rate)
        windows = WindowRing(_FRONT_END.n_mels, self._view)
        while not self._stop.is_set():
            try:
                block = self._source.read(_READ_TIMEOUT_S)
            except SourceEnded:
                self._offer(windows.rest(frames.first_frame, time.monotonic()))
                return
            heard_s = time.monotonic() - self._source.latency_s
            if block is not None and self._tap is not None:
                self._tap.push(block)
            runs = frames.push(block) if block is not None else []
            self._level = meter.push(block) if block is not None else self._level
            self._trouble = self._source.trouble
            self._offer(windows.due(runs, frames.first_frame, heard_s))
            self._send(self._update(runs=tuple(runs)))

    def _view(self) -> LiveView | None:
        tagging = self._tagging
        return None if tagging is None else tagging.view

    def _offer(self, due: Iterator[LiveWindow]) -> None:
        """Put the newest due window into the slot, in place of one that waits there; or each, once there is room."""
        newest = None
        for window in due:
            if self._skips:
                self._skipped += newest is not None
                newest = window
            else:
                self._wait_to_put(window)
        if newest is not None:
            with suppress(queue.Empty):
                self._slot.get_nowait()
                self._skipped += 1
            self._slot.put_nowait(newest)

    def _wait_to_put(self, window: LiveWindow | None) -> None:
        while not self._stop.is_set() and self._inference_thread.is_alive():
            with suppress(queue.Full):
                self._slot.put(window, timeout=_READ_TIMEOUT_S)
                return

    def _finish_windows(self) -> None:
        """Let the inference thread finish what is in the slot and end; a window that it leaves counts as skipped."""
        self._wait_to_put(None)
        self._inference_thread.join()
        with suppress(queue.Empty):
            self._skipped += self._slot.get_nowait() is not None

    def _update(self, runs: tuple[FrameRun, ...] = (), scores: tuple[TagScores, ...] = ()) -> LiveUpdate:
        counts = replace(self._counts, skipped_windows=self._skipped, dropped_blocks=self._source.dropped_blocks)
        pace = None if self._pacer is None else self._pacer.state
        return LiveUpdate(runs, scores, self._level, counts, self._trouble, pace=pace)

    def _send_events(self, events: tuple[EventChange, ...]) -> None:
        if events:
            self._send(replace(self._update(), events=events))

    def _send(self, update: LiveUpdate) -> None:
        while not (self._skips or self._stop.is_set()):
            with suppress(queue.Full):
                self._updates.put(update, timeout=_READ_TIMEOUT_S)
                return
        while True:
            try:
                self._updates.put_nowait(update)
            except queue.Full:
                # Nobody has taken updates for minutes: the oldest one is missed least.
                with suppress(queue.Empty):
                    self._updates.get_nowait()
            else:
                return

    # The inference thread --------------------------------------------------------------------------------------

    def _inference_loop(self) -> None:
        leave_a_core()
        try:
            self._infer()
        except Exception as error:
            self._fail(self._tagging, error)
        with self._swap:
            if self._tagging is not None:
                self._send_events(self._tagging.finish())

    def _fail(self, tagging: LiveTagging | None, error: Exception) -> None:
        """Tell it, and go on without this model, so that another one can follow."""
        _log.error("tagging failed", exc_info=error)
        with self._swap:
            if tagging is not None and self._tagging is tagging:
                self._tagging = None
                self._send_events(tagging.finish())
        failure = UserError(f"Tagging stopped: {error!r}.", "Choose another model, or start again.")
        self._send(replace(self._update(), failure=failure))

    def _infer(self) -> None:
        latencies: deque[float] = deque(maxlen=20)
        computing: deque[float] = deque(maxlen=20)
        while not self._stop.is_set():
            try:
                window = self._slot.get(timeout=_READ_TIMEOUT_S)
            except queue.Empty:
                continue
            if window is None:
                return
            tagging = self._begin_window()
            if tagging is None:
                continue
            try:
                with TURNS.live(tagging.view.hop_s):
                    scores = tagging.tag(window)
            except Exception as error:
                self._fail(tagging, error)
                continue
            latencies.append(scores.latency_ms)
            computing.append(scores.compute_ms)
            self._counts = LiveStatus(
                windows=self._counts.windows + 1,
                real_time_factor=tagging.view.hop_s * 1000 / float(np.mean(computing)),
                sound_to_screen_ms=float(np.median(latencies)),
            )
            # Not held while a model computes, so that `use_tagger` never waits for one.
            with self._swap:
                if self._tagging is tagging:
                    events = tagging.track(window, scores)
                    self._send(replace(self._update(scores=(scores,)), events=events))
            self._when_tagged()
            if self._pacer is not None:
                self._change_pace(tagging, self._pacer.heard(tagging, window, scores))

    def _begin_window(self) -> LiveTagging | None:
        """The model for the next window; None where it has failed since the window was cut."""
        tagging = self._tagging
        if tagging is None or self._pacer is None:
            return tagging
        paced = self._pacer.begin(tagging)
        self._change_pace(tagging, paced)
        return paced

    def _change_pace(self, before: LiveTagging, after: LiveTagging) -> None:
        """Nothing where another model has been swapped in meanwhile."""
        with self._swap:
            if self._tagging is before:
                self._tagging = after


def _unexpected(error: Exception) -> UserError:
    _log.error("listening failed", exc_info=error)
    return UserError(f"Listening stopped: {error!r}.", "Start it again; the log has the details.")
