"""The ring's folder of this process, and the removal of those that dead processes left."""

from __future__ import annotations

import shutil
import uuid
from contextlib import suppress
from pathlib import Path

from filelock import FileLock, Timeout

from core.program import cache_folder

_LOCK = "in-use.lock"


def sound_cache() -> Path:
    """Where kept sound lies unless a test says otherwise."""
    return cache_folder() / "sound"


class RingFolder:
    """A folder below `root` that belongs to this process as long as it lives. Raises OSError."""

    def __init__(self, root: Path) -> None:
        self.path = root / uuid.uuid4().hex
        # The sound of a room: nobody else on this computer may read it.
        root.mkdir(mode=0o700, parents=True, exist_ok=True)
        remove_dead(root)
        self.path.mkdir(mode=0o700)
        self._lock = FileLock(self.path / _LOCK)
        self._lock.acquire(timeout=0)

    def remove(self) -> None:
        """Delete the folder and give up the lock."""
        self._lock.release()
        shutil.rmtree(self.path, ignore_errors=True)


def remove_dead(root: Path) -> None:
    """Remove the folders of processes that have ended; those in use are locked."""
    with suppress(OSError):
        for folder in root.iterdir():
            if folder.is_dir() and (folder / _LOCK).exists():
                _remove_unless_used(folder)


def _remove_unless_used(folder: Path) -> None:
    lock = FileLock(folder / _LOCK)
    try:
        lock.acquire(timeout=0)
    except (Timeout, OSError):
        return
    lock.release()
    shutil.rmtree(folder, ignore_errors=True)
