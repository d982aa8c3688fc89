"""A part of a file is continuous: what is between its ends, gaps as silence."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from core.audio.decoding.file_part import part_blocks, sound_rate
from rig import sounds


@pytest.mark.parametrize("rate", [8000, 44100])
@pytest.mark.parametrize(("start_s", "stop_s"), [(0.0, None), (0.5, 1.25), (1.5, None), (0.25, 9.0), (3.0, 4.0)])
def test_a_part_has_the_samples_of_the_file(tmp_path: Path, rate: int, start_s: float, stop_s: float | None) -> None:
    wave = (0.8 * np.random.default_rng(2).random(2 * rate)).astype(np.float32)
    path = sounds.write_wav(tmp_path / "a.wav", wave, rate)
    assert sound_rate(path) == rate
    read = np.concatenate([*part_blocks(path, start_s, stop_s, rate), np.zeros(0, np.float32)])
    wanted = wave[round(start_s * rate) : None if stop_s is None else round(stop_s * rate)]
    assert len(read) == len(wanted)
    np.testing.assert_allclose(read, wanted, atol=1e-4)


def test_a_gap_of_the_file_is_silence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from core.audio.block import AudioBlock
    from core.audio.decoding import file_part

    ones = np.ones(100, np.float32)
    blocks = [AudioBlock(ones, 50, 1000), AudioBlock(ones, 400, 1000)]
    monkeypatch.setattr(file_part, "blocks_from", lambda *_: iter(blocks))
    read = np.concatenate(list(part_blocks(tmp_path, 0.0, 0.45, 1000)))
    assert len(read) == 450
    assert np.flatnonzero(np.diff(read)).tolist() == [49, 149, 399]
