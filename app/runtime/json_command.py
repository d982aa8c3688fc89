"""Runs one of Soundmark's own commands in its own process for one answer, such as a list in JSON."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QObject, Signal, Slot

from app.runtime.lines_process import LinesProcess, ProcessEnd
from app.runtime.program import PROGRAM
from core.errors import UserError


class JsonCommand(QObject):
    """One question at a time; a new one replaces the one before.

    answered: what the command printed (str). failed: a UserError with the command's own message.
    busy_changed: `is_busy` has changed.
    """

    answered = Signal(str)
    failed = Signal(object)
    busy_changed = Signal()

    def __init__(self, remedy: str, parent: QObject | None = None, *, program: Sequence[str] = PROGRAM) -> None:
        """remedy: what to do about a command that fails."""
        super().__init__(parent)
        self._remedy, self._program = remedy, tuple(program)
        self.is_busy = False
        """The answer is still to come."""
        self._lines: list[str] = []
        self._process = LinesProcess("command", self)
        self._process.line.connect(self._on_line)
        self._process.ended.connect(self._on_ended)

    def ask(self, *words: str) -> None:
        """Run the command `words`, as in `ask("recipes", "--json")`."""
        self._process.discard()
        self._lines = []
        # Before the start, which may fail at once.
        self._set_busy(True)
        self._process.start((*self._program, *words))

    @Slot()
    def cancel(self) -> None:
        """Give up the question: neither `answered` nor `failed` follows."""
        self._process.discard()
        self._set_busy(False)

    @Slot(str)
    def _on_line(self, line: str) -> None:
        self._lines.append(line)

    @Slot(object)
    def _on_ended(self, end: ProcessEnd) -> None:
        answer = "\n".join(self._lines)
        self._set_busy(False)
        if end.start_failure:
            problem = f"Soundmark's own command could not be started: {end.start_failure}."
            self.failed.emit(UserError(problem, "Check that Python is still installed."))
        elif end.is_success:
            self.answered.emit(answer)
        else:
            problem = end.last_error_line or "Soundmark's own command failed without a message."
            self.failed.emit(UserError(problem, self._remedy))

    def _set_busy(self, is_busy: bool) -> None:
        if is_busy != self.is_busy:
            self.is_busy = is_busy
            self.busy_changed.emit()
