"""Sound that begins late or has holes stands where the file's clock has it; as a clip it is filled."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from core.audio.block import AudioBlock
from core.audio.decoding.decode import decode_blocks, duration_s, fill_gaps, read_clip
from tests.core.audio.decoding.media_samples import joined, write_encoded, write_stretches
from tests.core.audio.decoding.test_decode import loudest_hz

RATE = 16_000


def stretches_s(path: Path) -> list[tuple[float, float]]:
    """From when to when on the file's clock there is sound."""
    found: list[list[int]] = []
    for block in decode_blocks(path):
        if found and block.start_sample == found[-1][1]:
            found[-1][1] = block.end_sample
        else:
            found.append([block.start_sample, block.end_sample])
    return [(start / RATE, stop / RATE) for start, stop in found]


@pytest.mark.parametrize(
    ("name", "codec", "video_s"),
    [
        ("a.mp4", "aac", 7.0),
        ("a.mkv", "aac", 7.0),
        ("a.ts", "aac", 7.0),
        ("a.m4a", "aac", 0.0),
        ("a.webm", "libopus", 0.0),
    ],
)
def test_sound_that_begins_late_is_on_the_files_clock(tmp_path: Path, name: str, codec: str, video_s: float) -> None:
    path = write_stretches(tmp_path / name, codec, [(5.0, 7.0)], video_s=video_s)

    assert stretches_s(path) == [pytest.approx((5.0, 7.0), abs=0.03)]
    assert duration_s(path) == pytest.approx(7.0, abs=0.03)
    assert len(read_clip(path)) / RATE == pytest.approx(2.0, abs=0.03), "a clip begins with its sound"


def test_a_broadcast_that_was_tuned_in_late_begins_at_0(tmp_path: Path) -> None:
    path = write_stretches(tmp_path / "a.ts", "aac", [(5000.0, 5002.0)])

    assert stretches_s(path) == [pytest.approx((0.0, 2.0), abs=0.03)]


@pytest.mark.parametrize(
    ("name", "codec"), [("a.m4a", "aac"), ("a.webm", "libopus"), ("a.mka", "pcm_s16le"), ("a.ts", "aac")]
)
@pytest.mark.parametrize("back_s", [2.5, 100.0])
def test_a_hole_in_the_timestamps_shifts_nothing(tmp_path: Path, name: str, codec: str, back_s: float) -> None:
    path = write_stretches(tmp_path / name, codec, [(0.0, 0.5), (back_s, back_s + 1.5)])

    assert stretches_s(path) == [
        pytest.approx((0.0, 0.5), abs=0.04),  # an encoder's last frame is full
        pytest.approx((back_s, back_s + 1.5), abs=0.04),
    ]
    assert duration_s(path) == pytest.approx(back_s + 1.5, abs=0.04)


def test_holes_in_clips_are_filled_but_not_the_long_ones(tmp_path: Path) -> None:
    path = write_stretches(tmp_path / "a.mka", "pcm_s16le", [(3.0, 4.0), (6.0, 7.0), (1007.0, 1008.0)])

    samples = read_clip(path)

    assert len(samples) == (1 + 2 + 1 + 1) * RATE + round(10.24 * RATE)
    assert not samples[RATE : 3 * RATE].any()
    for start_s in (0, 3, 14.24):
        second = samples[round(start_s * RATE) : round(start_s * RATE) + RATE]
        assert loudest_hz(second) == pytest.approx(440, abs=1)


def test_filled_blocks_follow_each_other_from_0() -> None:
    blocks = [AudioBlock(np.ones(n, np.float32), start, RATE) for start, n in ((700, 10), (710, 5), (720, 5))]

    filled = list(fill_gaps(blocks))

    assert [(block.start_sample, block.end_sample) for block in filled] == [(0, 10), (10, 15), (15, 20), (20, 25)]
    assert [block.samples[0] for block in filled] == [1, 1, 0, 1]


def test_broadcasts_joined_end_to_end_follow_each_other(tmp_path: Path) -> None:
    part = write_encoded(tmp_path / "part.ts", "aac", 2.0, 48_000)

    [(start_s, stop_s)] = stretches_s(joined(tmp_path / "all.ts", part, part))

    assert start_s == 0
    assert stop_s == pytest.approx(4.0, abs=0.1)
