"""Asks one of Soundmark's own commands for an answer in a process of its own. Knows no question and no answer."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from PySide6.QtCore import QObject, QProcess, Signal, Slot

from app.runtime.program import PROGRAM
from core.errors import UserError

log = logging.getLogger(__name__)


class JsonCommand(QObject):
    """One question at a time; a new one takes the place of the one before.

    answered: what the command printed. failed: a UserError in the command's own words.
    busy_changed: `is_busy` is another than before.
    """

    answered = Signal(str)
    failed = Signal(object)
    busy_changed = Signal()

    def __init__(self, remedy: str, parent: QObject | None = None, *, program: Sequence[str] = PROGRAM) -> None:
        """remedy: what to do about a command that fails."""
        super().__init__(parent)
        self._remedy, self._program = remedy, tuple(program)
        self._process: QProcess | None = None

    @property
    def is_busy(self) -> bool:
        """The answer is still to come."""
        return self._process is not None

    def ask(self, *words: str) -> None:
        """Run the command `words`, as in `ask("recipes", "--json")`."""
        was_busy = self.is_busy
        self._give_up()
        process = self._process = QProcess(self)
        process.finished.connect(self._on_finished)
        process.errorOccurred.connect(self._on_error)
        # Before the start, which may fail at once.
        if not was_busy:
            self.busy_changed.emit()
        process.start(self._program[0], [*self._program[1:], *words])

    @Slot()
    def cancel(self) -> None:
        """Give up the question under way: neither `answered` nor `failed` follows."""
        if self.is_busy:
            self._give_up()
            self.busy_changed.emit()

    def _give_up(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.blockSignals(True)
        if process.state() != QProcess.ProcessState.NotRunning:
            process.kill()
            process.waitForFinished(500)
        process.deleteLater()

    @Slot()
    def _on_finished(self) -> None:
        process, self._process = self._process, None
        assert process is not None, "a process given up says nothing any more"
        answer = bytes(process.readAllStandardOutput().data()).decode(errors="replace")
        complaint = bytes(process.readAllStandardError().data()).decode(errors="replace").strip()
        has_failed = process.exitStatus() != QProcess.ExitStatus.NormalExit or process.exitCode() != 0
        process.deleteLater()
        if complaint:
            log.info("%s", complaint)
        self.busy_changed.emit()
        if has_failed:
            said = (complaint.splitlines() or ["Soundmark's own command failed and said nothing."])[-1]
            self.failed.emit(UserError(said, self._remedy))
        else:
            self.answered.emit(answer)

    @Slot(QProcess.ProcessError)
    def _on_error(self, error: QProcess.ProcessError) -> None:
        # A crash is also reported by finished.
        if error == QProcess.ProcessError.FailedToStart and self._process is not None:
            said = f"Soundmark's own command could not be started: {self._process.errorString()}."
            self._process.deleteLater()
            self._process = None
            self.busy_changed.emit()
            self.failed.emit(UserError(said, "Check that Python is installed where it was."))
