"""What is decoded from a late moment on is, sample for sample, what is decoded from the start."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from core.audio.decoding.decode import decode_blocks
from core.audio.decoding.file_part import part_blocks
from core.audio.decoding.late_start import EARLIEST_S, blocks_from
from core.errors import UserError
from tests.core.audio.decoding.media_samples import truncated

RATE = 44_100
LATE = [
    ("a.wav", "pcm_s16le", {}),
    ("a.wav", "pcm_f32le", {}),
    ("a.w64", "pcm_s24le", {}),
    ("a.aiff", "pcm_s16be", {}),
    ("a.flac", "flac", {}),
    ("cbr.mp3", "libmp3lame", {"b": "128000"}),
    ("low.mp3", "libmp3lame", {"b": "32000"}),
    ("abr.mp3", "libmp3lame", {"abr": "1"}),
    ("a.m4a", "aac", {"aac_pns": "0"}),
    ("a.mov", "pcm_s16le", {}),
]


def write(path: Path, codec: str, options: dict[str, str], *stretches: tuple[float, float]) -> Path:
    """Noise whose level rises, from each start to each stop, seconds by the timestamps; without them 15 s."""
    rng = np.random.default_rng(4)
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=RATE, options=options)
        assert isinstance(stream, av.AudioStream)
        stream.layout = "stereo"
        for start_s, stop_s in stretches or [(0.0, 15.0)]:
            start, n_samples = round(start_s * RATE), round((stop_s - start_s) * RATE)
            sound = (np.linspace(0.01, 0.3, n_samples) * rng.uniform(-1, 1, (2, n_samples))).astype(np.float32)
            for first in range(0, n_samples, 4096):
                part = np.ascontiguousarray(sound[:, first : first + 4096])
                frame = av.AudioFrame.from_ndarray(part, format="fltp", layout="stereo")
                frame.sample_rate, frame.pts, frame.time_base = RATE, start + first, Fraction(1, RATE)
                container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def first_start_s(path: Path, start_s: float, rate: int = RATE) -> float:
    return next(iter(blocks_from(path, start_s, rate))).start_sample / rate


def assert_same_part(path: Path, start_s: float, stop_s: float | None = None, rate: int = RATE) -> None:
    """The part of a file on its clock, gaps as silence, whichever way it is decoded."""
    blocks = list(decode_blocks(path, rate))
    whole = np.zeros(blocks[-1].end_sample, np.float32)
    for block in blocks:
        whole[block.start_sample : block.end_sample] = block.samples
    wanted = whole[round(start_s * rate) : None if stop_s is None else round(stop_s * rate)]
    read = np.concatenate([np.zeros(0, np.float32), *part_blocks(path, start_s, stop_s, rate)])
    assert len(read) == len(wanted)
    assert np.array_equal(read, wanted)


@pytest.mark.parametrize(("name", "codec", "options"), LATE)
def test_a_late_part_is_the_same_and_begins_late(
    tmp_path: Path, name: str, codec: str, options: dict[str, str]
) -> None:
    path = write(tmp_path / name, codec, options)
    for start_s, stop_s in ((12.3456, 13.0), (14.0, None), (EARLIEST_S + 0.001, 10.5)):
        assert start_s - 3 < first_start_s(path, start_s) <= start_s
        assert_same_part(path, start_s, stop_s)


@pytest.mark.parametrize(("name", "codec"), [("a.mka", "pcm_s16le"), ("a.mkv", "aac")])
def test_where_timestamps_do_not_count_samples_a_file_is_decoded_from_its_start(
    tmp_path: Path, name: str, codec: str
) -> None:
    path = write(tmp_path / name, codec, {})
    assert first_start_s(path, 12.0) < 0.1
    assert_same_part(path, 12.0, 13.0)


def test_another_rate_and_an_early_part_are_decoded_from_the_start(tmp_path: Path) -> None:
    path = write(tmp_path / "a.flac", "flac", {})
    assert first_start_s(path, 12.0, 16_000) == 0.0
    assert first_start_s(path, EARLIEST_S) == 0.0
    assert_same_part(path, 12.0, 13.0, 16_000)


@pytest.mark.parametrize(("codec", "options"), [("alac", {}), ("aac", {"aac_pns": "0"})])
@pytest.mark.parametrize(
    "stretches", [((3.0, 18.0),), ((0.0, 4.0), (6.0, 20.0)), ((0.0, 14.0), (16.0, 20.0)), ((2.0, 3.0), (15.0, 18.0))]
)
def test_gaps_and_a_late_beginning_are_where_they_were(
    tmp_path: Path, codec: str, options: dict[str, str], stretches: tuple[tuple[float, float], ...]
) -> None:
    path = write(tmp_path / "a.m4a", codec, options, *stretches)
    *_, last = decode_blocks(path, RATE)
    assert last.end_sample / RATE == pytest.approx(stretches[-1][1], abs=0.1)
    assert first_start_s(path, 17.0) > 10.0
    for start_s in (13.5, 15.5, 17.0):
        assert_same_part(path, start_s)


def test_behind_the_end_there_is_nothing(tmp_path: Path) -> None:
    path = write(tmp_path / "a.wav", "pcm_s16le", {})
    assert list(part_blocks(path, 15.5, 17.0, RATE)) == []


def test_a_late_part_of_a_truncated_file_ends_with_its_error(tmp_path: Path) -> None:
    path = truncated(write(tmp_path / "a.flac", "flac", {}, (0.0, 20.0)), 0.8)
    blocks = blocks_from(path, 12.0, RATE)
    assert next(blocks).start_sample > 8 * RATE
    with pytest.raises(UserError, match="ends early"):
        list(blocks)
