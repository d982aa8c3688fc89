"""Turns an unexpected error in one of many files into that file's error; the traceback goes to the log."""

from __future__ import annotations

import logging
import os
from pathlib import Path

from core.errors import UserError

_log = logging.getLogger(__name__)


def unforeseen(path: str | os.PathLike[str], action: str, error: Exception) -> UserError:
    """Log the traceback and return the file's error, so that the other files are still processed.

    action: what could not be done, such as "read" or "tagged".
    """
    _log.error("%s could not be %s", os.fspath(path), action, exc_info=error)
    message = f"{type(error).__name__}: {error}".rstrip(": ")
    return UserError(
        f"“{Path(path).name}” could not be {action} ({message}).",
        "Convert it to WAV or FLAC and try again. Please report this; the log has the details.",
    )
