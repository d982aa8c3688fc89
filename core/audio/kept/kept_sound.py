"""KeptSound: takes, the thread that writes them, and what it writes to."""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence
from contextlib import suppress
from queue import Empty, Full, Queue
from typing import Protocol

from core.audio.block import AudioBlock
from core.audio.kept.ring import SoundRing
from core.audio.kept.take import SoundQueue, Take

_log = logging.getLogger(__name__)
_MOST_BLOCKS = 2000
"""Inputs deliver blocks of 5 to 100 ms: a disk may take ten seconds or more."""
_TIDY_S = 0.5


class SoundSink(Protocol):
    """Takes what is kept, on the writer's thread. None of these raises."""

    def write(self, take: Take, block: AudioBlock) -> None: ...
    def tidy(self) -> None: ...
    def close(self) -> None: ...


class KeptSound:
    """Passes the blocks of all takes to the ring and to other sinks, on a thread of its own."""

    def __init__(self, ring: SoundRing | None = None, sinks: Sequence[SoundSink] = ()) -> None:
        self.ring = ring or SoundRing()
        self._sinks: tuple[SoundSink, ...] = (self.ring, *sinks)
        self._queue: SoundQueue = Queue(_MOST_BLOCKS)
        self._stop = threading.Event()
        self._start_lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._turn = threading.Condition()
        self._turns_begun = self._turns_ended = 0

    def begin_take(self, title: str) -> Take:
        """The sound of an input that is about to be opened. Any thread may call it."""
        with self._start_lock:
            if self._thread is None and not self._stop.is_set():
                self._thread = threading.Thread(target=self._run, name="sound writer", daemon=True)
                self._thread.start()
        return Take(self._queue, title)

    def flush(self, timeout_s: float = 5.0) -> bool:
        """Wait until everything pushed so far has been written; False when that took longer. Not for the GUI thread."""
        if self._thread is None or not self._thread.is_alive():
            return True
        with self._turn:
            # The turn that is under way may have begun before the last block came in: wait for the whole next one.
            wanted = self._turns_begun + 1
            with suppress(Full):
                self._queue.put_nowait(None)
            return self._turn.wait_for(lambda: self._turns_ended >= wanted, timeout_s)

    def close(self, timeout_s: float = 2.0) -> bool:
        """Write the rest, delete the ring and end the thread; False if it still hangs on its disk."""
        with self._start_lock:
            self._stop.set()
            thread = self._thread
        if thread is None:
            return True
        with suppress(Full):
            self._queue.put_nowait(None)
        thread.join(timeout_s)
        return not thread.is_alive()

    def _run(self) -> None:
        while True:
            is_last = self._stop.is_set()
            self._write_waiting()
            if is_last:
                break
        for sink in self._sinks:
            sink.close()

    def _write_waiting(self) -> None:
        """One turn: write all that is waiting, or wait for something to come in."""
        items = []
        with suppress(Empty):
            items = [self._queue.get(timeout=_TIDY_S)]
        with self._turn:
            self._turns_begun += 1
        for item in [*items, *self._waiting()]:
            if item is not None:
                self._write(*item)
        for sink in self._sinks:
            sink.tidy()
        with self._turn:
            self._turns_ended = self._turns_begun
            self._turn.notify_all()

    def _waiting(self) -> list[tuple[Take, AudioBlock] | None]:
        items: list[tuple[Take, AudioBlock] | None] = []
        with suppress(Empty):
            while len(items) < _MOST_BLOCKS:
                items += [self._queue.get_nowait()]
        return items

    def _write(self, take: Take, block: AudioBlock) -> None:
        for sink in self._sinks:
            try:
                sink.write(take, block)
            except Exception:
                _log.exception("sound could not be kept")
