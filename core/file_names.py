"""Handles file names that are not Unicode: their bytes for digests, their text for people and for JSON.

On Linux a file name is any bytes. Python keeps those that are not UTF-8 as lone surrogates ("surrogateescape"), which
opens the file again but which no text file, no database and no hash takes.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any


def name_bytes(name: str) -> bytes:
    """The bytes of a name, the same on every machine: UTF-8, and anything else as it is stored on the disk."""
    try:
        return name.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:  # half a character of UTF-16, as Windows allows
        return name.encode("utf-8", "surrogatepass")


def shown(name: str | Path) -> str:
    r"""A name for display: bytes that are not UTF-8 are escaped, as `\xe4`."""
    return name_bytes(str(name)).decode("utf-8", "backslashreplace")


def is_unicode(name: str | Path) -> bool:
    """Whether a name is valid Unicode."""
    return shown(name) == str(name)


def json_text(value: Any, indent: int | None = None) -> str:
    """JSON that can be written to any UTF-8 file; names that are not Unicode survive the round trip."""
    text = json.dumps(value, ensure_ascii=False, indent=indent)
    return text.encode("utf-8", "backslashreplace").decode("utf-8")  # JSON escapes a surrogate likewise
