"""Listens to a source and tags its newest window again and again.

It has two threads, and neither waits for the other:
* the capture thread reads the source, makes frames and sends updates; it never runs the model, so the spectrogram keeps
  moving while a slow model computes;
* the inference thread takes the newest due window from a slot that holds one. A window that is still in the slot when
  the next one is due is replaced and counted as skipped: late tags are worse than missing ones.
The window or terminal takes updates from a bounded queue and never blocks.
"""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections import deque
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray

from core.audio.log_mel import FRAMES_PER_SECOND, LogMelConfig
from core.audio.ring_buffer import RingBuffer
from core.audio.sources.source import Source, SourceEnded
from core.errors import UsageError, UserError
from core.inference.live_frames import LevelMeter, LiveFrames
from core.inference.results import FrameRun, Level, LiveStatus, LiveUpdate, TagScores

if TYPE_CHECKING:
    # Not at run time: it brings the whole model's imports, and the picture should move before those are done.
    from core.inference.tagger import Tagger

_log = logging.getLogger(__name__)

WINDOW_FRAMES = 1024
FIRST_WINDOW_FRAMES = FRAMES_PER_SECOND
"""After the first second the model sees what there is, at its true length."""
_READ_TIMEOUT_S = 0.1
_FRONT_END = LogMelConfig()
# 5 minutes of updates at 30 per second: it fills up only if nobody takes updates for that long.
_MOST_UPDATES = 9000


@dataclass(frozen=True, slots=True)
class _Window:
    frames: NDArray[np.float32]
    start_frame: int
    is_warming_up: bool
    heard_s: float


class Listener:
    """Owns both threads. One other thread creates, starts, reads and stops it.

    tagger: may be set later with `use_tagger`; until then there are frames and levels but no scores.
    hop_s: seconds between windows, rounded to whole frames.
    """

    def __init__(self, source: Source, *, tagger: Tagger | None = None, hop_s: float = 0.5) -> None:
        self._hop = round(hop_s * FRAMES_PER_SECOND)
        if not 1 <= self._hop <= WINDOW_FRAMES:
            raise UsageError(
                f"--hop-s cannot be {hop_s:g}.", "It must be between 0.01 and 10.24 seconds; 0.5 is usual."
            )
        self._source = source
        self._swap = threading.Lock()
        self._tagger: Tagger | None = None
        if tagger is not None:
            self.use_tagger(tagger)
        self._updates: queue.Queue[LiveUpdate] = queue.Queue(_MOST_UPDATES)
        self._slot: queue.Queue[_Window | None] = queue.Queue(1)
        self._stop = threading.Event()
        self._counts = LiveStatus()
        self._skipped = 0
        self._trouble: UserError | None = None
        self._level = Level()
        self._capture_thread = threading.Thread(target=self._capture_loop, name="listener capture", daemon=True)
        self._inference_thread = threading.Thread(target=self._inference_loop, name="listener inference", daemon=True)

    def start(self) -> None:
        """Open the source and begin, in the background; an error arrives as the last update's failure."""
        self._inference_thread.start()
        self._capture_thread.start()

    def use_tagger(self, tagger: Tagger) -> None:
        """Tag with another model from the next window on; the stream is not interrupted.

        After this returns, no more scores of the previous model are sent; those already sent are still in the queue.
        Raises UserError for a model with another log-mel front end than the stream's.
        """
        if not tagger.log_mel.makes_frames_of(_FRONT_END):
            raise UserError(
                f"{tagger.name} was trained with another log-mel front end, so it cannot be used live.",
                "Tag files with it, or choose another model.",
            )
        with self._swap:
            self._tagger = tagger

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
                return _merge(updates) if updates else None

    def wait_update(self, timeout_s: float) -> LiveUpdate | None:
        """Like `take_update`, but waits up to `timeout_s` seconds for something to happen."""
        try:
            first = self._updates.get(timeout=timeout_s)
        except queue.Empty:
            return None
        rest = self.take_update()
        return _merge([first, rest]) if rest is not None else first

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
        frames = LiveFrames(self._source.sample_rate, _FRONT_END, longest_gap_s=WINDOW_FRAMES / FRAMES_PER_SECOND)
        meter = LevelMeter(self._source.sample_rate)
        # A window ends at a whole hop, which lies up to a hop behind the newest frame.
        ring = RingBuffer(WINDOW_FRAMES + self._hop, (_FRONT_END.n_mels,))
        while not self._stop.is_set():
            try:
                block = self._source.read(_READ_TIMEOUT_S)
            except SourceEnded:
                self._offer_short_stream(ring, frames.first_frame)
                return
            heard_s = time.monotonic() - self._source.latency_s
            runs = frames.push(block) if block is not None else []
            self._level = meter.push(block) if block is not None else self._level
            self._trouble = self._source.trouble
            before = ring.end
            for run in runs:
                if run.first_frame > ring.end:
                    ring.skip_to(run.first_frame)
                ring.append(run.frames)
            self._offer_window(ring, max(before, ring.start), frames.first_frame, heard_s)
            self._send(self._update(runs=tuple(runs)))

    def _offer_window(self, ring: RingBuffer, before: int, first_frame: int, heard_s: float) -> None:
        """Put the newest due window into the slot; windows that became due before it are skipped.

        before: `ring.end` before the newest frames came. first_frame: where the stream began or last started again.
        """
        # Windows end at the multiples of the hop, so window k is due once the ring reaches frame k * hop.
        due = ring.end // self._hop
        if due == before // self._hop or self._tagger is None:
            return
        end = due * self._hop
        if end - first_frame < FIRST_WINDOW_FRAMES:
            return
        start = max(ring.start, end - WINDOW_FRAMES)
        # A large block, or one after a gap, may make several windows due at once: all but the newest are skipped.
        # Windows with less than a second of sound were never due, so they do not count.
        n_due = due - max(before, first_frame + FIRST_WINDOW_FRAMES - 1) // self._hop
        self._skipped += max(0, n_due - 1)
        self._put(_Window(ring.read(start, end), start, end - first_frame < WINDOW_FRAMES, heard_s))

    def _offer_short_stream(self, ring: RingBuffer, first_frame: int) -> None:
        """A stream that ends within its first second, as a short file does, is one window, at its true length."""
        if self._tagger is not None and 0 < ring.end - first_frame < FIRST_WINDOW_FRAMES:
            self._put(_Window(ring.read(first_frame, ring.end), first_frame, True, time.monotonic()))

    def _put(self, window: _Window) -> None:
        with suppress(queue.Empty):
            self._slot.get_nowait()
            self._skipped += 1
        self._slot.put_nowait(window)

    def _finish_windows(self) -> None:
        """Let the inference thread finish what is in the slot and end; a window that it leaves counts as skipped."""
        while not self._stop.is_set() and self._inference_thread.is_alive():
            with suppress(queue.Full):
                self._slot.put(None, timeout=_READ_TIMEOUT_S)
                break
        self._inference_thread.join()
        with suppress(queue.Empty):
            self._skipped += self._slot.get_nowait() is not None

    def _update(self, runs: tuple[FrameRun, ...] = (), scores: tuple[TagScores, ...] = ()) -> LiveUpdate:
        counts = replace(self._counts, skipped_windows=self._skipped, dropped_blocks=self._source.dropped_blocks)
        return LiveUpdate(runs, scores, self._level, counts, self._trouble)

    def _send(self, update: LiveUpdate) -> None:
        while True:
            try:
                self._updates.put_nowait(update)
                return
            except queue.Full:
                # Nobody has taken updates for minutes: the oldest one is missed least.
                with suppress(queue.Empty):
                    self._updates.get_nowait()

    # The inference thread --------------------------------------------------------------------------------------

    def _inference_loop(self) -> None:
        leave_a_core()
        latencies: deque[float] = deque(maxlen=20)
        computing: deque[float] = deque(maxlen=20)
        try:
            while not self._stop.is_set():
                try:
                    window = self._slot.get(timeout=_READ_TIMEOUT_S)
                except queue.Empty:
                    continue
                if window is None:
                    return
                tagger = self._tagger
                assert tagger is not None, "a window is offered only once there is a tagger"
                scores = _tag_window(tagger, window)
                latencies.append(scores.latency_ms)
                computing.append(scores.compute_ms)
                self._counts = LiveStatus(
                    windows=self._counts.windows + 1,
                    real_time_factor=self._hop * 1000 / FRAMES_PER_SECOND / float(np.mean(computing)),
                    sound_to_screen_ms=float(np.median(latencies)),
                )
                # Held only for a put, so that `use_tagger` never waits for a model that is computing.
                with self._swap:
                    if self._tagger is tagger:
                        self._send(self._update(scores=(scores,)))
        except Exception as error:
            _log.exception("tagging failed")
            failure = UserError(f"Tagging stopped: {error!r}.", "Choose another model, or start again.")
            self._send(replace(self._update(), failure=failure))


def _tag_window(tagger: Tagger, window: _Window) -> TagScores:
    frames = window.frames[-tagger.window_frames :]
    return tagger.tag(
        frames,
        window.start_frame + len(window.frames) - len(frames),
        is_warming_up=window.is_warming_up and len(frames) < tagger.window_frames,
        heard_s=window.heard_s,
    )


def _unexpected(error: Exception) -> UserError:
    _log.error("listening failed", exc_info=error)
    return UserError(f"Listening stopped: {error!r}.", "Start it again; the log has the details.")


@cache
def leave_a_core() -> None:
    """Let the model use one core less, once per process. Capture and drawing need a core, and the model's worker
    threads all wait for each other while one of them has to wait for a core."""
    torch.set_num_threads(max(1, torch.get_num_threads() - 1))


def _merge(updates: list[LiveUpdate]) -> LiveUpdate:
    newest = updates[-1]
    failure = next((update.failure for update in reversed(updates) if update.failure is not None), None)
    return LiveUpdate(
        runs=tuple(run for update in updates for run in update.runs),
        scores=tuple(scores for update in updates for scores in update.scores),
        level=newest.level,
        status=newest.status,
        trouble=newest.trouble,
        has_ended=any(update.has_ended for update in updates),
        failure=failure,
    )
