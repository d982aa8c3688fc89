"""What becomes of an error that nobody foresaw in one of many files: words for people, the traceback for the log."""

from __future__ import annotations

import logging
import os

from core.errors import UserError

_log = logging.getLogger(__name__)


def unforeseen(path: str | os.PathLike[str], deed: str, error: Exception) -> UserError:
    """The error of one file, so that the others go on; logs the traceback. deed: "read", "tagged"."""
    _log.error("%s could not be %s", os.fspath(path), deed, exc_info=error)
    said = f"{type(error).__name__}: {error}".rstrip(": ")
    return UserError(
        f"“{os.path.basename(path)}” could not be {deed} ({said}).",
        "Convert it to WAV or FLAC and try again. Please report this; the log has the details.",
    )
