"""Knows which sessions still run: each holds a lock that the system releases when its process ends, however it ends."""

from __future__ import annotations

import glob
import logging
from contextlib import suppress
from pathlib import Path

from filelock import BaseFileLock, FileLock, Timeout

_log = logging.getLogger(__name__)


class RunningSessions:
    """The locks of the sessions of one event store, beside its file."""

    def __init__(self, store: Path) -> None:
        self._store = store
        self._held: dict[str, BaseFileLock] = {}

    def hold(self, session: str) -> None:
        """Mark a session as running, until this process ends or `close`; without effect on a drive without locks."""
        if session not in self._held:
            lock = self._lock(session)
            self._held[session] = lock
            _acquire(lock)

    def is_running(self, session: str) -> bool:
        """Whether this process or another one holds it."""
        if session in self._held:
            return True
        lock = self._lock(session)
        if not Path(lock.lock_file).exists():
            return False
        if not _acquire(lock):
            return True
        _release(lock)
        return False

    def remove_left(self) -> None:
        """Remove the lock files that killed processes have left."""
        for path in self._store.parent.glob(f"{glob.escape(self._store.name)}.*.lock"):
            lock = FileLock(path, timeout=0, thread_local=False)
            if path not in self._paths_held() and _acquire(lock):
                _release(lock)

    def _paths_held(self) -> set[Path]:
        return {Path(lock.lock_file) for lock in self._held.values()}

    def close(self) -> None:
        """Mark this process's sessions as ended."""
        for session in list(self._held):
            _release(self._held.pop(session))

    def _lock(self, session: str) -> BaseFileLock:
        name = "".join(letter for letter in session if letter.isalnum())[:64]
        # Several threads use one store.
        return FileLock(self._store.with_name(f"{self._store.name}.{name}.lock"), timeout=0, thread_local=False)


def _acquire(lock: BaseFileLock) -> bool:
    """Whether no other process holds it."""
    try:
        lock.acquire()
    except Timeout:
        return False
    except (OSError, NotImplementedError) as error:
        _log.warning("%s cannot be locked: %s", lock.lock_file, error)
    return True


def _release(lock: BaseFileLock) -> None:
    lock.release()
    with suppress(OSError):
        Path(lock.lock_file).unlink()
