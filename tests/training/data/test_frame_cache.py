"""Entries are found whole or not at all, and the least recently used ones make room."""

from __future__ import annotations

import errno
import os
import time
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from core.errors import UserError
from training.data import frame_cache
from training.data.frame_cache import IN_USE_S, CacheError, FrameCache, cache_folders, clips_cache, evict

KEY = "abcdef0123"


@pytest.fixture
def cache(tmp_path: Path) -> FrameCache:
    return FrameCache(tmp_path / "frames", 8)


def noise(n_frames: int) -> NDArray[np.float16]:
    return np.random.default_rng(n_frames).normal(-7, 4, (n_frames, 8)).astype(np.float16)


@pytest.mark.parametrize("n_frames", [1, 50, 0])
def test_what_was_written_is_read(cache: FrameCache, n_frames: int) -> None:
    cache.write(KEY, noise(n_frames))
    assert cache.length_of(KEY) == n_frames
    for verify in (False, True):
        frames = cache.read(KEY, verify=verify)
        assert frames is not None
        np.testing.assert_array_equal(frames, noise(n_frames))
        assert not frames.flags.writeable


def test_an_entry_is_written_over(cache: FrameCache) -> None:
    cache.write(KEY, noise(3))
    cache.write(KEY, noise(5))
    assert cache.length_of(KEY) == 5
    assert [path.name for path in cache.folder.rglob("*") if path.is_file()] == [f"{KEY[2:]}.frames"]


def test_what_was_not_written_is_not_found(cache: FrameCache) -> None:
    cache.write(KEY, noise(3))
    assert cache.length_of("abcdef9999") is None
    assert cache.read("abcdef9999", verify=False) is None


def test_frames_of_another_number_of_mels_are_not_found(cache: FrameCache) -> None:
    cache.write(KEY, noise(3))
    other = FrameCache(cache.folder, 9)
    assert other.length_of(KEY) is None
    assert other.read(KEY, verify=False) is None


@pytest.mark.parametrize("damage", ["cut", "too long", "emptied", "header only", "other mark"])
def test_a_damaged_entry_is_not_found(cache: FrameCache, damage: str) -> None:
    cache.write(KEY, noise(4))
    path = Path(cache.path_of(KEY))
    whole = path.read_bytes()
    spoilt = {"cut": whole[:-1], "too long": whole + b"x", "emptied": b"", "header only": whole[:16]}
    path.write_bytes(spoilt.get(damage, b"XXXX" + whole[4:]))
    assert cache.length_of(KEY) is None
    assert cache.read(KEY, verify=False) is None


def test_one_wrong_bit_is_found_when_the_checksum_is_compared(cache: FrameCache) -> None:
    cache.write(KEY, noise(4))
    path = Path(cache.path_of(KEY))
    whole = path.read_bytes()
    path.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    assert cache.read(KEY, verify=True) is None
    assert cache.read(KEY, verify=False) is not None


def test_asking_for_the_length_is_a_use_and_reading_is_not(cache: FrameCache) -> None:
    cache.write(KEY, noise(4))
    path = cache.path_of(KEY)
    os.utime(path, (1e9, 1e9))
    cache.read(KEY, verify=True)
    assert os.stat(path).st_mtime == 1e9
    cache.length_of(KEY)
    assert os.stat(path).st_mtime > 1e9


def test_a_folder_that_takes_no_entry_is_reported(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(CacheError, match="cannot be written"):
        FrameCache(tmp_path / "file", 8).write(KEY, noise(3))


@pytest.mark.parametrize(
    ("number", "words"),
    [(errno.ENOSPC, "disk is full"), (errno.EDQUOT, "disk is full"), (errno.EIO, "cannot be written")],
)
def test_a_disk_that_refuses_an_entry_is_reported_with_its_reason(
    cache: FrameCache, monkeypatch: pytest.MonkeyPatch, number: int, words: str
) -> None:
    def refuse(*_args: object, **_options: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(frame_cache, "atomic_file", refuse)
    with pytest.raises(CacheError, match=words):
        cache.write(KEY, noise(3))
    assert issubclass(CacheError, UserError)


def test_an_entry_that_another_process_is_reading_counts_as_written(
    cache: FrameCache, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Windows refuses to replace an open file; an entry of the same key holds the same frames."""
    cache.write(KEY, noise(3))

    def refuse(*_args: object, **_options: object) -> None:
        raise PermissionError(13, "in use")

    monkeypatch.setattr(frame_cache, "atomic_file", refuse)
    cache.write(KEY, noise(3))
    with pytest.raises(CacheError):
        cache.write("abcdef9999", noise(3))


def test_the_least_recently_used_entries_go_and_those_in_use_stay(tmp_path: Path) -> None:
    cache = FrameCache(tmp_path, 8)
    size = 16 + 10 * 8 * 2
    day = 24 * 3600
    now = time.time()
    for key, age in {"aa1": 5 * day, "bb2": 9 * day, "cc3": 7 * day, "dd4": 0}.items():
        cache.write(key, noise(10))
        os.utime(cache.path_of(key), (now - age, now - age))
    assert evict([tmp_path], 4 * size) == 0
    assert evict([tmp_path], 2.5 * size) == 2
    assert [key for key in ("aa1", "bb2", "cc3", "dd4") if cache.length_of(key)] == ["aa1", "dd4"]
    assert evict([tmp_path], 0) == 0, "asking for the length of aa1 was a use of it"
    os.utime(cache.path_of("aa1"), (now - IN_USE_S - day, now - IN_USE_S - day))
    assert evict([tmp_path], 0) == 1


def test_a_file_that_cannot_be_removed_stays_and_the_next_one_goes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("a", "b", "c"):
        (tmp_path / name).write_bytes(bytes(100))
        os.utime(tmp_path / name, (ord(name), ord(name)))
    unlink = os.unlink

    def refuse_the_first(path: str) -> None:
        if path.endswith("a"):
            raise PermissionError(13, "in use")
        unlink(path)

    monkeypatch.setattr(os, "unlink", refuse_the_first)
    assert evict([tmp_path], 200) == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "c"]


def test_no_folder_holds_nothing_to_remove(tmp_path: Path) -> None:
    assert evict([tmp_path / "none"], 0) == 0


@pytest.fixture
def two_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Path]:
    """The cache folder, and the one of earlier versions with an entry."""
    folder, earlier = tmp_path / "Soundmark", tmp_path / "soundmark"
    monkeypatch.setattr(frame_cache, "cache_folder", lambda: folder)
    monkeypatch.setattr(frame_cache.platformdirs, "user_cache_path", lambda _name: earlier)
    FrameCache(cache_folders(earlier)[0], 8).write(KEY, noise(5))
    (earlier / "keys.sqlite").write_bytes(b"keys")
    return folder, earlier


def test_what_an_earlier_version_kept_is_moved_once_no_run_uses_it(two_folders: tuple[Path, Path]) -> None:
    folder, earlier = two_folders
    path = FrameCache(cache_folders(earlier)[0], 8).path_of(KEY)
    assert clips_cache() == earlier, "it has been used today"
    os.utime(path, (1, 1))
    assert clips_cache() == folder
    np.testing.assert_array_equal(FrameCache(cache_folders(folder)[0], 8).read(KEY, verify=True), noise(5))
    assert (folder / "keys.sqlite").read_bytes() == b"keys"
    assert not earlier.exists()
    assert clips_cache() == folder


def test_a_run_of_an_earlier_version_keeps_what_it_uses(two_folders: tuple[Path, Path]) -> None:
    folder, earlier = two_folders
    FrameCache(cache_folders(folder)[0], 8).write(KEY, noise(6))
    assert clips_cache() == folder
    assert FrameCache(cache_folders(earlier)[0], 8).length_of(KEY) == 5
    os.utime(FrameCache(cache_folders(earlier)[0], 8).path_of(KEY), (1, 1))
    assert clips_cache() == folder
    assert FrameCache(cache_folders(folder)[0], 8).length_of(KEY) == 6, "nothing is written over"


def test_one_folder_whose_name_differs_in_case_only_is_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(frame_cache, "cache_folder", lambda: tmp_path)
    monkeypatch.setattr(frame_cache.platformdirs, "user_cache_path", lambda _name: tmp_path / "." / "")
    (tmp_path / "log-mel").mkdir()
    assert clips_cache() == tmp_path
    assert (tmp_path / "log-mel").is_dir()
