"""A file played as if live: every sample in order, each block when it is due and not before."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
import soundfile

from core.audio.block import AudioBlock
from core.audio.decoding.decode import read_clip
from core.audio.sources.file_source import FileSource
from core.audio.sources.source import SourceEnded
from core.errors import UserError
from tests.core.audio.decoding.media_samples import tone, truncated
from tests.core.audio.sources.fake_sounddevice import VirtualClock


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """One second and a bit of a tone."""
    soundfile.write(tmp_path / "street.wav", tone(1.1), 44_100)
    return tmp_path / "street.wav"


def played(source: FileSource) -> list[AudioBlock]:
    """All blocks up to the end."""
    blocks: list[AudioBlock] = []
    with pytest.raises(SourceEnded):
        play_on(source, blocks)
    return blocks


def play_on(source: FileSource, blocks: list[AudioBlock]) -> None:
    """Read into `blocks` until something is raised."""
    while True:
        block = source.read(1.0)
        if block is not None:
            blocks.append(block)


def test_every_sample_comes_in_order_in_small_blocks(path: Path) -> None:
    source = FileSource(path, math.inf)
    source.open()
    blocks = played(source)

    assert [block.start_sample for block in blocks] == [0, *(block.end_sample for block in blocks[:-1])]
    assert np.concatenate([block.samples for block in blocks]).tobytes() == read_clip(path).tobytes()
    assert max(len(block.samples) for block in blocks) <= 0.05 * source.sample_rate
    assert (source.name, source.is_live, source.dropped_blocks) == ("street.wav", False, 0)


@pytest.mark.parametrize("speed", [1.0, 4.0])
def test_a_block_comes_when_its_last_sample_has_sounded(path: Path, speed: float) -> None:
    clock = VirtualClock()
    source = FileSource(path, speed, clock=clock, sleep=clock.sleep)
    source.open()
    began_s = clock()
    while (block := source.read(10)) is not None and block.end_sample < 16_000:
        assert clock() - began_s == pytest.approx(block.end_sample / 16_000 / speed)


def test_reading_waits_no_longer_than_allowed(path: Path) -> None:
    clock = VirtualClock()
    source = FileSource(path, clock=clock, sleep=clock.sleep)
    source.open()
    began_s = clock()

    assert source.read(0.01) is None
    assert clock() - began_s == pytest.approx(0.01)
    assert source.read(1) is not None


def test_a_reader_that_is_late_finds_all_that_was_due(path: Path) -> None:
    clock = VirtualClock()
    source = FileSource(path, clock=clock, sleep=clock.sleep)
    source.open()
    clock.sleep(0.5)
    due = []
    while (block := source.read(0)) is not None:
        due.append(block)

    assert due[-1].end_sample == pytest.approx(8_000, abs=640)


def test_it_plays_again_from_the_beginning(path: Path) -> None:
    source = FileSource(path, math.inf)
    source.open()
    source.read(0)
    source.open()

    block = source.read(0)
    assert block is not None
    assert block.start_sample == 0


def test_what_cannot_be_read_is_told_on_opening(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="There is no file"):
        FileSource(tmp_path / "no.wav").open()


def test_a_file_that_was_cut_off_is_told_at_its_end(path: Path) -> None:
    source = FileSource(truncated(path, 0.5), math.inf)
    source.open()
    blocks: list[AudioBlock] = []
    with pytest.raises(UserError, match="ends early"):
        play_on(source, blocks)

    assert blocks[-1].end_sample == pytest.approx(0.55 * 16_000, abs=50)
    with pytest.raises(SourceEnded):
        source.read(0)


@pytest.mark.parametrize("speed", [0.0, -1.0, math.nan])
def test_a_speed_that_is_none_is_refused(path: Path, speed: float) -> None:
    with pytest.raises(ValueError, match="speed"):
        FileSource(path, speed)
