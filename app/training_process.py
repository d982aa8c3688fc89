"""Runs `main.py train …` as a process of its own and hands on what it says. Trains nothing and knows no recipe."""

from __future__ import annotations

import logging
import sys
from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QObject, QProcess, QTimer, Signal, Slot

from core.errors import UserError
from core.training_messages import TrainingFailed, TrainingFinished, from_line

log = logging.getLogger(__name__)
MAIN_SCRIPT = Path(__file__).resolve().parents[1] / "main.py"
KILL_AFTER_MS = 5000
"""A run that was asked to end may take so long to write its checkpoint."""
_TAIL = 2000


class TrainingProcess(QObject):
    """One run at a time.

    message: each TrainingMessage as it comes. ended: the run is over, well or stopped. failed: a UserError, also when
    the process died without a word; `ended` follows it.
    """

    message = Signal(object)
    failed = Signal(object)
    ended = Signal()

    def __init__(self, parent: QObject | None = None, *, command: Sequence[str] | None = None) -> None:
        super().__init__(parent)
        self._command = tuple(command or (sys.executable, str(MAIN_SCRIPT), "train"))
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
        self._process.start(self._command[0], [*self._command[1:], *arguments])

    @Slot()
    def stop(self) -> None:
        """Ask the run to end; one that does not is ended after a few seconds."""
        if self.is_running:
            self._is_explained = True
            self._process.terminate()
            self._patience.start(KILL_AFTER_MS)

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
        self._is_explained = self._is_explained or isinstance(said, TrainingFailed | TrainingFinished)
        self.message.emit(said)
        if isinstance(said, TrainingFailed):
            self.failed.emit(UserError(said.problem, said.remedy))

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
            self.failed.emit(UserError(f"The training run broke off: {lines[-1]}.", "The log file has the details."))
        self.ended.emit()

    @Slot(QProcess.ProcessError)
    def _on_error(self, error: QProcess.ProcessError) -> None:
        # A crash is also reported by finished.
        if error == QProcess.ProcessError.FailedToStart:
            problem = f"The training run could not be started: {self._process.errorString()}."
            self.failed.emit(UserError(problem, "Check that Python is installed where it was."))
            self.ended.emit()
