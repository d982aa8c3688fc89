"""The list on disk: what was put comes back, in order, whatever names files have; a disk that refuses is told."""

from __future__ import annotations

import os
import time
from dataclasses import replace
from pathlib import Path

import pytest

from app.files.kept_list import KeptFile, KeptList
from core.errors import UserError

DOG = ("dog", "Dog", 1.0, 2.5, 0.9)


def _file(name: str, state: str = "done") -> KeptFile:
    return KeptFile(Path("/sounds") / name, state, 12.5, "Dog 90 %", "track 2", "Starter", 1234, 5678, events=(DOG,))


def test_files_come_back_in_the_order_in_which_they_were_added(tmp_path: Path) -> None:
    kept = KeptList(tmp_path / "new folder" / "files.sqlite")
    assert kept.load() == []
    odd = Path(os.fsdecode(b"/sounds/\xff\xe9 <b>.wav"))
    files = [_file("b.wav"), _file("a.wav", "waiting"), replace(_file("x"), path=odd, problem="No.", remedy="Do.")]
    kept.put(files)
    changed = replace(files[0], tags="Cat 80 %", events=())
    kept.put([changed])
    assert KeptList(tmp_path / "new folder" / "files.sqlite").load() == [changed, *files[1:]]
    kept.remove([odd])
    assert kept.load() == [changed, files[1]]


def test_a_hundred_thousand_files_are_read_within_seconds(tmp_path: Path) -> None:
    kept = KeptList(tmp_path / "files.sqlite")
    kept.put(_file(f"{i}.wav") for i in range(100_000))
    began_s = time.perf_counter()
    assert len(kept.load()) == 100_000
    assert time.perf_counter() - began_s < 30


def test_a_disk_that_refuses_is_told(tmp_path: Path) -> None:
    (tmp_path / "files.sqlite").mkdir()
    kept = KeptList(tmp_path / "files.sqlite")
    for action in (kept.load, lambda: kept.put([_file("a.wav")]), lambda: kept.remove([Path("/a")])):
        with pytest.raises(UserError, match=r"files\.sqlite"):
            action()


def test_a_file_that_is_no_database_is_told(tmp_path: Path) -> None:
    (tmp_path / "files.sqlite").write_bytes(b"not a database" * 100)
    with pytest.raises(UserError, match=r"files\.sqlite"):
        KeptList(tmp_path / "files.sqlite").load()


def test_what_was_deleted_is_nowhere_in_the_files(tmp_path: Path) -> None:
    kept = KeptList(tmp_path / "files.sqlite")
    kept.put(_file(f"secret {i}.wav") for i in range(200))
    kept.delete_all()
    assert not any(b"secret" in path.read_bytes() for path in tmp_path.iterdir())
