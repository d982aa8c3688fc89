"""Receives requests to a running training: signals, and commands on its standard input.

A thread waits for lines, because polling a pipe is not possible on every platform.
"""

from __future__ import annotations

import queue
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import IO, get_args

from core.run.messages import Command


class RunControl:
    """The queue of requests from whoever started the run; the loop polls it between two steps.

    until: a run that fails keeps handling signals until this closes; None: only until the failure. torchrun sends
    SIGTERM to all processes as soon as one is lost, and the others still have to report what happened to the run.
    """

    def __init__(self, until: ExitStack | None = None) -> None:
        self._until = until
        self._requests: queue.SimpleQueue[Command] = queue.SimpleQueue()
        self._n_signals = 0

    def poll(self) -> Command | None:
        """The next request, or None; never waits."""
        try:
            return self._requests.get_nowait()
        except queue.Empty:
            return None

    def wait(self) -> Command:
        """Wait for the next request, and keep handling signals meanwhile."""
        while True:
            try:
                return self._requests.get(timeout=0.2)
            except queue.Empty:
                continue

    def request(self, command: Command) -> None:
        """Add a request, from any thread."""
        self._requests.put(command)

    def read(self, lines: IO[str]) -> None:
        """Accept commands from `lines` from now on. Its end is no request: whoever started the run may exit."""

        def follow() -> None:
            for line in lines:
                word = line.strip()
                if word in get_args(Command):
                    self._requests.put(word)  # pyright: ignore[reportArgumentType] — checked above

        threading.Thread(target=follow, name="control", daemon=True).start()

    @contextmanager
    def signals(self) -> Iterator[None]:
        """SIGINT and SIGTERM request an orderly stop; a second one interrupts at once."""

        def on_signal(_number: int, _frame: object) -> None:
            self._n_signals += 1
            if self._n_signals > 1:
                raise KeyboardInterrupt
            print("Stopping: the run is being saved. Press Ctrl+C again to interrupt it at once.", file=sys.stderr)
            self._requests.put("stop")

        with ExitStack() as here:
            for number in (signal.SIGINT, signal.SIGTERM):
                here.callback(signal.signal, number, signal.signal(number, on_signal))
            try:
                yield
            except BaseException:
                if self._until:
                    self._until.push(here.pop_all())
                raise
