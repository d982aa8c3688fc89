"""Reads text of any usual encoding line by line: UTF-8, UTF-16, or an older one of Windows."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from pathlib import Path

from core.errors import UserError

_LINE_END = re.compile(r"\r\n|\n|\r")
MOST_BYTES = 1_000_000_000
"""A million labels are about 50 MB."""
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before that of UTF-16, with which it begins
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def numbered_lines(path: Path) -> Iterator[tuple[int, str]]:
    """Yield (number from 1, line without its end) of a text file. Raises UserError for one that is no text."""
    content = path.read_bytes()
    if len(content) > MOST_BYTES:
        raise UserError(f"{path.name} is too large for a file of labels.", "Split it.")
    # Not `splitlines`, which splits at characters that are part of a label in CSV and JSON.
    lines = _LINE_END.split(_decoded(path, content))
    yield from enumerate(lines if lines[-1] else lines[:-1], 1)


def _decoded(path: Path, content: bytes) -> str:
    encoding = _encoding(content)
    if encoding is None:
        raise UserError(f"{path.name} is not text.", "Give a file of labels.")
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as error:
        raise UserError(f"{path.name} is not whole {encoding} text ({error.reason}).", "Save it as UTF-8.") from error


def _encoding(content: bytes) -> str | None:
    """The encoding of a text; None for what is no text."""
    for mark, encoding in _MARKS:
        if content.startswith(mark):
            return encoding
    start = content[:4096]
    if b"\0" in start:  # digits and tabs of UTF-16 have every other byte zero
        return "utf-16-le" if not any(start[1::2]) else "utf-16-be" if not any(start[::2]) else None
    try:
        codecs.getincrementaldecoder("utf-8")().decode(content)
    except UnicodeDecodeError:
        return "cp1252" if not set(content) & _NOT_IN_CP1252 else "latin-1"
    return "utf-8"


_NOT_IN_CP1252 = {0x81, 0x8D, 0x8F, 0x90, 0x9D}
