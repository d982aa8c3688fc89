"""What can be asked of a running training: signals, and words on its standard input. Knows no training.

A thread of its own waits for lines, because no system can ask a pipe on every platform whether it has one.
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
    """The newest request of whoever started the run; the loop asks between two steps.

    until: a run that fails keeps hold of the signals until this closes; None: not beyond the failure. torchrun sends
    SIGTERM to all as soon as one process is lost, and the others have still to say what became of the run.
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
        """The next request; waits for it, and stays open to signals."""
        while True:
            try:
                return self._requests.get(timeout=0.2)
            except queue.Empty:
                continue

    def request(self, command: Command) -> None:
        """Ask for something, from any thread."""
        self._requests.put(command)

    def read(self, lines: IO[str]) -> None:
        """Obey words of `lines` from now on; its end is no request: who started the run may go."""

        def follow() -> None:
            for line in lines:
                word = line.strip()
                if word in get_args(Command):
                    self._requests.put(word)  # pyright: ignore[reportArgumentType] — just compared with them

        threading.Thread(target=follow, name="control", daemon=True).start()

    @contextmanager
    def signals(self) -> Iterator[None]:
        """SIGINT and SIGTERM ask for an orderly stop; the second one interrupts at once."""

        def on_signal(_number: int, _frame: object) -> None:
            self._n_signals += 1
            if self._n_signals > 1:
                raise KeyboardInterrupt
            print("Stopping: the run is being saved. Press Ctrl+C again to break off at once.", file=sys.stderr)
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
