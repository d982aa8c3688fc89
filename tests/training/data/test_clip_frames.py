"""Clips are decoded once and rightly: by two processes at once, after a kill, after damage, and when files vanish."""

from __future__ import annotations

import hashlib
import pickle
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile

from core.audio.decoding.decode import read_clip
from core.audio.log_mel import LogMel, LogMelConfig
from core.errors import UserError
from tests.training.runs import clips_in_memory
from training.data.clip_frames import frame_statistics, load_clips, multi_hot
from training.data.content_keys import ClipKeys, content_key
from training.data.frame_cache import CacheError, FrameCache, clips_cache
from training.data.manifest import LabelledClip

pytestmark = pytest.mark.slow

REPOSITORY = Path(__file__).resolve().parents[3]
LOADER = """
import hashlib, os, signal, sys
from pathlib import Path
from core.audio.log_mel import LogMelConfig
from training.data.clip_frames import load_clips
from training.data.manifest import LabelledClip
clips = tuple(LabelledClip(path, (), "", "") for path in sorted(Path(sys.argv[1]).glob("*.wav")))
killed_at = int(sys.argv[2])
def report(done, total):
    if done == killed_at:
        os.kill(os.getpid(), signal.SIGKILL)
frames = load_clips(clips, 1, LogMelConfig(), report=report)
print(hashlib.sha256(b"".join(frames.frames_of(i).tobytes() for i in range(len(frames)))).hexdigest())
"""


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache folder of this test alone."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return clips_cache()


def make_clips(folder: Path, n: int, seconds: float = 0.5) -> tuple[LabelledClip, ...]:
    """Clips of noise, each another one and a little longer than the one before."""
    folder.mkdir(exist_ok=True)
    random = np.random.default_rng(n)
    for i in range(n):
        noise = random.normal(0, 0.1, int((seconds + 0.01 * min(i, 20)) * 16_000))
        soundfile.write(folder / f"{i:03}.wav", noise, 16_000)
    return tuple(LabelledClip(path, (), "", "") for path in sorted(folder.glob("*.wav")))


def decoded(clip: LabelledClip) -> np.ndarray:
    """What the store must hold, decoded plainly."""
    return LogMel()(read_clip(clip.path)).astype(np.float16)


def entries(cache: Path) -> list[Path]:
    """Every entry of the store."""
    return sorted(cache.glob("log-mel/*/*/*.frames"))


def start_loader(folder: Path, killed_at: int = 0) -> subprocess.Popen[str]:
    """A process that loads all clips of `folder` and prints a digest of their frames."""
    command = [sys.executable, "-c", LOADER, str(folder), str(killed_at)]
    return subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.PIPE, text=True)


def test_frames_are_those_of_the_clips(tmp_path: Path) -> None:
    clips = make_clips(tmp_path / "a", 5)
    told = list[tuple[int, int]]()
    frames = load_clips(clips, 1, LogMelConfig(), report=lambda *counts: told.append(counts))
    assert told == [(i, 5) for i in range(1, 6)]
    assert frames.lengths.tolist() == [len(decoded(clip)) for clip in clips]
    for i, clip in enumerate(clips):
        assert np.array_equal(frames.frames_of(i), decoded(clip))
    assert frames.frames_of(0).dtype == np.float16


def test_only_the_beginning_of_a_long_clip_is_decoded(tmp_path: Path) -> None:
    clips = make_clips(tmp_path / "a", 1, seconds=3.0)
    frames = load_clips(clips, 1, LogMelConfig(), max_s=1.0)
    assert frames.lengths.tolist() == [100]
    assert np.array_equal(frames.frames_of(0), decoded(clips[0])[:100])


def test_targets_have_every_label_of_a_clip() -> None:
    targets = multi_hot([(0, 2), (), (1,)], 3)
    assert targets.tolist() == [[1, 0, 1], [0, 0, 0], [0, 1, 0]]


def test_a_second_load_decodes_nothing_wherever_the_clips_lie(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clips = make_clips(tmp_path / "a", 3)
    first = load_clips(clips, 1, LogMelConfig(mean=1.0))
    moved = tuple(
        LabelledClip(clip.path.rename(tmp_path / f"moved-{clip.path.name}"), (), "5", "") for clip in reversed(clips)
    )
    monkeypatch.setattr("training.data.layouts.clip_parts.decode_blocks", None)
    again = load_clips(moved, 1, LogMelConfig(mean=2.0))
    assert again.lengths.tolist() == first.lengths.tolist()[::-1]
    assert np.array_equal(again.frames_of(0), first.frames_of(2))


def test_a_changed_clip_is_decoded_anew(tmp_path: Path) -> None:
    clips = make_clips(tmp_path / "a", 2)
    load_clips(clips, 1, LogMelConfig())
    clips[0].path.write_bytes(clips[1].path.read_bytes())
    frames = load_clips(clips, 1, LogMelConfig())
    assert np.array_equal(frames.frames_of(0), decoded(clips[1]))


@pytest.mark.parametrize("damage", ["cut", "emptied", "one bit"])
def test_a_damaged_entry_is_rebuilt(tmp_path: Path, cache: Path, damage: str) -> None:
    clips = make_clips(tmp_path / "a", 1)
    load_clips(clips, 1, LogMelConfig())
    [entry] = entries(cache)
    whole = entry.read_bytes()
    flipped = whole[:-1] + bytes([whole[-1] ^ 1])
    entry.write_bytes({"cut": whole[: len(whole) // 2], "emptied": b"", "one bit": flipped}[damage])
    frames = load_clips(clips, 1, LogMelConfig())
    assert np.array_equal(frames.frames_of(0), decoded(clips[0]))
    assert entry.read_bytes() == whole


def test_an_entry_lost_under_a_run_is_decoded_again_and_a_lost_clip_does_no_harm(tmp_path: Path, cache: Path) -> None:
    clips = make_clips(tmp_path / "a", 1)
    expected = decoded(clips[0])
    frames = load_clips(clips, 1, LogMelConfig())
    entries(cache)[0].unlink()
    assert np.array_equal(frames.frames_of(0), expected)
    clips[0].path.unlink()
    assert np.array_equal(pickle.loads(pickle.dumps(frames)).frames_of(0), expected)
    entries(cache)[0].unlink()
    with pytest.raises(UserError, match=r"000\.wav"):
        frames.frames_of(0)


def test_another_clip_in_its_place_is_not_taken_for_it(tmp_path: Path, cache: Path) -> None:
    clips = make_clips(tmp_path / "a", 2)
    frames = load_clips(clips[:1], 1, LogMelConfig())
    entries(cache)[0].unlink()
    clips[0].path.write_bytes(clips[1].path.read_bytes())
    with pytest.raises(UserError, match=r"000\.wav"):
        frames.frames_of(0)


def test_two_processes_build_the_same_cache_at_once(tmp_path: Path, cache: Path) -> None:
    clips = make_clips(tmp_path / "a", 40)
    both = [start_loader(tmp_path / "a") for _ in range(2)]
    digests = {process.communicate()[0].strip() for process in both}
    expected = hashlib.sha256(b"".join(decoded(clip).tobytes() for clip in clips)).hexdigest()
    assert digests == {expected}
    assert len(entries(cache)) == 40
    assert not [path for path in cache.rglob("*") if path.is_file() and path.suffix not in (".frames", ".sqlite")]


def test_a_process_killed_half_way_leaves_a_cache_that_goes_on(tmp_path: Path, cache: Path) -> None:
    clips = make_clips(tmp_path / "a", 300, seconds=0.3)
    killed = start_loader(tmp_path / "a", killed_at=20)
    assert killed.wait() == -signal.SIGKILL
    assert 20 <= len(entries(cache)) < 300
    frames = load_clips(clips, 1, LogMelConfig())
    assert all(np.array_equal(frames.frames_of(i), decoded(clip)) for i, clip in enumerate(clips))


def test_unreadable_clips_are_named_together(tmp_path: Path) -> None:
    clips = make_clips(tmp_path / "a", 4)
    clips[1].path.write_text("no sound")
    clips[2].path.unlink()
    soundfile.write(clips[3].path, np.zeros(100), 16_000)
    with pytest.raises(UserError, match="3 clips cannot be read") as caught:
        load_clips(clips, 1, LogMelConfig())
    assert all(clip.path.name in caught.value.problem for clip in clips[1:])


def test_a_full_disk_is_told_as_such(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: FrameCache, key: str, frames: np.ndarray) -> None:
        raise CacheError("The disk is full.", "Make room.")

    monkeypatch.setattr(FrameCache, "write", refuse)
    with pytest.raises(CacheError, match="The disk is full"):
        load_clips(make_clips(tmp_path / "a", 3), 1, LogMelConfig())


def test_damaged_keys_cost_time_only(tmp_path: Path, cache: Path) -> None:
    clips = make_clips(tmp_path / "a", 2)
    load_clips(clips, 1, LogMelConfig())
    (cache / "keys.sqlite").write_bytes(b"no database" * 1000)
    assert np.array_equal(load_clips(clips, 1, LogMelConfig()).frames_of(1), decoded(clips[1]))
    key = content_key(str(clips[0].path))
    keys = ClipKeys(cache / "keys.sqlite")
    keys.remember([key])
    assert keys.known([key.path, "elsewhere"]) == {key.path: key}


def test_statistics_are_those_of_all_frames() -> None:
    random = np.random.default_rng(0)
    frames = [random.normal(-7, 4, (n, 128)).astype(np.float16) for n in (30, 200, 1)]
    mean, std = frame_statistics(clips_in_memory(frames, np.zeros((3, 1), np.float32)))
    everything = np.concatenate(frames).astype(np.float64)
    assert mean == pytest.approx(everything.mean())
    assert std == pytest.approx(everything.std())


@pytest.mark.parametrize("size", ["-1", "nan", "inf", "-inf", "plenty", ""])
def test_cache_sizes_that_are_none_are_refused(size: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOUNDMARK_CACHE_GB", size)
    with pytest.raises(UserError, match="SOUNDMARK_CACHE_GB"):
        load_clips((), 1, LogMelConfig())


def test_what_is_unknown_of_a_clip_is_marked_and_where_nothing_is_there_are_no_marks(
    cache: Path, tmp_path: Path
) -> None:
    first, second = make_clips(tmp_path / "clips", 2)
    some = (replace(first, labels=(0,), unknown=(1, 3)), replace(second, labels=(2,)))
    loaded = load_clips(some, 4, LogMelConfig())
    assert loaded.unknown is not None
    assert loaded.unknown.tolist() == [[False, True, False, True], [False] * 4]
    assert loaded.targets.tolist() == [[1, 0, 0, 0], [0, 0, 1, 0]]
    assert load_clips((first, second), 4, LogMelConfig()).unknown is None
