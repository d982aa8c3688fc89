"""Kaldi's values, also as torchaudio has them, and: a stream equals the whole clip bit for bit."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.audio.demo.scene import demo_scene
from core.audio.log_mel import SILENCE, LogMel, LogMelConfig, LogMelStream, mel_centres_hz
from core.errors import UserError

REPOSITORY = Path(__file__).resolve().parents[3]

BINS = [0, 1, 2, 5, 10, 31, 63, 100, 127]


def lcg_noise(n: int) -> np.ndarray:
    """0.2 * (s / 2^32 - 0.5) of the linear congruential generator 1664525 s + 1013904223, mean removed."""
    values = np.empty(n)
    s = 1
    for i in range(n):
        s = (1664525 * s + 1013904223) % 2**32
        values[i] = 0.2 * (s / 2**32 - 0.5)
    x = values.astype(np.float32)
    return x - x.mean()


@pytest.fixture(scope="module")
def noise_frames() -> np.ndarray:
    return LogMel()(lcg_noise(16_000))


@pytest.mark.parametrize(
    ("frame", "expected"),
    [
        (0, [-7.94374, -10.47322, -7.02982, -10.44010, -7.82193, -3.67223, -0.70351, 0.83068, 2.30563]),
        (50, [-8.68740, -11.18730, -7.74390, -10.52554, -5.52284, -6.44978, -2.22959, 1.82101, 1.76076]),
        (97, [-9.24866, -11.36950, -7.92610, -10.25790, -6.49245, -3.74330, -1.30087, -0.56038, 1.90027]),
    ],
)
def test_noise_matches_golden_frames(noise_frames: np.ndarray, frame: int, expected: list[float]) -> None:
    assert noise_frames.shape == (98, 128)
    np.testing.assert_allclose(noise_frames[frame, BINS], expected, atol=1e-3)


def test_noise_matches_golden_statistics(noise_frames: np.ndarray) -> None:
    assert noise_frames.mean() == pytest.approx(-1.983621, abs=1e-3)
    assert noise_frames.std() == pytest.approx(3.443675, abs=1e-3)
    hamming = LogMel(LogMelConfig(window="hamming"))(lcg_noise(16_000))
    assert hamming.mean() - noise_frames.mean() == pytest.approx(0.0711, abs=1e-3)


def test_tones_match_golden_values() -> None:
    t = np.arange(16_000) / 16_000
    tones = 0.5 * np.sin(2 * np.pi * 440 * t) + 0.25 * np.sin(2 * np.pi * 1000 * t) + 0.1 * np.sin(2 * np.pi * 4000 * t)
    x = tones.astype(np.float32)
    frame = LogMel()(x - x.mean())[50]
    # Bins below -12 are leakage, where rounding decides.
    np.testing.assert_allclose(frame[[18, 31, 100]], [-3.20596, -7.89828, -9.48370], atol=1e-3)
    assert list(np.argsort(-frame)[:6]) == [96, 43, 44, 97, 23, 24]


def by_torchaudio(samples: np.ndarray, config: LogMelConfig) -> np.ndarray:
    kaldi: Any = pytest.importorskip("torchaudio.compliance.kaldi")
    torch: Any = pytest.importorskip("torch")
    frames = kaldi.fbank(
        torch.as_tensor(samples).unsqueeze(0),
        sample_frequency=config.sample_rate,
        num_mel_bins=config.n_mels,
        window_type=config.window,
        dither=0.0,
        use_energy=False,
        htk_compat=True,
    )
    return frames.numpy()


SOUNDS: dict[str, Callable[[np.random.Generator], np.ndarray]] = {
    "the demo scene": lambda _: demo_scene()[: 20 * 16_000],
    "loud noise": lambda random: random.normal(0, 0.3, 160_000),
    "quiet noise": lambda random: random.normal(0, 1e-4, 160_000),
    "the last bits": lambda random: np.round(random.normal(0, 2, 160_000)) / 32_768,
    "clicks": lambda _: (np.arange(160_000) % 4_000 == 0) * 0.9,
    "nothing": lambda _: np.zeros(160_000),
}


@pytest.mark.parametrize("sound", SOUNDS)
@pytest.mark.parametrize(
    "config",
    [LogMelConfig(), LogMelConfig(window="hamming"), LogMelConfig(32_000), LogMelConfig(8_000, 40)],
    ids=lambda config: f"{config.sample_rate}-{config.window}",
)
def test_torchaudio_has_the_same_frames(config: LogMelConfig, sound: str) -> None:
    samples = SOUNDS[sound](np.random.default_rng(3)).astype(np.float32)
    ours, theirs = LogMel(config)(samples), by_torchaudio(samples, config)
    assert ours.shape == theirs.shape
    assert np.quantile(np.abs(ours - theirs), 0.999) < 1e-4
    # As the model sees them. Before that, a few bins in which nearly everything cancels are further apart: the longer
    # the transform, the more it has to round in float32.
    atol = 1e-4 if config.sample_rate <= 16_000 else 2e-4
    np.testing.assert_allclose(config.normalise(ours), config.normalise(theirs), rtol=0, atol=atol)


def test_no_torch_is_imported() -> None:
    script = "import sys, core.audio.log_mel; print([name for name in ('torch', 'scipy') if name in sys.modules])"
    assert subprocess.check_output([sys.executable, "-c", script], cwd=REPOSITORY, text=True).strip() == "[]"


@pytest.mark.parametrize(
    ("n_samples", "n_frames"), [(0, 0), (399, 0), (400, 1), (15_600, 96), (16_000, 98), (160_000, 998), (164_080, 1024)]
)
def test_frame_counts(n_samples: int, n_frames: int) -> None:
    config = LogMelConfig()
    assert config.frames_in(n_samples) == n_frames
    assert LogMel(config)(np.zeros(n_samples, np.float32)).shape == (n_frames, 128)
    assert config.frames_in(config.samples_for(n_frames)) == n_frames


def test_silence_is_the_floor() -> None:
    assert pytest.approx(-15.942385, abs=1e-5) == SILENCE
    assert np.all(LogMel()(np.zeros(16_000, np.float32)) == np.float32(SILENCE))


@settings(max_examples=25, deadline=None)
@given(st.lists(st.one_of(st.integers(1, 500), st.integers(1, 48_000)), min_size=1, max_size=12), st.integers(0, 2**31))
def test_stream_equals_whole_clip_bit_for_bit(block_sizes: list[int], seed: int) -> None:
    samples = np.random.default_rng(seed).normal(0, 0.1, sum(block_sizes)).astype(np.float32)
    stream = LogMelStream()
    blocks = np.split(samples, np.cumsum(block_sizes)[:-1])
    streamed = np.concatenate([stream.push(block) for block in blocks])
    whole = LogMel()(samples)
    assert streamed.shape == whole.shape
    assert np.array_equal(streamed, whole)
    assert stream.n_frames == len(whole)


def test_single_samples_make_the_same_frames() -> None:
    samples = np.random.default_rng(1).normal(0, 0.1, 2_000).astype(np.float32)
    stream = LogMelStream()
    streamed = np.concatenate([stream.push(samples[i : i + 1]) for i in range(len(samples))])
    assert np.array_equal(streamed, LogMel()(samples))


def test_clip_wide_mean_does_not_matter() -> None:
    # AST's code subtracts the clip's mean first; Kaldi removes it from each frame anyway.
    samples = np.random.default_rng(2).normal(0, 0.1, 16_000).astype(np.float32)
    np.testing.assert_allclose(LogMel()(samples + np.float32(0.2)), LogMel()(samples), atol=2e-2)


def test_normalise() -> None:
    config = LogMelConfig()
    ends = config.normalise(np.array([SILENCE, 0.0], np.float32))
    np.testing.assert_allclose(ends, [-1.27759, 0.46703], atol=1e-4)


def test_mel_centres() -> None:
    centres = mel_centres_hz()
    np.testing.assert_allclose(centres[:6], [34.0, 48.4, 63.0, 77.8, 93.0, 108.5], atol=0.06)
    np.testing.assert_allclose(centres[-3:], [7510, 7670, 7834], atol=1)


@pytest.mark.parametrize("wrong", [{"window": "povey"}, {"std": 0.0}, {"sample_rate": 44_110 + 1}])
def test_nonsense_is_refused(wrong: dict) -> None:
    with pytest.raises(UserError):
        LogMelConfig(**wrong)
