"""A process that a test starts, listens to and ends, by its process id. Knows no program in particular."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import IO

from rig.waiting import PATIENCE_S, wait_for


class Child:
    """One started command with its output collected line by line; it leads a process group of its own.

    Two daemon threads read stdout and stderr, so that a full pipe never stops the child.
    """

    def __init__(
        self, command: Sequence[str | Path], environment: Mapping[str, str] | None = None, cwd: Path | None = None
    ) -> None:
        self.command = [str(word) for word in command]
        self.stdout: list[str] = []
        self.stderr: list[str] = []
        self.started_s = time.monotonic()
        self._popen = subprocess.Popen(
            self.command,
            env=None if environment is None else dict(environment),
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        self._readers = [
            _start_reader(self._popen.stdout, self.stdout),
            _start_reader(self._popen.stderr, self.stderr),
        ]

    def __enter__(self) -> Child:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.end()

    @property
    def pid(self) -> int:
        """The process id, which is also that of its group."""
        return self._popen.pid

    @property
    def exit_code(self) -> int | None:
        """None while it runs."""
        return self._popen.poll()

    def wait(self, timeout_s: float) -> int:
        """Its exit code, once it ended by itself and its output is read. Fails the test when it does not."""
        try:
            code = self._popen.wait(timeout_s)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"still running after {timeout_s:g} s: {self.describe()}") from None
        for reader in self._readers:
            reader.join(timeout=PATIENCE_S)
        return code

    def wait_for_line(self, accepts: Callable[[str], bool], timeout_s: float, what: str) -> str:
        """The first line of stdout or stderr that `accepts` takes; fails at once when the child ends without one."""

        def look() -> str | None:
            has_ended = self.exit_code is not None  # asked first: what it still wrote is then read below
            for line in [*self.stdout, *self.stderr]:
                if accepts(line):
                    return line
            assert not has_ended or any(reader.is_alive() for reader in self._readers), (
                f"it ended without {what}: {self.describe()}"
            )
            return None

        try:
            return wait_for(look, timeout_s, what)
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.describe()}") from None

    def interrupt(self) -> None:
        """What Ctrl+C does."""
        self._popen.send_signal(signal.SIGINT)

    def end(self, timeout_s: float = 20) -> None:
        """Ask the whole group to stop, then force it. Harmless when it ended before."""
        if not self._signal_group(signal.SIGTERM):
            return
        try:
            self._popen.wait(timeout_s)
        except subprocess.TimeoutExpired:
            self._signal_group(signal.SIGKILL)
            self._popen.wait(timeout_s)

    def describe(self) -> str:
        """Command, exit code and the ends of both outputs, for a failing test."""
        tail = "\n".join([*self.stdout[-15:], "-- stderr:", *self.stderr[-25:]])
        return f"{' '.join(self.command)} (exit {self.exit_code})\n{tail}"

    def _signal_group(self, number: signal.Signals) -> bool:
        if self._popen.poll() is not None:
            return False
        try:
            os.killpg(self.pid, number)
        except ProcessLookupError:
            return False
        return True


def _start_reader(stream: IO[str] | None, lines: list[str]) -> threading.Thread:
    assert stream is not None

    def read() -> None:
        with stream:
            for line in stream:  # one by one: a test waits for the newest
                lines.append(line.rstrip("\n"))  # noqa: PERF401

    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    return reader
