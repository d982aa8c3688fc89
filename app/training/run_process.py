"""Runs the command `train` in its own process and passes on its messages.

Requests go to the standard input of the process, and its output lines arrive as signals. A run whose window crashes
continues by itself.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from app.runtime.lines_process import LinesProcess, ProcessEnd
from app.runtime.program import PROGRAM
from core.errors import UserError
from core.run.messages import Command, TrainingFailed, TrainingFinished, TrainingStopped, from_line

log = logging.getLogger(__name__)


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
        self._is_explained = False
        self._process = LinesProcess("training", self)
        self._process.line.connect(self._on_line)
        self._process.ended.connect(self._on_ended)
        self._kill_timer = QTimer(self)
        self._kill_timer.setSingleShot(True)
        self._kill_timer.timeout.connect(self._process.kill)

    @property
    def is_running(self) -> bool:
        """The process is running."""
        return self._process.is_running

    def start(self, arguments: Sequence[str]) -> None:
        """Start a run with the arguments of the command `train`. Raises UserError while one is running."""
        if self.is_running:
            raise UserError("A training is already running.", "Stop it first, or wait until it has finished.")
        self._is_explained = False
        self._process.start((*self._program, "train", *arguments))

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
        self._process.discard()

    def _send(self, command: Command) -> None:
        self._process.write_line(command)

    @Slot(str)
    def _on_line(self, line: str) -> None:
        if not line.strip():
            return
        try:
            message = from_line(line.strip())
        except UserError:
            # Not a message: libraries print to standard output too.
            log.info("training: %s", line)
            return
        if isinstance(message, TrainingFailed | TrainingFinished | TrainingStopped):
            self._is_explained = True
        self.message.emit(message)

    @Slot(object)
    def _on_ended(self, end: ProcessEnd) -> None:
        self._kill_timer.stop()
        if end.start_failure:
            problem = f"The training could not be started: {end.start_failure}."
            self.failed.emit(UserError(problem, "Check that Python is still installed."))
        elif not self._is_explained:
            reason = end.last_error_line.rstrip(".") or "there was no error message"
            problem = f"Training stopped unexpectedly: {reason}."
            self.failed.emit(UserError(problem, "Resume it; the log file has the details."))
        self.ended.emit()
