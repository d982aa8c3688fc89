"""Two runs never share a folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.errors import UserError
from training.loop.run_lock import LOCK_NAME, sole_run


def test_a_second_run_in_the_folder_is_refused_until_the_first_ends(tmp_path: Path) -> None:
    out = tmp_path / "runs" / "one"
    with sole_run(out):
        assert (out / LOCK_NAME).is_file()
        with pytest.raises(UserError, match="one"), sole_run(out):
            pass
        with sole_run(tmp_path / "runs" / "another"):
            pass
    with sole_run(out):
        pass


def test_the_lock_is_released_by_a_failure(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), sole_run(tmp_path):
        raise ZeroDivisionError
    with sole_run(tmp_path):
        pass


def test_a_folder_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="file"), sole_run(tmp_path / "file" / "out"):
        pass


def test_a_drive_without_locks_does_not_prevent_a_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class NoLocks:
        def __init__(self, _path: Path) -> None:
            pass

        def acquire(self, timeout: float) -> None:
            raise NotImplementedError

        def release(self) -> None:
            pass

    monkeypatch.setattr("training.loop.run_lock.FileLock", NoLocks)
    with sole_run(tmp_path):
        pass
