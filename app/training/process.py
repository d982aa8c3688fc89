"""Runs `main.py train …` as a process of its own and hands on what it says. Trains nothing and knows no recipe.

Everything happens on the GUI thread and nothing waits: the process is told by its standard input, and its lines come
as signals. A run that outlives the window goes on by itself.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence

from PySide6.QtCore import QObject, QProcess, QTimer, Signal, Slot

from app.runtime.program import PROGRAM
from core.errors import UserError
from core.run.messages import Command, TrainingFailed, TrainingFinished, TrainingStopped, from_line

log = logging.getLogger(__name__)
_TAIL = 2000


class TrainingProcess(QObject):
    """One run at a time.

    message: each TrainingMessage as it comes. failed: a UserError, when the run died without a word of its own.
    ended: the run is over, well, stopped or failed; it comes last.
    """

    message = Signal(object)
    failed = Signal(object)
    ended = Signal()

    def __init__(self, parent: QObject | None = None, *, program: Sequence[str] = PROGRAM) -> None:
        super().__init__(parent)
        self._program = tuple(program)
        self._line = b""
        self._complaint = ""
        self._is_explained = False
        self._process = QProcess(self)
        self._process.readyReadStandardOutput.connect(self._on_output)
        self._process.readyReadStandardError.connect(self._on_complaint)
        self._process.finished.connect(self._on_finished)
        self._process.errorOccurred.connect(self._on_error)
        self._patience = QTimer(self)
        self._patience.setSingleShot(True)
        self._patience.timeout.connect(self._process.kill)

    @property
    def is_running(self) -> bool:
        """A run is under way."""
        return self._process.state() != QProcess.ProcessState.NotRunning

    def start(self, arguments: Sequence[str]) -> None:
        """Start a run with what stands after `main.py train`. Raises UserError while one is running."""
        if self.is_running:
            raise UserError("A training run is under way already.", "Stop it first, or wait until it is done.")
        self._line, self._complaint, self._is_explained = b"", "", False
        self._process.start(self._program[0], [*self._program[1:], "train", *arguments])

    def pause(self) -> None:
        """Ask the run to wait; it answers by TrainingPaused."""
        self._tell("pause")

    def resume(self) -> None:
        """Ask a waiting run to go on."""
        self._tell("resume")

    def stop(self, within_s: float) -> None:
        """Ask the run to save its state and end. One that has not after `within_s` is killed: it then goes on from
        the last state that it saved."""
        if self.is_running:
            self._is_explained = True
            self._tell("stop")
            self._patience.start(round(1000 * within_s))

    def kill(self) -> None:
        """End the run at once and without a word: only for the very end."""
        self._process.blockSignals(True)
        if self.is_running:
            self._process.kill()
            self._process.waitForFinished(1000)

    def _tell(self, command: Command) -> None:
        if self.is_running:
            self._process.write(f"{command}\n".encode())

    @Slot()
    def _on_output(self) -> None:
        *lines, self._line = (self._line + bytes(self._process.readAllStandardOutput().data())).split(b"\n")
        for line in lines:
            self._hear(line.decode(errors="replace").strip())

    def _hear(self, line: str) -> None:
        if not line:
            return
        try:
            said = from_line(line)
        except UserError:
            # Libraries print too.
            log.info("training: %s", line)
            return
        if isinstance(said, TrainingFailed | TrainingFinished | TrainingStopped):
            self._is_explained = True
        self.message.emit(said)

    @Slot()
    def _on_complaint(self) -> None:
        text = bytes(self._process.readAllStandardError().data()).decode(errors="replace")
        if text:
            log.info("training: %s", text.rstrip())
        self._complaint = (self._complaint + text)[-_TAIL:]

    @Slot()
    def _on_finished(self) -> None:
        self._patience.stop()
        self._on_output()
        self._hear(self._line.decode(errors="replace").strip())
        self._on_complaint()
        if not self._is_explained:
            lines = self._complaint.strip().splitlines() or ["it said nothing"]
            problem = f"The training run broke off: {lines[-1].rstrip('.')}."
            self.failed.emit(UserError(problem, "Resume it; the log file has the details."))
        self.ended.emit()

    @Slot(QProcess.ProcessError)
    def _on_error(self, error: QProcess.ProcessError) -> None:
        # A crash is also reported by finished.
        if error == QProcess.ProcessError.FailedToStart:
            problem = f"The training run could not be started: {self._process.errorString()}."
            self.failed.emit(UserError(problem, "Check that Python is installed where it was."))
            self.ended.emit()
