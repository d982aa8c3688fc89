"""Runs one of Soundmark's own commands in its own process and reports its output line by line.

Everything happens on the GUI thread and nothing waits for the process. A process outlives a window that crashes.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QObject, QProcess, Signal, Slot

log = logging.getLogger(__name__)
_STDERR_CHARACTERS = 2000
"""How much of the end of standard error is kept for the message about a failure."""
_KILL_WAIT_MS = 1000


@dataclass(frozen=True, slots=True)
class ProcessEnd:
    """How a process ended."""

    is_success: bool
    """It ended by itself, with exit code 0."""
    last_error_line: str = ""
    """The last line on its standard error; empty where it printed none."""
    start_failure: str = ""
    """Why it could not be started; empty for one that ran."""


class LinesProcess(QObject):
    """One process at a time.

    line: a line of standard output (str, without its end, possibly empty). ended: a ProcessEnd, after the last line.
    """

    line = Signal(str)
    ended = Signal(object)

    def __init__(self, name: str, parent: QObject | None = None) -> None:
        """name: what the log calls the process."""
        super().__init__(parent)
        self._name = name
        self._process: QProcess | None = None
        self._partial_line = b""
        self._stderr = ""

    @property
    def is_running(self) -> bool:
        """A process is running."""
        return self._process is not None and self._process.state() != QProcess.ProcessState.NotRunning

    def start(self, command: Sequence[str]) -> None:
        """Run a program with its arguments, in place of a process that still runs."""
        self.discard()
        self._partial_line, self._stderr = b"", ""
        process = self._process = QProcess(self)
        process.readyReadStandardOutput.connect(self._on_output)
        process.readyReadStandardError.connect(self._on_stderr)
        process.finished.connect(self._on_finished)
        process.errorOccurred.connect(self._on_error)
        process.start(command[0], list(command[1:]))

    def write_line(self, text: str) -> None:
        """Write a line to the standard input of a running process."""
        if self._process is not None and self.is_running:
            self._process.write(f"{text}\n".encode())

    @Slot()
    def kill(self) -> None:
        """End the process at once; `ended` follows."""
        if self._process is not None:
            self._process.kill()

    def discard(self) -> None:
        """End the process at once; no signal follows."""
        process, self._process = self._process, None
        if process is None:
            return
        process.blockSignals(True)
        if process.state() != QProcess.ProcessState.NotRunning:
            process.kill()
            process.waitForFinished(_KILL_WAIT_MS)
        process.deleteLater()

    @Slot()
    def _on_output(self) -> None:
        if self._process is None:
            return
        output = bytes(self._process.readAllStandardOutput().data())
        *lines, self._partial_line = (self._partial_line + output).split(b"\n")
        for line in lines:
            self._emit_line(line)

    def _emit_line(self, line: bytes) -> None:
        self.line.emit(line.decode(errors="replace").rstrip("\r"))

    @Slot()
    def _on_stderr(self) -> None:
        if self._process is None:
            return
        text = bytes(self._process.readAllStandardError().data()).decode(errors="replace")
        if text.strip():
            log.info("%s: %s", self._name, text.rstrip())
        self._stderr = (self._stderr + text)[-_STDERR_CHARACTERS:]

    @Slot()
    def _on_finished(self) -> None:
        process = self._process
        if process is None:
            return
        self._on_output()
        if self._partial_line:
            # A process that was cut off leaves a last line without an end.
            self._emit_line(self._partial_line)
        self._on_stderr()
        has_exited = process.exitStatus() == QProcess.ExitStatus.NormalExit
        lines = self._stderr.strip().splitlines()
        self._end(ProcessEnd(has_exited and process.exitCode() == 0, lines[-1] if lines else ""))

    @Slot(QProcess.ProcessError)
    def _on_error(self, error: QProcess.ProcessError) -> None:
        # `finished` also reports a crash.
        if error == QProcess.ProcessError.FailedToStart and self._process is not None:
            self._end(ProcessEnd(is_success=False, start_failure=self._process.errorString()))

    def _end(self, end: ProcessEnd) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.deleteLater()
        self.ended.emit(end)
