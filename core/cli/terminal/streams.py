"""Writes results to standard output or the file of `--output`. A failure is reported once and ends the run.

A flush ends a record (a line, a row, a table): if the disk is full, half a record is removed from a file again.
"""

from __future__ import annotations

import errno
import io
import os
import stat
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from core.errors import UserError
from core.terminal_text import shown

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer


class OutputError(UserError):
    """Results cannot be written, which ends the run: no input file is at fault."""


class ResultStream(io.TextIOWrapper):
    """Writes text to a file or to standard output. Raises OutputError, or BrokenPipeError if the reader has gone, once:
    what is written afterwards is discarded."""

    def __init__(self, file: Path | int, *, newline: str | None = None) -> None:
        self._bytes = _ResultBytes(file)
        super().__init__(
            io.BufferedWriter(self._bytes),
            encoding="utf-8",
            errors="backslashreplace",  # file names may hold what no encoding has
            newline=newline,
            line_buffering=self._bytes.isatty(),
        )

    def flush(self) -> None:
        """Write what is buffered; this ends a record."""
        super().flush()
        self._bytes.n_half = 0


class _ResultBytes(io.FileIO):
    """Writes bytes. n_half: bytes since the last whole record."""

    def __init__(self, file: Path | int) -> None:
        super().__init__(file, "w", closefd=isinstance(file, Path))
        self._name = f"{file}" if isinstance(file, Path) else "Standard output"
        self._has_failed = False
        self.n_half = 0

    def write(self, data: ReadableBuffer, /) -> int:
        if self._has_failed:
            return memoryview(data).nbytes
        try:
            n_bytes = super().write(data)
        except OSError as error:
            self._fail(error)
        self.n_half += n_bytes
        return n_bytes

    def close(self) -> None:
        try:
            super().close()
        except OSError as error:  # some network drives report only now that they are full
            self._fail(error)

    def _fail(self, error: OSError) -> NoReturn:
        self._has_failed = True
        # Windows has no EPIPE.
        if error.errno == errno.EPIPE or (sys.platform == "win32" and error.errno == errno.EINVAL):
            raise BrokenPipeError(errno.EPIPE, "the reader has gone") from error
        with suppress(OSError):
            self._take_back_half()
        raise OutputError(f"{self._name} cannot be written ({_reason(error)}).", _remedy(error.errno)) from error

    def _take_back_half(self) -> None:
        status = os.fstat(self.fileno())
        end = self.seek(0, os.SEEK_CUR) if stat.S_ISREG(status.st_mode) else -1
        if end == status.st_size:
            self.truncate(end - self.n_half)
            self.seek(end - self.n_half)


class _ErrorBytes(io.FileIO):
    """Writes messages for people; a failure to do so is no reason to stop."""

    def write(self, data: ReadableBuffer, /) -> int:
        try:
            return super().write(data)
        except OSError:
            return memoryview(data).nbytes


def open_standard_streams() -> None:
    """Make sys.stdout a ResultStream and sys.stderr one that never fails. No file opened later gets the number of a
    closed stream (`>&-`); results for a closed stdout raise OutputError."""
    _fill(0, os.O_RDONLY)
    _fill(1, os.O_RDONLY)  # so that writing fails, as it should
    _fill(2, os.O_WRONLY)
    sys.stdout = ResultStream(1)
    errors = io.BufferedWriter(_ErrorBytes(2, "w", closefd=False))
    sys.stderr = io.TextIOWrapper(errors, encoding="utf-8", errors="backslashreplace", line_buffering=True)


def print_error(text: object) -> None:
    """Print one line on standard error."""
    print(shown(text), file=sys.stderr, flush=True)


def _fill(number: int, flags: int) -> None:
    try:
        os.fstat(number)
    except OSError:
        nowhere = os.open(os.devnull, flags)
        if nowhere != number:
            os.dup2(nowhere, number)
            os.close(nowhere)


def _reason(error: OSError) -> str:
    return "it is closed" if error.errno == errno.EBADF else error.strerror or str(error)


def _remedy(number: int | None) -> str:
    if number in (errno.ENOSPC, errno.EDQUOT):
        return "Free some space there, or write elsewhere."
    if number == errno.EBADF:
        return "Keep it open, or write to a file with > FILE."
    return "Check where it leads to, or write elsewhere."
