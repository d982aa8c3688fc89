"""Keys of clips' contents: a file that may hold something else is hashed again, whatever its size and time say."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
import soundfile

from core.audio.log_mel import LogMelConfig
from training.data import content_keys
from training.data.clip_frames import load_clips
from training.data.content_keys import ClipKeys, content_key
from training.data.manifest import LabelledClip

YEAR_2020_NS = 1_577_836_800 * 10**9


def date(path: Path) -> Path:
    """As copies and archives do it."""
    os.utime(path, ns=(YEAR_2020_NS, YEAR_2020_NS))
    return path


def write(path: Path, seed: int) -> Path:
    """Half a second of noise, dated 2020."""
    soundfile.write(path, np.random.default_rng(seed).normal(0, 0.1, 8000), 16_000)
    return date(path)


@pytest.mark.parametrize("way", ["another file", "in place"])
def test_a_clip_replaced_by_one_of_the_same_size_and_time_is_decoded_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    path, other = write(tmp_path / "clip.wav", 1), write(tmp_path / "other.wav", 2)
    clips = (LabelledClip(path, (), "", ""),)
    before = load_clips(clips, 1, LogMelConfig()).frames_of(0)
    if way == "another file":
        os.replace(other, path)
    else:
        path.write_bytes(other.read_bytes())
        date(path)
    after = load_clips(clips, 1, LogMelConfig()).frames_of(0)
    assert before.shape == after.shape
    assert not np.array_equal(before, after)


def test_without_a_time_of_change_the_ends_tell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(content_keys, "_has_change_time", lambda _stat: False)
    monkeypatch.setattr(content_keys, "_stamp", lambda stat, ends: f"{stat.st_size} {stat.st_mtime_ns} {ends}")
    path = tmp_path / "clip.wav"
    for end in (0, -1):
        path.write_bytes(bytes(300_000))
        date(path)
        key = content_key(str(path))
        assert key.is_current()
        changed = bytearray(300_000)
        changed[end] = 1
        path.write_bytes(changed)
        date(path)
        assert not key.is_current()


def test_an_untouched_file_is_not_opened_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    key = content_key(str(write(tmp_path / "clip.wav", 1)))

    def refuse(*_: object) -> None:
        raise AssertionError("opened")

    monkeypatch.setattr("builtins.open", refuse)
    assert key.is_current()


def test_what_an_earlier_version_remembered_is_forgotten(tmp_path: Path) -> None:
    path, database = write(tmp_path / "clip.wav", 1), tmp_path / "keys.sqlite"
    with closing(sqlite3.connect(database)) as earlier, earlier:
        earlier.execute("CREATE TABLE clips (path TEXT PRIMARY KEY, size INTEGER, time_ns INTEGER, key TEXT)")
        earlier.execute("INSERT INTO clips VALUES (?, ?, ?, 'old')", (str(path), path.stat().st_size, YEAR_2020_NS))
    keys = ClipKeys(database)
    assert keys.known([str(path)]) == {}
    key = content_key(str(path))
    keys.remember([key])
    assert keys.known([str(path)]) == {str(path): key}


@pytest.mark.skipif(os.name == "nt", reason="names are text there")
def test_a_name_that_is_no_utf_8_is_remembered(tmp_path: Path) -> None:
    path = os.fsdecode(os.fsencode(tmp_path) + b"/clip\xff.wav")
    Path(path).write_bytes(b"sound")
    keys = ClipKeys(tmp_path / "keys.sqlite")
    key = content_key(path)
    keys.remember([key])
    assert keys.known([path]) == {path: key}
