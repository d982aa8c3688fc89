"""Scenes hold what they say, at the levels asked, and come back with their seed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import soundfile

from benchmarks.listening.floors import FLOORS, STRETCH_S, floor, recorded_floor
from benchmarks.listening.scenes import SETTINGS, LabelledSound, Scene, compose, deck

RATE = 16_000
HARD, PLAIN = SETTINGS["hard"], SETTINGS["plain"]


def tones(seed: int = 0) -> Iterator[LabelledSound]:
    """Loud tones of many labels and lengths, without end."""
    rng = np.random.default_rng(seed)
    while True:
        time_s = np.arange(round(rng.uniform(0.1, 3.0) * RATE)) / RATE
        samples = np.cos(2 * np.pi * rng.uniform(200, 4000) * time_s).astype(np.float32)
        yield LabelledSound(f"tone{rng.integers(8)}", samples)


def hard_scene(seed: int, duration_s: float = 300.0) -> Scene:
    return compose(tones(seed), HARD, duration_s, np.random.default_rng(seed))


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_each_onset_and_offset_is_true_to_a_frame(seed: int) -> None:
    scene = hard_scene(seed)
    sounds = np.abs(scene.samples - scene.floor) > 1e-5
    truth = np.zeros(len(sounds), bool)
    for sound in scene.sounds:
        truth[round(sound.onset_s * RATE) : round(sound.offset_s * RATE)] = True

    assert not sounds[~truth].any()
    for sound in scene.sounds:
        first, end = round(sound.onset_s * RATE), round(sound.offset_s * RATE)
        assert sounds[first : first + RATE // 100].any()
        assert sounds[end - RATE // 100 : end].any()


def test_sounds_have_the_peaks_that_are_stated_within_the_range() -> None:
    scene = compose(tones(), replace(HARD, overlapping=0.0), 300.0, np.random.default_rng(4))
    for sound in scene.sounds:
        part = slice(round(sound.onset_s * RATE), round(sound.offset_s * RATE))
        peak = np.abs((scene.samples - scene.floor)[part]).max()
        assert 20 * np.log10(peak) == pytest.approx(sound.peak_dbfs, abs=0.05)
        assert HARD.peak_dbfs[0] <= sound.peak_dbfs <= HARD.peak_dbfs[1]


def test_gaps_are_within_the_range_and_a_scene_ends_with_one() -> None:
    scene = compose(tones(), PLAIN, 600.0, np.random.default_rng(5))
    gaps_s = [later.onset_s - earlier.offset_s for earlier, later in pairwise(scene.sounds)]

    assert len(gaps_s) > 20
    assert min(gaps_s) >= PLAIN.gap_s[0] - 1e-3
    assert max(gaps_s) <= PLAIN.gap_s[1] + 1e-3
    assert scene.duration_s - scene.sounds[-1].offset_s >= PLAIN.gap_s[0]


@pytest.mark.slow
def test_a_fifth_of_the_sounds_overlaps_one_of_another_label() -> None:
    scenes = [hard_scene(seed, 600.0) for seed in range(12)]
    n_sounds, n_overlapping = sum(len(scene.sounds) for scene in scenes), 0
    for scene in scenes:
        for earlier, later in pairwise(scene.sounds):
            if later.onset_s < earlier.offset_s:
                n_overlapping += 2
                assert later.label != earlier.label

    assert n_overlapping / n_sounds == pytest.approx(0.2, abs=0.05)


def test_a_seed_gives_the_same_scene_and_another_seed_another() -> None:
    first, again, other = hard_scene(6, 60.0), hard_scene(6, 60.0), hard_scene(7, 60.0)

    assert first.sounds == again.sounds
    assert np.array_equal(first.samples, again.samples)
    assert first.sounds != other.sounds


@pytest.mark.parametrize("kind", FLOORS)
def test_a_floor_has_the_level_that_was_asked_in_every_kind(kind: str) -> None:
    noise = floor(RATE * 130, (kind,), (-55.0, -55.0), np.random.default_rng(8))
    for start in range(0, len(noise) - 5 * RATE, 5 * RATE):
        rms = np.sqrt(np.mean(noise[start : start + 5 * RATE].astype(np.float64) ** 2))
        assert 20 * np.log10(rms) == pytest.approx(-55.0, abs=1.5)


def test_a_floor_changes_its_level_from_stretch_to_stretch_within_the_range() -> None:
    noise = floor(round(RATE * STRETCH_S * 8), ("hiss",), (-70.0, -45.0), np.random.default_rng(9))
    middles = [noise[round((i + 0.3) * STRETCH_S * RATE) :][: RATE * 10] for i in range(8)]
    levels = [10 * np.log10(np.mean(part.astype(np.float64) ** 2)) for part in middles]

    assert max(levels) - min(levels) > 5
    assert all(-70.5 <= level <= -44.5 for level in levels)


def test_recorded_floors_fill_any_length_at_the_level_asked() -> None:
    rng = np.random.default_rng(10)
    recordings = [rng.standard_normal(n).astype(np.float32) for n in (9_000, 40_000)]
    noise = recorded_floor(RATE * 20, recordings, (-50.0, -50.0), rng)

    assert len(noise) == RATE * 20
    assert 10 * np.log10(np.mean(noise[:-RATE].astype(np.float64) ** 2)) == pytest.approx(-50.0, abs=1.0)


def test_a_deck_deals_every_clip_before_any_comes_again(tmp_path: Path) -> None:
    clips = []
    for i in range(5):
        path = tmp_path / f"{i}.wav"
        soundfile.write(path, np.cos(np.arange(RATE) * (i + 1) / 10), RATE)
        clips.append((str(i), path))
    sounds = deck([*clips, ("silent", _silent(tmp_path))], np.random.default_rng(11))
    dealt = [next(sounds).label for _ in range(10)]

    assert sorted(dealt[:5]) == sorted(dealt[5:]) == [str(i) for i in range(5)]


def test_a_deck_of_silence_ends(tmp_path: Path) -> None:
    assert list(deck([("silent", _silent(tmp_path))], np.random.default_rng(12))) == []


def test_a_written_scene_has_the_same_samples(tmp_path: Path) -> None:
    scene = hard_scene(13, 30.0)
    scene.write(tmp_path / "scene.wav")
    samples, rate = soundfile.read(tmp_path / "scene.wav", dtype="float32")

    assert rate == RATE
    assert np.array_equal(samples, scene.samples)


def _silent(folder: Path) -> Path:
    path = folder / "silent.wav"
    soundfile.write(path, np.zeros(RATE), RATE)
    return path
