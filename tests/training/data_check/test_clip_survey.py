"""A clip's length, level and clipping are measured as they are."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from core.errors import UserError
from tests.core.audio.decoding.media_samples import with_unknown_codec, write_encoded, write_stretches
from tests.training.data_check.recordings import RATE, hum, take, write
from training.data_check.clip_survey import decode, flat_tops, survey

T = np.arange(2 * RATE) / RATE


def coarse(sound: np.ndarray) -> np.ndarray:
    """As 8-bit sound has it."""
    return (np.clip(np.round(sound * 128), -128, 127) / 128).astype(np.float32)


@pytest.mark.parametrize("pitch_hz", [41.7, 103.3, 440, 1000])
@pytest.mark.parametrize("bits", [8, 16])
def test_most_waves_cut_off_at_full_scale_are_counted(pitch_hz: float, bits: int) -> None:
    sound = np.clip(1.6 * np.sin(2 * np.pi * pitch_hz * T), -1, 1 - 2**-15).astype(np.float32)
    sound = coarse(sound) if bits == 8 else sound
    n_tops = 2 * pitch_hz * len(T) / RATE
    assert 0.6 * n_tops <= flat_tops(sound) <= n_tops + 1


@pytest.mark.parametrize("pitch_hz", [41.7, 103.3, 440, 1000])
def test_waves_that_just_reach_full_scale_are_not(pitch_hz: float) -> None:
    sound = (0.99997 * np.sin(2 * np.pi * pitch_hz * T)).astype(np.float32)
    assert flat_tops(sound) == 0
    assert flat_tops(coarse(sound)) == 0


def test_lively_sound_at_full_scale_is_not_clipped() -> None:
    peak_normalised = take(1) / np.abs(take(1)).max() * np.float32(0.9999)
    assert flat_tops(peak_normalised) == 0
    assert flat_tops(coarse(peak_normalised)) <= 1
    assert flat_tops(np.zeros(0, np.float32)) == 0


def test_length_and_peak_are_the_files_own_at_any_rate(tmp_path: Path) -> None:
    found = survey(write(tmp_path / "a.wav", 0.25 * hum(1, 1.5) / np.abs(hum(1, 1.5)).max(), 11_025))
    assert not isinstance(found, UserError)
    assert found.duration_s == pytest.approx(1.5 * RATE / 11_025, abs=1e-3)
    assert found.peak == pytest.approx(0.25, abs=1e-3)
    assert not found.is_silent


@pytest.mark.parametrize("level", [0.0, 0.0009])
def test_what_stays_under_60_db_is_silent_and_like_nothing(tmp_path: Path, level: float) -> None:
    found = survey(write(tmp_path / "a.wav", np.full(RATE, level, np.float32)))
    assert not isinstance(found, UserError)
    assert (found.is_silent, found.digest, len(found.fingerprint.rising)) == (True, "", 0)


def test_what_cannot_be_read_is_an_answer_too(tmp_path: Path) -> None:
    (tmp_path / "a.wav").write_bytes(b"no sound at all")
    assert isinstance(survey(tmp_path / "a.wav"), UserError)
    with pytest.raises(UserError):
        decode(tmp_path / "nowhere.wav")


def test_a_track_that_nothing_decodes_is_told(tmp_path: Path) -> None:
    path = with_unknown_codec(write_encoded(tmp_path / "a.webm", "libopus", rate=48_000), b"A_OPUS", b"A_XPUS")
    found = survey(path)
    assert isinstance(found, UserError)
    assert "cannot decode" in found.problem


def test_a_hole_in_a_clip_counts_as_silence_and_a_late_beginning_does_not(tmp_path: Path) -> None:
    clip = decode(write_stretches(tmp_path / "a.mka", "pcm_s16le", [(3.0, 4.0), (6.0, 7.0)]))
    assert clip.duration_s == pytest.approx(4.0)
    assert clip.samples[:100].any()
    assert not clip.samples[48_000 : 3 * 48_000].any()
