"""Locks a run's folder, so that two runs never write to the same one."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from core.errors import UserError

LOCK_NAME = "run.lock"
_log = logging.getLogger(__name__)


@contextmanager
def sole_run(out: Path) -> Iterator[None]:
    """Hold OUT/run.lock, which the system releases when this process ends, however it ends; the file itself stays.

    Workers that this process forks do not hold it. On a drive without locks a run proceeds without one. Raises
    UserError where another process holds it, or where `out` cannot be created.
    """
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"{out} cannot be used ({error.strerror}).", "Choose another folder with --out.") from error
    lock = FileLock(out / LOCK_NAME)
    try:
        lock.acquire(timeout=0)
    except Timeout as error:
        remedy = "Wait until it ends or stop it first, or choose another folder with --out."
        raise UserError(f"Another run is training into {out}.", remedy) from error
    except (OSError, NotImplementedError) as error:
        _log.warning("%s cannot be locked: %s", out, error)
    try:
        yield
    finally:
        lock.release()
