"""The demonstration scene: the table is true, the levels are as it says, and it can be played for ever."""

from __future__ import annotations

import numpy as np
import pytest

from core.audio.demo.scene import SCENE, SCENE_S, ScenePart, demo_scene
from core.audio.sources.demo_source import DemoSource
from tests.core.audio.sources.fake_sounddevice import VirtualClock

RATE = 16_000


@pytest.fixture(scope="module")
def scene() -> np.ndarray:
    return demo_scene()


def part_of(scene: np.ndarray, start_s: float, end_s: float) -> np.ndarray:
    """The samples between two moments."""
    return scene[round(start_s * RATE) : round(end_s * RATE)]


def dbfs(value: float) -> float:
    """A linear level in dB of full scale."""
    return 20 * float(np.log10(value))


@pytest.mark.slow
def test_it_is_the_same_for_the_same_seed_and_another_for_another(scene: np.ndarray) -> None:
    assert demo_scene().tobytes() == scene.tobytes()
    assert demo_scene(1).tobytes() != scene.tobytes()


def test_it_is_mono_float32_of_the_length_it_says(scene: np.ndarray) -> None:
    assert scene.dtype == np.float32
    assert scene.shape == (round(SCENE_S * RATE),)
    assert 38 < SCENE_S < 45


def test_the_table_runs_forward_without_overlap() -> None:
    edges = [edge for part in SCENE for edge in (part.start_s, part.end_s)]

    assert edges == sorted(edges)
    assert edges[-1] < SCENE_S
    assert len({part.name for part in SCENE}) == len(SCENE) == 8


@pytest.mark.parametrize("part", SCENE, ids=lambda part: part.name)
def test_each_sound_has_its_level_and_stands_out_of_the_noise(scene: np.ndarray, part: ScenePart) -> None:
    samples = part_of(scene, part.start_s, part.end_s)

    assert dbfs(np.abs(samples).max()) == pytest.approx(part.peak_dbfs, abs=0.5)
    assert -35 <= part.peak_dbfs <= -12
    for third in np.array_split(samples, 3):
        assert dbfs(np.sqrt(np.mean(third**2))) > -58


def test_between_the_sounds_there_is_a_faint_noise_and_no_click(scene: np.ndarray) -> None:
    ends = [0.0, *(part.end_s for part in SCENE)]
    starts = [*(part.start_s for part in SCENE), SCENE_S]
    for start_s, end_s in zip(ends, starts, strict=True):
        quiet = part_of(scene, start_s + 0.01, end_s - 0.01)
        assert -66 < dbfs(np.sqrt(np.mean(quiet**2))) < -58
    for part in SCENE:
        around_end = part_of(scene, part.end_s - 0.002, part.end_s + 0.002)
        assert np.abs(np.diff(around_end)).max() < 0.01


@pytest.mark.slow
def test_the_demo_source_plays_it_in_real_time_and_over_and_over(scene: np.ndarray) -> None:
    clock = VirtualClock()
    source = DemoSource(clock=clock, sleep=clock.sleep)
    source.open()
    began_s, blocks = clock(), []
    while not blocks or blocks[-1].end_sample < 2.2 * len(scene):
        block = source.read(10)
        assert block is not None
        assert clock() - began_s == pytest.approx(block.end_sample / RATE)
        blocks.append(block)

    assert [block.start_sample for block in blocks] == [0, *(block.end_sample for block in blocks[:-1])]
    heard = np.concatenate([block.samples for block in blocks])
    np.testing.assert_array_equal(heard[: 2 * len(scene)], np.tile(scene, 2))
