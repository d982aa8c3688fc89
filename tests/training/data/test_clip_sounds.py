"""Waveforms of clips: decoded once, found again, changed files decoded anew, unreadable ones all named."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
import soundfile

from core.errors import UserError
from training.data import clip_sounds
from training.data.clip_sounds import load_sounds
from training.data.frame_cache import clips_cache
from training.data.layouts.clip_parts import Part, cut
from training.data.manifest import LabelledClip


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return clips_cache() / "sounds"


def write(path: Path, hz: float = 440.0, seconds: float = 1.0) -> LabelledClip:
    times = np.arange(round(seconds * 16_000)) / 16_000
    soundfile.write(path, 0.25 * np.sin(2 * np.pi * hz * times), 16_000)
    return LabelledClip(path, (0,), "1", "")


def test_the_samples_are_the_file_s(cache: Path, tmp_path: Path) -> None:
    clips = [write(tmp_path / "a.wav"), write(tmp_path / "b.wav", 880.0, 0.5)]
    sounds = load_sounds(clips, 16_000)
    assert len(sounds) == 2
    assert len(sounds.samples_of(1)) == 8000
    read, _ = soundfile.read(tmp_path / "b.wav", dtype="float32")
    assert sounds.samples_of(1) == pytest.approx(read, abs=1e-4)
    assert sounds.path.parent == cache


def test_they_are_decoded_once_and_again_when_a_file_changes(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clips = [write(tmp_path / "a.wav")]
    first = load_sounds(clips, 16_000)
    monkeypatch.setattr(clip_sounds, "cut", lambda *_args: pytest.fail("decoded again"))
    assert load_sounds(clips, 16_000).path == first.path
    monkeypatch.setattr(clip_sounds, "cut", cut)
    changed = [write(tmp_path / "a.wav", 220.0, 0.25)]
    os.utime(tmp_path / "a.wav", ns=(1, 1))
    second = load_sounds(changed, 16_000)
    assert second.path != first.path
    assert len(second.samples_of(0)) == 4000


def test_what_no_run_uses_makes_room(cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOUNDMARK_CACHE_GB", "0.00003")
    old = load_sounds([write(tmp_path / "a.wav")], 16_000)
    for path in cache.iterdir():
        os.utime(path, (1, 1))
    new = load_sounds([write(tmp_path / "b.wav")], 16_000)
    assert not old.path.exists()
    assert len(new.samples_of(0)) == 16_000


def test_a_part_is_a_part_and_a_long_clip_is_cut(cache: Path, tmp_path: Path) -> None:
    whole = write(tmp_path / "a.wav", seconds=2.0)
    part = LabelledClip(whole.path, (0,), "1", "", part=Part(0.5, 1.0))
    sounds = load_sounds([part, whole], 16_000, longest_s=1.5)
    assert [len(sounds.samples_of(i)) for i in range(2)] == [8000, 24_000]
    assert cache.is_dir()


def test_every_clip_that_cannot_be_read_is_named(cache: Path, tmp_path: Path) -> None:
    (tmp_path / "x.wav").write_bytes(b"no sound")
    (tmp_path / "y.wav").write_bytes(b"none either")
    broken = [LabelledClip(tmp_path / name, (0,), "1", "") for name in ("x.wav", "y.wav")]
    with pytest.raises(UserError, match=r"2 clips cannot be read.*x\.wav.*y\.wav"):
        load_sounds([write(tmp_path / "a.wav"), *broken], 16_000)
    assert not list(cache.glob("*.i16"))
