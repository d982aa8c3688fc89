"""Writes a file so that a reader, or a crash, never finds half of it."""

from __future__ import annotations

import glob
import os
import uuid
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO


def atomic_write(path: Path, content: bytes) -> None:
    """Write `content` to `path`, which stays as it was unless all of it can be written."""
    with atomic_file(path) as file:
        file.write(content)


@contextmanager
def atomic_file(path: Path, *, durable: bool = True) -> Generator[IO[bytes]]:
    """A new binary file that replaces `path` when the block ends; after an error `path` stays as it was.

    It is written under a temporary name beside `path`, so several processes may write the same file at once and the
    last one wins. durable: wait until the content is on the disk before renaming (fsync); without it, a power cut may
    leave an empty file.
    """
    new = path.with_name(f".{path.name}.{uuid.uuid4().hex}.new")
    try:
        with new.open("wb") as file:
            yield file
            if durable:
                file.flush()
                os.fsync(file.fileno())
        new.replace(path)
    except BaseException:
        with suppress(OSError):
            new.unlink()
        raise


def remove_temporary_files(path: Path) -> None:
    """Remove the temporary files of processes that were killed while they wrote `path`."""
    for leftover in path.parent.glob(f".{glob.escape(path.name)}.*.new"):
        with suppress(OSError):
            leftover.unlink()
