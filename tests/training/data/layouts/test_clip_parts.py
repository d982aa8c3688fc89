"""A clip may be a part of a file: it is what is heard there, kept apart from other parts, and of one recording with
them."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from core.audio.decoding.decode import read_clip
from core.audio.log_mel import LogMel, LogMelConfig
from core.errors import UserError
from core.run.messages import TrainingFinished
from tests.core.audio.decoding.media_samples import write_stretches
from tests.training.data_check.recordings import RATE, take, write
from tests.training.runs import PLAIN, run
from training.data.clip_frames import load_clips
from training.data.layouts import clip_parts
from training.data.layouts.clip_parts import WHOLE, Part, cut
from training.data.manifest import LabelledClip, read_manifest
from training.data_check.clip_survey import ClipSurvey, decode, survey_parts
from training.data_check.data_check import check_data


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def listing(folder: Path, *lines: str, columns: str = "path,label,start_s,end_s") -> Path:
    path = folder / "list.csv"
    path.write_text("\n".join([columns, *lines]) + "\n", encoding="utf-8")
    return path


def frames_of(samples: np.ndarray) -> np.ndarray:
    return LogMel()(samples).astype(np.float16)


def halves(names: str) -> list[str]:
    """Two clips a file, both of one class: the first half of the files rain, the others bell."""
    middle = len(names) // 2
    return [
        f"{name}.wav,{'rain' if i < middle else 'bell'},{start},{start + 1}"
        for i, name in enumerate(names)
        for start in (0, 1)
    ]


def test_frames_are_those_of_the_part(tmp_path: Path) -> None:
    whole = read_clip(write(tmp_path / "walk.wav", take(1, 6.0)))
    spans = [(0.0, 1.0), (2.5, 4.0), (0.5, 3.0), (5.0, None)]
    lines = [f"walk.wav,{'bell' if i % 2 else 'rain'},{a},{'' if b is None else b}" for i, (a, b) in enumerate(spans)]
    clips = read_manifest(listing(tmp_path, *lines, "walk.wav,rain,,")).clips
    assert [clip.part for clip in clips] == [*(Part(*span) for span in spans), WHOLE]
    for _ in range(2):  # decoded, then from the store
        loaded = load_clips(clips, 2, LogMelConfig())
        for i, (a, b) in enumerate(spans):
            part = whole[round(a * RATE) : None if b is None else round(b * RATE)]
            np.testing.assert_array_equal(loaded.frames_of(i), frames_of(part))
        np.testing.assert_array_equal(loaded.frames_of(4), frames_of(whole))


def test_a_file_is_decoded_once_for_all_its_parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path / "walk.wav", take(1, 4.0))
    decoded: list[object] = []
    original = clip_parts.decode_blocks

    def counted(*args: object) -> object:
        decoded.append(args)
        return original(*args)  # pyright: ignore[reportArgumentType]

    monkeypatch.setattr(clip_parts, "decode_blocks", counted)
    clips = tuple(LabelledClip(path, (0,), "", "", Part(i / 2, i / 2 + 0.5)) for i in range(8))
    load_clips(clips, 1, LogMelConfig())
    survey_parts(path, [clip.part for clip in clips])
    assert len(decoded) == 2


def test_frames_that_were_evicted_are_decoded_again(tmp_path: Path) -> None:
    path = write(tmp_path / "walk.wav", take(1, 4.0))
    clips = (LabelledClip(path, (0,), "", "", Part(1.0, 2.0)), LabelledClip(path, (0,), "", "", Part(2.0, 3.0)))
    loaded = load_clips(clips, 1, LogMelConfig())
    before = [loaded.frames_of(i).copy() for i in range(2)]
    for entry in (tmp_path / "cache").rglob("*.frames"):
        entry.unlink()
    for i in range(2):
        np.testing.assert_array_equal(loaded.frames_of(i), before[i])


def test_spans_end_with_the_file_and_the_pass_with_the_spans(tmp_path: Path) -> None:
    path = write(tmp_path / "a.wav", take(1, 2.0))
    found = {part.index: part for part in cut(path, RATE, [(RATE, 9 * RATE), (0, 10), (5 * RATE, 6 * RATE)], 100)}
    assert [(len(found[i].samples), found[i].n_samples) for i in range(3)] == [(100, RATE), (10, 10), (0, 0)]
    cut_off = tmp_path / "cut.wav"
    cut_off.write_bytes(path.read_bytes()[: RATE + 44])
    early, late = survey_parts(cut_off, [Part(0.0, 0.2), Part(0.3, 1.5)])
    assert isinstance(early, ClipSurvey)
    assert early.duration_s == pytest.approx(0.2)
    assert isinstance(late, UserError)
    assert decode(path, Part(0.5, 0.75)).duration_s == pytest.approx(0.25)


def test_a_part_beyond_the_end_is_told_by_both(tmp_path: Path) -> None:
    write(tmp_path / "a.wav", take(1, 2.0))
    data = listing(tmp_path, "a.wav,rain,0,1", "a.wav,bell,7,8")
    [short] = [
        finding for finding in check_data(data, "", (), lambda message: None).findings if finding.kind == "short"
    ]
    assert "a.wav from 7 s to 8 s" in short.text
    with pytest.raises(UserError, match=r"a\.wav from 7 s to 8 s is shorter than 25 ms"):
        load_clips(read_manifest(data).clips, 2, LogMelConfig())


def test_parts_of_one_file_lie_on_one_side(tmp_path: Path) -> None:
    for name in "abcdef":
        write(tmp_path / f"{name}.wav", take(ord(name), 2.0))
    lines = [
        f"{name}.wav,{'rain' if name < 'd' else 'bell'},{start},{start + 1}" for name in "abcdef" for start in (0, 1)
    ]
    manifest = read_manifest(listing(tmp_path, *lines))
    split = manifest.split(("1",))
    assert {clip.path for clip in split.train}.isdisjoint(clip.path for clip in split.test)
    assert len({clip.recording for clip in manifest.clips}) == 6


def test_folds_that_part_a_file_are_told_and_the_clips_left_out(tmp_path: Path) -> None:
    for name in "abcd":
        write(tmp_path / f"{name}.wav", take(ord(name), 2.0))
    lines = [
        f"{name}.wav,{'rain' if name < 'c' else 'bell'},{start},{start + 1},1" for name in "abcd" for start in (0, 1)
    ]
    lines[1] = lines[1][:-1] + "2"
    data = listing(tmp_path, *lines, columns="path,label,start_s,end_s,fold")
    [shared] = [
        finding
        for finding in check_data(data, "", ("2",), lambda message: None).findings
        if finding.kind == "shared_source"
    ]
    assert "a.wav (folds 1, 2)" in shared.text
    assert len(shared.paths) == 1
    assert read_manifest(data).split(("2",)).n_left_out == 1


@pytest.mark.slow
def test_parts_train(tmp_path: Path) -> None:
    for k, name in enumerate("abcdefghij"):
        write(tmp_path / f"{name}.wav", take(k, 2.0))
    lines = [
        f"{name}.wav,{'rain' if name < 'f' else 'bell'},{start},{start + 1}"
        for name in "abcdefghij"
        for start in (0, 1)
    ]
    assert isinstance(run(listing(tmp_path, *lines), tmp_path / "out", *PLAIN)[-1], TrainingFinished)


def test_parts_are_on_the_files_clock_with_its_holes_filled(tmp_path: Path) -> None:
    path = write_stretches(tmp_path / "holes.mka", "pcm_s16le", [(1.0, 2.0), (4.0, 5.0)])
    spans = [(0, RATE), (RATE // 2, 3 * RATE), (3 * RATE, 4 * RATE), (3 * RATE, 5 * RATE), (0, math.inf)]
    parts = {part.index: part for part in cut(path, RATE, spans, 10 * RATE)}
    assert [parts[i].n_samples / RATE for i in range(4)] == pytest.approx([1.0, 2.5, 1.0, 2.0], abs=0.01)
    assert [len(parts[i].samples) for i in range(4)] == [parts[i].n_samples for i in range(4)]
    sounding = [parts[i].samples.any() for i in range(4)]
    assert sounding == [False, True, False, True]
    assert not parts[1].samples[: RATE // 2 - 200].any(), "silence before the sound begins"
    assert not parts[3].samples[: RATE - 200].any()
    assert parts[4].n_samples / RATE == pytest.approx(4.0, abs=0.01), "a whole file begins with its sound"


def test_a_part_in_a_long_hole_takes_no_more_memory_than_is_kept(tmp_path: Path) -> None:
    path = write_stretches(tmp_path / "night.mka", "pcm_s16le", [(0.0, 1.0), (30_000.0, 30_001.0)])
    [part] = cut(path, RATE, [(RATE // 2, 30_001 * RATE)], RATE)
    assert len(part.samples) == RATE
    assert part.n_samples / RATE == pytest.approx(30_000.5, abs=0.05)
