"""The contract of every row of SOURCES, with a fake sound system behind the microphone."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile

from core.audio.block import AudioBlock
from core.audio.sources import SOURCES
from core.audio.sources.source import Source, SourceEnded
from core.errors import UserError
from tests.core.audio.decoding.media_samples import tone
from tests.core.audio.sources.fake_sounddevice import FakeSounddevice, install_fake


@pytest.fixture
def make(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], tuple[Source, FakeSounddevice]]:
    """Makes the source of a row, not yet opened."""
    fake = install_fake(monkeypatch)
    soundfile.write(tmp_path / "a.wav", tone(0.3), 44_100)
    specs = {"microphone": "Mic", "file": str(tmp_path / "a.wav")}
    return lambda row: (SOURCES[row](specs.get(row)), fake)


def first_blocks(source: Source, fake: FakeSounddevice, n_blocks: int) -> list[AudioBlock]:
    """What comes first, with the fake microphone fed meanwhile."""
    blocks: list[AudioBlock] = []
    while len(blocks) < n_blocks:
        if source.is_live:
            fake.stream.give(np.full(480, 0.1), takes_time=False)
        block = source.read(1.0)
        if block is not None:
            blocks.append(block)
    return blocks


@pytest.mark.slow
@pytest.mark.parametrize("row", SOURCES)
def test_a_source_delivers_mono_blocks_in_order(
    row: str, make: Callable[[str], tuple[Source, FakeSounddevice]]
) -> None:
    source, fake = make(row)
    source.open()
    blocks = first_blocks(source, fake, 3)
    source.close()

    assert source.name
    assert source.sample_rate > 0
    assert source.dropped_blocks == 0
    assert source.trouble is None
    assert blocks[0].start_sample == 0
    for block, following in zip(blocks, [*blocks[1:], None], strict=True):
        assert block.sample_rate == source.sample_rate
        assert block.samples.dtype == np.float32
        assert block.samples.ndim == 1
        assert len(block.samples) > 0
        assert np.isfinite(block.samples).all()
        assert following is None or following.start_sample == block.end_sample


@pytest.mark.slow
@pytest.mark.parametrize("row", SOURCES)
def test_closing_is_harmless_before_opening_and_twice(
    row: str, make: Callable[[str], tuple[Source, FakeSounddevice]]
) -> None:
    source, fake = make(row)
    source.close()
    source.open()
    first_blocks(source, fake, 1)
    source.close()
    source.close()
    source.open()

    assert first_blocks(source, fake, 1)[0].start_sample == 0
    source.close()


@pytest.mark.parametrize("row", SOURCES)
def test_reading_before_opening_is_a_mistake_of_ours(
    row: str, make: Callable[[str], tuple[Source, FakeSounddevice]]
) -> None:
    with pytest.raises(RuntimeError, match="opened before it is read"):
        make(row)[0].read(0)


def test_only_a_device_is_live_and_only_a_file_ends(make: Callable[[str], tuple[Source, FakeSounddevice]]) -> None:
    assert {row for row in SOURCES if make(row)[0].is_live} == {"microphone"}
    source, fake = make("file")
    source.open()
    with pytest.raises(SourceEnded):
        first_blocks(source, fake, 1000)


def test_a_file_must_be_named() -> None:
    with pytest.raises(UserError, match="No file was named"):
        SOURCES["file"](None)


def test_importing_the_table_loads_no_sound_library() -> None:
    script = "import sys, core.audio; print([m for m in ('sounddevice', 'av', 'soxr', 'torch') if m in sys.modules])"
    told = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)

    assert told.stdout.strip() == "[]"
