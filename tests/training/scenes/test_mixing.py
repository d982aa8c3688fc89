"""Scenes: onsets true to a frame, levels as asked, and the same scene from the same generator."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from training.config.augmentation import AugmentationSettings
from training.config.scenes import SceneSettings
from training.scenes.activity import SILENT, SOUNDING
from training.scenes.mixing import SceneMixer

RATE, HOP = 16_000, 160
PLAIN = AugmentationSettings()


def burst(rng: np.random.Generator) -> tuple[int, np.ndarray]:
    """A second of silence with half a second of tone in the middle."""
    del rng
    samples = np.zeros(RATE, np.float32)
    samples[4000:12000] = 0.2 * np.sin(np.arange(8000) * 0.4)
    return 3, samples


def mixer(**changes: float) -> SceneMixer:
    values = {"scenes": 1, "single_share": 0.0, "empty_share": 0.0, "reverb_share": 0.0, **changes}
    return SceneMixer(SceneSettings(**values), PLAIN, RATE, burst)  # pyright: ignore[reportArgumentType]


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10**6), seconds=st.sampled_from([1.0, 2.56, 5.0]))
def test_onsets_are_true_to_a_frame(seed: int, seconds: float) -> None:
    scene = mixer(sounds_per_10s=0.0, lowest_floor_db=-120.0, highest_floor_db=-110.0).mix(
        round(seconds * RATE), np.random.default_rng(seed)
    )
    [sound] = scene.sounds
    assert sound.clip == 3
    loud = np.flatnonzero(np.abs(scene.samples) > 0.05 * np.abs(scene.samples).max())
    sounding = np.flatnonzero(sound.state == SOUNDING)
    if len(sounding):
        assert abs(sounding[0] - loud[0] // HOP) <= 1
        assert abs(sounding[-1] - loud[-1] // HOP) <= 1
        assert (sound.state[: max(0, sounding[0] - 4)] == SILENT).all()


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_levels_lie_where_the_recipe_wants_them(seed: int) -> None:
    changes = {"highest_peak_db": -10.0, "lowest_peak_db": -20.0, "highest_floor_db": -50.0, "lowest_floor_db": -60.0}
    scene = mixer(single_share=1.0, **changes).mix(2 * RATE, np.random.default_rng(seed))
    peak_db = 20 * np.log10(np.abs(scene.samples).max())
    assert -20.3 <= peak_db <= -9.7
    quiet = scene.sounds[0].state == SILENT
    frames = scene.samples.reshape(-1, HOP)[quiet]
    assert -61.5 <= 10 * np.log10(np.square(frames).mean()) <= -48.5


def test_an_empty_scene_holds_nothing_but_its_floor() -> None:
    scene = mixer(empty_share=0.999).mix(RATE, np.random.default_rng(0))
    assert scene.sounds == ()
    assert 0 < np.abs(scene.samples).max() < 0.1


def test_the_number_of_sounds_grows_with_the_length() -> None:
    def mean(seconds: float) -> float:
        mix = mixer(sounds_per_10s=6.0)
        return float(np.mean([len(mix.mix(round(seconds * RATE), np.random.default_rng(i)).sounds) for i in range(60)]))

    assert mean(10) == pytest.approx(6.0, abs=1.2)
    assert mean(1) == pytest.approx(1.0, abs=0.1)


def test_the_same_generator_gives_the_same_scene() -> None:
    scenes = [mixer(reverb_share=1.0).mix(RATE, np.random.default_rng(5)) for _ in range(2)]
    assert np.array_equal(scenes[0].samples, scenes[1].samples)
    assert not np.array_equal(scenes[0].samples, mixer().mix(RATE, np.random.default_rng(6)).samples)


def test_no_scene_is_louder_than_full_scale() -> None:
    loud = mixer(sounds_per_10s=100.0, highest_peak_db=0.0, lowest_peak_db=-1.0)
    assert np.abs(loud.mix(RATE, np.random.default_rng(1)).samples).max() <= 1.0


def test_a_recorded_floor_is_named_and_the_others_are_made() -> None:
    def room(rng: np.random.Generator) -> tuple[int, np.ndarray]:
        return 7, rng.standard_normal(RATE).astype(np.float32)

    shared = SceneSettings(scenes=1, single_share=0.0, empty_share=0.9, recorded_floor_share=0.5)
    mix = SceneMixer(shared, PLAIN, RATE, burst, room)
    floors = [mix.mix(RATE, np.random.default_rng(seed)).floor for seed in range(60)]
    assert set(floors) == {7, None}
    assert 15 < floors.count(7) < 45
    assert mixer().mix(RATE, np.random.default_rng(0)).floor is None
