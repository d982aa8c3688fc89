"""Blocks become frames on one clock, whatever their rate, and the meter shows what is loud."""

from __future__ import annotations

import numpy as np
import pytest

from core.audio.block import AudioBlock
from core.audio.log_mel import LogMel, LogMelConfig
from core.inference.live_frames import LevelMeter, LiveFrames

CONFIG = LogMelConfig()


def block(n_samples: int, start: int, rate: int = 16_000) -> AudioBlock:
    samples = np.random.default_rng(start).normal(0, 0.1, n_samples).astype(np.float32)
    return AudioBlock(samples, start, rate)


def test_blocks_give_the_frames_of_the_clip() -> None:
    frames = LiveFrames(16_000, CONFIG, 10.24)
    blocks = [block(700, 0), block(1, 700), block(9000, 701)]
    runs = [run for block in blocks for run in frames.push(block)]
    assert np.array_equal(
        np.concatenate([run.frames for run in runs]), LogMel()(np.concatenate([block.samples for block in blocks]))
    )
    assert frames.n_frames == 59


def test_other_rates_are_resampled() -> None:
    frames = LiveFrames(44_100, CONFIG, 10.24)
    runs = [run for i in range(4) for run in frames.push(block(22_050, 22_050 * i, 44_100))]
    assert 190 <= sum(len(run.frames) for run in runs) == frames.n_frames <= 198


def test_a_gap_is_as_long_as_what_was_lost() -> None:
    frames = LiveFrames(48_000, CONFIG, 10.24)
    frames.push(block(48_000, 0, 48_000))
    gap, after = frames.push(block(48_000, 96_000, 48_000))
    assert gap.is_gap
    assert not after.is_gap
    assert len(gap.frames) == pytest.approx(100, abs=2)
    assert after.first_frame == gap.first_frame + len(gap.frames)
    assert frames.n_frames == pytest.approx(298, abs=4)  # the resampler holds back some 30 ms


@pytest.mark.parametrize("start", [3_600 * 16_000, 3_600 * 16_000 + 1, 3_600 * 16_000 + 159])
def test_after_a_long_gap_frames_lie_on_the_old_grid(start: int) -> None:
    frames = LiveFrames(16_000, CONFIG, 10.24)
    frames.push(block(16_000, 0))
    [run] = frames.push(block(16_000, start))
    assert run.first_frame == frames.first_frame == start // 160
    silent = start % 160
    expected = LogMel()(np.concatenate([np.zeros(silent, np.float32), block(16_000, start).samples]))
    assert np.array_equal(run.frames, expected)


def test_level_of_a_sine_and_of_silence() -> None:
    t = np.arange(1600) / 16_000
    meter = LevelMeter(16_000)
    level = meter.push(AudioBlock((0.5 * np.sin(2 * np.pi * 400 * t)).astype(np.float32), 0, 16_000))
    assert level.rms_dbfs == pytest.approx(-9.03, abs=0.05)
    assert level.peak_dbfs == pytest.approx(-6.02, abs=0.05)
    assert not level.clipped
    assert meter.push(AudioBlock(np.ones(1600, np.float32), 1600, 16_000)).clipped
    assert meter.push(AudioBlock(np.zeros(1600, np.float32), 3200, 16_000)).rms_dbfs == -120
