"""Calibration: which windows show a model's ranges."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from core.audio.log_mel import LogMelConfig
from core.errors import UserError
from core.inference.engines.making.quantising import MOST_WINDOWS, calibration_windows
from rig.sounds import write_wav


def test_the_demo_scene_is_heard_from_loud_to_very_quiet() -> None:
    windows = calibration_windows(LogMelConfig(), 96)
    levels = [float(window.mean()) for window in windows]
    assert {window.shape for window in windows} == {(1, 96, 128)}
    assert max(levels) - min(levels) > 0.5


def test_recordings_come_first_and_short_ones_are_repeated(tmp_path: Path) -> None:
    alone = calibration_windows(LogMelConfig(), 96)
    rng = np.random.default_rng(0)
    short, long = tmp_path / "short.wav", tmp_path / "long.wav"
    write_wav(short, rng.normal(0, 0.1, 8000).astype(np.float32))
    write_wav(long, rng.normal(0, 0.1, 16_000 * 60).astype(np.float32))
    of_one = calibration_windows(LogMelConfig(), 96, [short])
    assert len(of_one) == len(alone) + 1
    np.testing.assert_array_equal(of_one[0][0, :20], of_one[0][0, 48:68])
    assert len(calibration_windows(LogMelConfig(), 96, [short, long])) == len(alone) + MOST_WINDOWS


def test_a_recording_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError):
        calibration_windows(LogMelConfig(), 96, [tmp_path / "nothing.wav"])
