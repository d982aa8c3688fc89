"""Duplicates are found in every usual disguise, and nothing else is taken for one."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soxr

from core.errors import UserError
from tests.training.data_check.recordings import RATE, encode, hum, take, write
from training.data_check.clip_survey import survey
from training.data_check.duplicates import DuplicateGroup, find_duplicates


def duplicates_among(*paths: Path) -> list[DuplicateGroup]:
    surveys = [survey(path) for path in paths]
    return find_duplicates(
        paths, [None if isinstance(found, UserError) else found for found in surveys], lambda done, total: None
    )


def with_noise(sound: np.ndarray, snr_db: float) -> np.ndarray:
    noise = hum(99, len(sound) / RATE)
    return sound + noise * np.float32(sound.std() / noise.std() * 10 ** (-snr_db / 20))


DISGUISES: dict[str, Callable[[Path, np.ndarray], Path]] = {
    "opus": lambda path, x: encode(
        path.with_suffix(".opus"), soxr.resample(x, RATE, 48_000), "libopus", 48_000, 24_000
    ),
    "mp3": lambda path, x: encode(path.with_suffix(".mp3"), x, "libmp3lame", RATE, 48_000),
    "12 dB softer": lambda path, x: write(path, x * np.float32(0.25)),
    "upside down": lambda path, x: write(path, -x),
    "22.05 kHz": lambda path, x: write(path, soxr.resample(x, RATE, 22_050), 22_050),
    "noise 40 dB under it": lambda path, x: write(path, with_noise(x, 40)),
    "noise 20 dB under it": lambda path, x: write(path, with_noise(x, 20)),
    "cut 1 s later": lambda path, x: write(path, x[RATE:]),
    "cut at no whole frame": lambda path, x: write(path, x[12_345:]),
}


@pytest.mark.parametrize("disguise", DISGUISES)
def test_a_duplicate_is_found_in_every_disguise(tmp_path: Path, disguise: str) -> None:
    paths = [write(tmp_path / f"{seed}.wav", take(seed)) for seed in range(3)]
    paths.append(DISGUISES[disguise](tmp_path / "copy.wav", take(1)))
    assert duplicates_among(*paths) == [DuplicateGroup((1, 3), is_exact=False)]


def test_the_same_sound_in_another_container_and_between_silence_is_an_exact_duplicate(tmp_path: Path) -> None:
    gap = np.zeros(RATE // 3, np.float32)
    paths = [
        write(tmp_path / "a.wav", take(1)),
        write(tmp_path / "b.wav", take(2)),
        write(tmp_path / "c.flac", np.concatenate([gap, take(1), gap])),
    ]
    assert duplicates_among(*paths) == [DuplicateGroup((0, 2), is_exact=True)]


def test_exact_duplicates_join_the_others_of_their_recording(tmp_path: Path) -> None:
    sounds = (take(1), take(1) * np.float32(0.3), take(1), take(2), take(1)[RATE // 2 :])
    paths = [write(tmp_path / f"{i}.wav", sound) for i, sound in enumerate(sounds)]
    assert duplicates_among(*paths) == [
        DuplicateGroup((0, 2), is_exact=True),
        DuplicateGroup((0, 1, 2, 4), is_exact=False),
    ]


def test_takes_noises_and_silences_are_no_duplicates(tmp_path: Path) -> None:
    sounds = [
        *(take(seed) for seed in range(4)),
        *(hum(seed) for seed in range(4)),
        *(np.zeros(2 * RATE, np.float32) for _ in range(2)),
        *(np.sin(2 * np.pi * 440 * np.arange(seconds * RATE) / RATE).astype(np.float32) for seconds in (2, 3)),
    ]
    paths = [write(tmp_path / f"{i}.wav", sound) for i, sound in enumerate(sounds)]
    assert duplicates_among(*paths) == []


def test_less_than_half_in_common_is_no_duplicate(tmp_path: Path) -> None:
    long = take(5, seconds=8.0)
    paths = [write(tmp_path / "a.wav", long[: 4 * RATE]), write(tmp_path / "b.wav", long[round(3.5 * RATE) :])]
    assert duplicates_among(*paths) == []


def test_a_clip_that_vanishes_after_the_survey_stops_nothing(tmp_path: Path) -> None:
    paths = [write(tmp_path / "a.wav", take(1)), write(tmp_path / "b.wav", take(1) * np.float32(0.5))]
    surveys = [survey(path) for path in paths]
    os.unlink(paths[1])
    assert (
        find_duplicates(paths, [found for found in surveys if not isinstance(found, UserError)], lambda *_: None) == []
    )


@pytest.fixture(scope="module")
def data() -> Path:
    folder = Path(os.environ.get("SOUNDMARK_DATA", Path(__file__).parents[4] / "shared" / "data"))
    if not (folder / "esc10").is_dir() or not (folder / "esc50").is_dir():
        pytest.skip("the data sets are not here")
    return folder


@pytest.mark.slow
def test_real_recordings_in_two_encodings_are_paired_and_others_are_not(data: Path) -> None:
    good = sorted((data / "esc10" / "audio").iterdir())[::8]
    coarse = [data / "esc50" / "audio" / f"{path.stem}.flac" for path in good]
    found = duplicates_among(*good, *coarse)
    right = [group for group in found if group.clips == (group.clips[0], group.clips[0] + len(good))]
    assert len(right) >= 0.94 * len(good)
    assert right == found
