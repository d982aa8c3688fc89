"""The three ways of counting log-mel say what they say, and the levels are those of the clips."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import main
from core.audio.log_mel import LogMel
from core.errors import UserError
from tests.training.data_check.recordings import hum, take, write
from training.cli.statistics import advice
from training.data_check.log_mel_statistics import AUDIOSET, DataStatistics, audioset_real, mask_span, measure


def measured(folder: Path, frames: int, seed: int = 0) -> DataStatistics:
    return measure(folder, "", frames, np.random.default_rng(seed), lambda message: None)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for i in range(3):
        write(tmp_path / "loud" / f"a{i}.wav", 0.5 * take(i, 1.0))
        write(tmp_path / "soft" / f"b{i}.wav", 0.005 * hum(i, 2.0 + i))
    return tmp_path


def test_real_frames_are_counted_once_each_whatever_the_clips_lengths(folder: Path) -> None:
    sounds = [0.5 * take(i, 1.0) for i in range(3)] + [0.005 * hum(i, 2.0 + i) for i in range(3)]
    everything = np.concatenate([LogMel()(sound.astype(np.float32)) for sound in sounds])
    found = measured(folder, 1024)
    assert (found.n_clips, found.n_unreadable) == (6, 0)
    assert found.real.mean == pytest.approx(everything.mean(), abs=0.02)
    assert found.real.std == pytest.approx(everything.std(), abs=0.02)


@pytest.mark.slow
def test_padding_adds_zeros_and_masks_add_more(folder: Path) -> None:
    found = measured(folder, 1024)
    n_real = sum(98 for _ in range(3)) + sum(198 + 100 * i for i in range(3))
    assert found.padded.mean == pytest.approx(found.real.mean * n_real / (6 * 1024), abs=1e-3)
    assert found.real.mean < found.padded.mean < found.masked.mean < 0
    assert measured(folder, 1024) == found
    assert measured(folder, 1024, seed=1).masked != found.masked
    assert measured(folder, 50).padded.mean < found.padded.mean  # all cut, none padded


def test_levels_are_told_class_by_class(folder: Path) -> None:
    loud, soft = measured(folder, 128).levels
    assert (loud.label, loud.n_clips, soft.label) == ("Loud", 3, "Soft")
    assert soft.lowest_db == pytest.approx(20 * np.log10(0.005 * 0.1), abs=0.3)
    assert loud.lowest_db > soft.highest_db + 20


def test_masks_lie_inside_and_are_narrower_than_their_widest() -> None:
    spans = [mask_span(128, 24, *np.random.default_rng(seed).random(2)) for seed in range(500)]
    assert all(0 <= begin <= end <= 128 and end - begin < 24 for begin, end in spans)
    assert max(end - begin for begin, end in spans) == 23


def test_audiosets_real_frames_give_its_published_figures_again() -> None:
    real, share = audioset_real(), 998 / 1024 * (1 - 96 / 1024) * (1 - 12 / 128)
    mean = real.mean * share
    assert mean == pytest.approx(AUDIOSET[0], abs=1e-3)
    assert np.sqrt((real.mean**2 + real.std**2) * share - mean**2) == pytest.approx(AUDIOSET[1], abs=1e-3)


def test_sounds_far_from_audioset_are_warned_of_and_near_ones_not(tmp_path: Path) -> None:
    for i in range(2):
        write(tmp_path / "far" / "soft" / f"a{i}.wav", 0.001 * hum(i, 1.0))
        write(tmp_path / "near" / "lively" / f"a{i}.wav", take(i, 3.0))
    far, near = measured(tmp_path / "far", 1024), measured(tmp_path / "near", 1024)
    assert far.is_far_from_audioset()
    assert "Warning" in advice(far)[-1]
    assert not near.is_far_from_audioset()
    assert str(near.real.mean) in advice(near)[0]


@pytest.mark.slow
def test_unreadable_clips_are_left_out_and_counted(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = measured(folder, 512)
    (folder / "loud" / "broken.wav").write_bytes(b"nothing")
    assert main.main(["statistics", "--data", str(folder), "--frames", "512", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["n_clips"], found["n_unreadable"]) == (7, 1)
    assert found["real"]["mean"] == before.real.mean
    assert main.main(["statistics", "--data", str(folder)]) == 0
    assert "1 of them unreadable" in capsys.readouterr().out
    for path in folder.rglob("[ab][0-9].wav"):
        path.write_bytes(b"nothing")
    with pytest.raises(UserError, match="can be read"):
        measured(folder, 512)
