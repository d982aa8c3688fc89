"""Runs the command `train` in its own process and passes on its messages.

Everything runs on the GUI thread and nothing blocks: requests go to the standard input of the process, and its output
lines arrive as signals. A run whose window crashes continues by itself.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence

from PySide6.QtCore import QObject, QProcess, QTimer, Signal, Slot

from app.runtime.program import PROGRAM
from core.errors import UserError
from core.run.messages import Command, TrainingFailed, TrainingFinished, TrainingStopped, from_line

log = logging.getLogger(__name__)
_STDERR_CHARACTERS = 2000
"""How much of the end of standard error is kept."""


class TrainingProcess(QObject):
    """One run at a time."""

    message = Signal(object)
    """A TrainingMessage of the run."""
    failed = Signal(object)
    """A UserError: the process ended without a message that explains it."""
    ended = Signal()
    """The process has ended, for whatever reason; always the last signal. No payload."""

    def __init__(self, parent: QObject | None = None, *, program: Sequence[str] = PROGRAM) -> None:
        super().__init__(parent)
        self._program = tuple(program)
        self._line = b""
        self._stderr = ""
        self._is_explained = False
        self._process = QProcess(self)
        self._process.readyReadStandardOutput.connect(self._on_output)
        self._process.readyReadStandardError.connect(self._on_stderr)
        self._process.finished.connect(self._on_finished)
        self._process.errorOccurred.connect(self._on_error)
        self._kill_timer = QTimer(self)
        self._kill_timer.setSingleShot(True)
        self._kill_timer.timeout.connect(self._process.kill)

    @property
    def is_running(self) -> bool:
        """The process is running."""
        return self._process.state() != QProcess.ProcessState.NotRunning

    def start(self, arguments: Sequence[str]) -> None:
        """Start a run with the arguments of the command `train`. Raises UserError while one is running."""
        if self.is_running:
            raise UserError("A training is already running.", "Stop it first, or wait until it has finished.")
        self._line, self._stderr, self._is_explained = b"", "", False
        self._process.start(self._program[0], [*self._program[1:], "train", *arguments])

    def pause(self) -> None:
        """Ask the run to pause; it confirms with TrainingPaused."""
        self._send("pause")

    def resume(self) -> None:
        """Ask a paused run to resume; it confirms with TrainingPaused."""
        self._send("resume")

    def stop(self, within_s: float) -> None:
        """Ask the run to save its state and end.

        After `within_s` seconds the process is killed; the run can then be resumed from the last state that it saved.
        """
        if self.is_running:
            self._is_explained = True
            self._send("stop")
            self._kill_timer.start(round(1000 * within_s))

    def kill(self) -> None:
        """Kill the process without any signal, when the program ends."""
        self._process.blockSignals(True)
        if self.is_running:
            self._process.kill()
            self._process.waitForFinished(1000)

    def _send(self, command: Command) -> None:
        if self.is_running:
            self._process.write(f"{command}\n".encode())

    @Slot()
    def _on_output(self) -> None:
        *lines, self._line = (self._line + bytes(self._process.readAllStandardOutput().data())).split(b"\n")
        for line in lines:
            self._on_line(line.decode(errors="replace").strip())

    def _on_line(self, line: str) -> None:
        if not line:
            return
        try:
            message = from_line(line)
        except UserError:
            # Not a message: libraries print to standard output too.
            log.info("training: %s", line)
            return
        if isinstance(message, TrainingFailed | TrainingFinished | TrainingStopped):
            self._is_explained = True
        self.message.emit(message)

    @Slot()
    def _on_stderr(self) -> None:
        text = bytes(self._process.readAllStandardError().data()).decode(errors="replace")
        if text:
            log.info("training: %s", text.rstrip())
        self._stderr = (self._stderr + text)[-_STDERR_CHARACTERS:]

    @Slot()
    def _on_finished(self) -> None:
        self._kill_timer.stop()
        self._on_output()
        self._on_line(self._line.decode(errors="replace").strip())
        self._on_stderr()
        if not self._is_explained:
            lines = self._stderr.strip().splitlines() or ["there was no error message"]
            problem = f"Training stopped unexpectedly: {lines[-1].rstrip('.')}."
            self.failed.emit(UserError(problem, "Resume it; the log file has the details."))
        self.ended.emit()

    @Slot(QProcess.ProcessError)
    def _on_error(self, error: QProcess.ProcessError) -> None:
        # A crash is also reported by finished.
        if error == QProcess.ProcessError.FailedToStart:
            problem = f"The training could not be started: {self._process.errorString()}."
            self.failed.emit(UserError(problem, "Check that Python is still installed."))
            self.ended.emit()
