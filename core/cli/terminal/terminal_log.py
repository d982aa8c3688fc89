"""Logs for the terminal's verbs: warnings in one line on standard error, tracebacks in a file."""

from __future__ import annotations

import logging
import sys
from pathlib import Path

import platformdirs

from core.cli.terminal.streams import print_error

_LINE = "%(asctime)s %(levelname)s %(threadName)s %(name)s: %(message)s"


def terminal_log_file() -> Path:
    """The file for tracebacks."""
    return Path(platformdirs.user_log_dir("Soundmark", appauthor=False)) / "terminal.log"


class TerminalLog(logging.Handler):
    """Opens its file with the first traceback; if that fails, the traceback goes to standard error."""

    def __init__(self, path: Path) -> None:
        super().__init__(logging.WARNING)
        self._path = path
        self._to_file: logging.Handler | None = None

    def emit(self, record: logging.LogRecord) -> None:
        if not record.exc_info:
            print_error(record.getMessage())
            return
        self._to_file = self._to_file or self._opened()
        self._to_file.handle(record)

    def close(self) -> None:
        if self._to_file is not None:
            self._to_file.close()
        super().close()

    def _opened(self) -> logging.Handler:
        from logging.handlers import RotatingFileHandler

        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            file = RotatingFileHandler(
                self._path, maxBytes=1_000_000, backupCount=1, encoding="utf-8", errors="backslashreplace"
            )
        except OSError:
            return logging.StreamHandler(sys.stderr)
        file.setFormatter(logging.Formatter(_LINE))
        print_error(f"The details are in {self._path}.")
        return file


def log_to_terminal() -> None:
    """Log this way from now on."""
    logging.getLogger().addHandler(TerminalLog(terminal_log_file()))
