"""The list on disk: what was put comes back, in order, whatever names files have; a disk that refuses is told."""

from __future__ import annotations

import os
import time
from dataclasses import replace
from pathlib import Path

import pytest

from app.files.kept_list import KeptFile, KeptList
from core.errors import UserError

DOG = ("dog", "Dog", 1.0, 2.5, 0.9, False)


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


def test_a_damaged_list_is_set_aside_and_a_new_one_begun(tmp_path: Path) -> None:
    path, damage = tmp_path / "files.sqlite", b"not a database" * 100
    path.write_bytes(damage)
    kept = KeptList(path)
    assert kept.load() == []
    assert kept.set_aside is not None
    assert kept.set_aside.read_bytes() == damage
    kept.put([_file("a.wav")])
    again = KeptList(path)
    assert again.load() == [_file("a.wav")]
    assert again.set_aside is None


def test_a_list_that_is_damaged_inside_is_set_aside(tmp_path: Path) -> None:
    path = tmp_path / "files.sqlite"
    kept = KeptList(path)
    kept.put(_file(f"{i}.wav") for i in range(2000))
    content = bytearray(path.read_bytes())
    content[4096 * 3 : 4096 * 20] = b"\xff" * (4096 * 17)
    path.write_bytes(content)
    again = KeptList(path)
    assert again.load() == []
    assert again.set_aside is not None


def test_scores_are_kept_with_their_file_and_go_with_it(tmp_path: Path) -> None:
    kept = KeptList(tmp_path / "files.sqlite")
    one, two = Path("/sounds/a.wav"), Path("/sounds/b.wav")
    assert kept.scores(one) is None
    kept.put_scores(one, b"first")
    kept.put_scores(one, b"second")
    kept.put_scores(two, b"other")
    assert (kept.scores(one), kept.scores(two)) == (b"second", b"other")
    kept.remove([one])
    assert (kept.scores(one), kept.scores(two)) == (None, b"other")
    kept.delete_all()
    assert kept.scores(two) is None


def test_scores_that_were_kept_first_make_room(tmp_path: Path) -> None:
    kept = KeptList(tmp_path / "files.sqlite", most_score_bytes=25)
    paths = [Path(f"/sounds/{i}.wav") for i in range(4)]
    for path in paths:
        kept.put_scores(path, b"0123456789")
    assert [kept.scores(path) for path in paths] == [None, None, b"0123456789", b"0123456789"]


def test_what_was_deleted_is_nowhere_in_the_files(tmp_path: Path) -> None:
    kept = KeptList(tmp_path / "files.sqlite")
    kept.put(_file(f"secret {i}.wav") for i in range(200))
    kept.delete_all()
    assert not any(b"secret" in path.read_bytes() for path in tmp_path.iterdir())
