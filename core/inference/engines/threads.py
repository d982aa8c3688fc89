"""How many of the processor's cores models may use, and when: the live view goes first, files fill the rest of the
time. Imports no torch."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager

LIMIT = "SOUNDMARK_CORES"
"""The variable of the environment that says how many cores this process, and those that it starts, may use."""
LONGEST_WAIT_S = 2.0
"""A window of a file that has waited so long is begun all the same: files are late then, but they end."""
_LONG = 0.2
"""A window of a file that takes more than this share of a hop would hold the next live window up noticeably."""
_JUST_AFTER = 0.05
"""The share of a hop after a live window in which there is no better moment for a long window of a file."""
_LATE_S = 0.1
"""A live window that is so much later than expected may not come at all."""
_lock = threading.Lock()
_leaves_a_core = False
_is_done = False


def leave_a_core() -> None:
    """Let PyTorch use one core less, once per process, also if it is loaded later. Capture and drawing need a core, and
    its worker threads all wait for each other while one of them has to wait for a core."""
    global _leaves_a_core
    _leaves_a_core = True
    if "torch" in sys.modules:
        share_cores()


def share_cores() -> None:
    """Do what `leave_a_core` asked for, if it has been called; for whoever has imported PyTorch."""
    global _is_done
    with _lock:
        if not _leaves_a_core or _is_done:
            return
        import torch

        torch.set_num_threads(max(1, torch.get_num_threads() - 1))
        _is_done = True


def usable_cores() -> int:
    """What SOUNDMARK_CORES says, else as many cores as the system lets this process have."""
    limit = os.environ.get(LIMIT, "")
    if limit.isdecimal() and int(limit):
        return int(limit)
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0)) or 1
    return os.cpu_count() or 1


class Turns:
    """The live view and files may each use all cores, so they take turns. clock: seconds, never going back. Any thread
    may call anything."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._changed = threading.Condition()
        self._n_live = 0
        self._hop_s = self._due_s = self._ended_s = 0.0
        self.n_waiting = 0
        """Windows of files that wait for the live view."""

    @contextmanager
    def live(self, hop_s: float) -> Generator[None]:
        """A live window is computed; the next one is due a hop after this one."""
        with self._changed:
            self._n_live += 1
            self._hop_s, self._due_s = hop_s, self._clock() + hop_s
        try:
            yield
        finally:
            with self._changed:
                self._n_live -= 1
                self._ended_s = self._clock()
                self._changed.notify_all()

    def wait(self, takes_s: float) -> None:
        """Return when a window of a file, which will take about so long, may be begun."""
        deadline_s = self._clock() + LONGEST_WAIT_S
        with self._changed:
            self.n_waiting += 1
            try:
                while (wait_s := min(self.wait_s(takes_s), deadline_s - self._clock())) > 0:
                    self._changed.wait(wait_s)
            finally:
                self.n_waiting -= 1

    def wait_s(self, takes_s: float) -> float:
        """How long it has to wait at most if no live window ends before; 0 to begin now."""
        if self._n_live:
            return LONGEST_WAIT_S
        now_s = self._clock()
        is_in_the_way = takes_s > _LONG * self._hop_s and now_s + takes_s > self._due_s
        is_expected = now_s < self._due_s + _LATE_S and now_s - self._ended_s > _JUST_AFTER * self._hop_s
        return self._due_s + _LATE_S - now_s if is_in_the_way and is_expected else 0.0


TURNS = Turns()
"""Those of this process."""
