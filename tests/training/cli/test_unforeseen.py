"""What nobody foresaw about one clip is told as that clip's fault, and hides nothing of the others."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import main
from core.audio.block import AudioBlock
from core.audio.decoding import decode
from core.audio.log_mel import LogMelConfig
from core.errors import UserError
from tests.training.data_check.recordings import take, write
from training.data.clip_frames import load_clips
from training.data.layouts import clip_parts
from training.data.manifest import LabelledClip
from training.data_check.data_check import check_data
from training.data_check.log_mel_statistics import measure

pytestmark = pytest.mark.slow


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two classes; decoding odd.wav raises what no decoder should, broken.wav is no sound."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))

    def decode_blocks(path: Any, *args: Any) -> Iterator[AudioBlock]:
        if Path(path).name == "odd.wav":
            raise AttributeError("no codec")
        return decode.decode_blocks(path, *args)

    monkeypatch.setattr(clip_parts, "decode_blocks", decode_blocks)
    for i, name in enumerate(("bell/a.wav", "bell/odd.wav", "rain/b.wav", "rain/c.wav")):
        write(tmp_path / "data" / name, take(i, 1.0))
    (tmp_path / "data" / "rain" / "broken.wav").write_bytes(b"no sound")
    return tmp_path / "data"


def has_traceback(caplog: pytest.LogCaptureFixture) -> bool:
    return any(record.exc_info and record.exc_info[0] is AttributeError for record in caplog.records)


def test_the_check_names_it_and_measures_the_others(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    report = check_data(folder, "", (), lambda _message: None)
    unreadable = [path for finding in report.findings if finding.kind == "unreadable" for path in finding.paths]
    assert {Path(path).name for path in unreadable} == {"odd.wav", "broken.wav"}
    assert report.minutes == pytest.approx(3 / 60, abs=0.01)
    assert has_traceback(caplog)


def test_the_statistics_leave_it_out(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    found = measure(folder, "", 512, np.random.default_rng(0), lambda _message: None)
    assert (found.n_clips, found.n_unreadable) == (5, 2)
    assert has_traceback(caplog)


def test_training_and_evaluating_name_all_that_cannot_be_read(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    clips = tuple(LabelledClip(path, (0,), "", "") for path in sorted(folder.rglob("*.wav")))
    with pytest.raises(UserError, match="2 clips cannot be read") as caught:
        load_clips(clips, 1, LogMelConfig())
    assert "“odd.wav” could not be read" in caught.value.problem
    assert "“broken.wav”" in caught.value.problem
    assert has_traceback(caplog)


def test_the_command_ends_without_a_traceback(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main.main(["check", "--data", str(folder)]) == 1
    said = capsys.readouterr()
    assert "odd.wav" in said.out
    assert "Traceback" not in said.out + said.err
