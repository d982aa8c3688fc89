"""A file that is written is there whole or not at all, and nothing is left beside it."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.atomic_write import atomic_file, atomic_write, remove_temporary_files


def names(folder: Path) -> list[str]:
    """What lies in `folder`."""
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize("durable", [True, False])
def test_the_new_content_replaces_the_old_when_the_block_ends(tmp_path: Path, durable: bool) -> None:
    path = tmp_path / "run.json"
    atomic_write(path, b"old")

    with atomic_file(path, durable=durable) as file:
        file.write(b"new")
        assert path.read_bytes() == b"old"

    assert path.read_bytes() == b"new"
    assert names(tmp_path) == ["run.json"]


def test_an_error_leaves_the_old_content_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "run.json"
    atomic_write(path, b"old")

    def fail_half_way() -> None:
        with atomic_file(path) as file:
            file.write(b"half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail_half_way()
    assert path.read_bytes() == b"old"
    assert names(tmp_path) == ["run.json"]


def test_two_writers_of_one_file_do_not_meet(tmp_path: Path) -> None:
    path = tmp_path / "run.json"

    with atomic_file(path) as first, atomic_file(path) as second:
        first.write(b"first")
        second.write(b"second")

    assert path.read_bytes() == b"first"
    assert names(tmp_path) == ["run.json"]


def test_what_killed_writers_left_is_removed(tmp_path: Path) -> None:
    (tmp_path / ".state[1].pt.0a1b.new").write_bytes(b"half")
    (tmp_path / ".state1.pt.0a1b.new").write_bytes(b"of another file")

    remove_temporary_files(tmp_path / "state[1].pt")

    assert names(tmp_path) == [".state1.pt.0a1b.new"]
