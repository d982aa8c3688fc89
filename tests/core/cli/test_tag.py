"""`tag` keeps what it has written, and tells what it cannot write."""

from __future__ import annotations

import csv
import json
import wave
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.cli.model_options import ModelOptions
from core.cli.tag import TagOptions, run_tag
from core.errors import UserError
from core.inference.files.together import TaggedFiles
from core.inference.results import FrameScores
from core.model.checkpoints.checkpoint import save_checkpoint
from fakes import telling_checkpoint, tiny_checkpoint, write_noise
from tests.core.audio.decoding.media_samples import with_unknown_codec, write_encoded, write_two_tracks


@pytest.fixture
def options(tmp_path: Path) -> TagOptions:
    save_checkpoint(tiny_checkpoint(), tmp_path / "m")
    with wave.open(str(tmp_path / "a.wav"), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16_000)
        file.writeframes(bytes(2 * 16_000))
    model = ModelOptions(str(tmp_path / "m"), device="cpu")
    return TagOptions((tmp_path / "a.wav",) * 2, model, "csv", tmp_path / "out.csv")


def test_what_was_tagged_before_ctrl_c_is_in_the_file(options: TagOptions, monkeypatch: pytest.MonkeyPatch) -> None:
    original = TaggedFiles.of
    calls = []

    def stop_at_the_second(*args: object, **kwargs: object):
        calls.append(args)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return original(*args, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(TaggedFiles, "of", stop_at_the_second)
    two = TagOptions((*options.paths[:1], options.paths[0].with_name("b.wav")), options.model, "csv", options.output)
    two.paths[1].write_bytes(two.paths[0].read_bytes())
    with pytest.raises(KeyboardInterrupt):
        run_tag(two)
    assert two.output is not None
    assert len(two.output.read_text().splitlines()) == 1 + 4


def test_a_recording_is_never_overwritten(options: TagOptions) -> None:
    before = options.paths[0].read_bytes()
    with pytest.raises(UserError, match="one of the files to tag"):
        run_tag(TagOptions(options.paths, options.model, "csv", options.paths[0]))
    assert options.paths[0].read_bytes() == before


def test_old_results_survive_a_wrong_model(options: TagOptions, tmp_path: Path) -> None:
    (tmp_path / "out.csv").write_text("old results")
    with pytest.raises(UserError, match="no model"):
        run_tag(TagOptions(options.paths, ModelOptions("typo"), "csv", tmp_path / "out.csv"))
    assert (tmp_path / "out.csv").read_text() == "old results"


@pytest.mark.parametrize("surprise", [AttributeError, KeyError, RuntimeError, MemoryError, RecursionError, OSError])
def test_one_files_surprise_is_not_the_others_end(
    options: TagOptions,
    surprise: type[Exception],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    original = TaggedFiles.of

    def of(files: TaggedFiles[Any], path: Path, *args: Any) -> Any:
        if path.name == "a.wav":
            raise surprise("boo")
        return original(files, path, *args)

    monkeypatch.setattr(TaggedFiles, "of", of)
    other = options.paths[0].with_name("b.wav")
    other.write_bytes(options.paths[0].read_bytes())
    assert run_tag(replace(options, paths=(options.paths[0], other))) == 1
    error = capsys.readouterr().err
    assert "“a.wav” could not be tagged" in error
    assert "boo" in error
    assert "Traceback" not in error
    assert options.output is not None
    assert {Path(row["source"]).name for row in csv.DictReader(options.output.read_text().splitlines())} == {"b.wav"}
    (logged,) = caplog.records
    assert logged.exc_info is not None
    assert logged.exc_info[0] is surprise


def test_a_reader_that_has_gone_ends_it_without_a_word(
    options: TagOptions, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def gone(*_args: object, **_kwargs: object) -> None:
        raise BrokenPipeError

    monkeypatch.setattr(TaggedFiles, "of", gone)
    with pytest.raises(BrokenPipeError):
        run_tag(options)
    assert capsys.readouterr().err == ""


def test_a_place_that_cannot_be_written_is_reported(options: TagOptions, tmp_path: Path) -> None:
    nowhere = TagOptions(options.paths, ModelOptions("not even loaded"), "csv", tmp_path / "no" / "out.csv")
    with pytest.raises(UserError, match="cannot be written"):
        run_tag(nowhere)


def test_long_windows_and_other_strides_are_tagged(options: TagOptions) -> None:
    other = replace(options, model=replace(options.model, strides=(10, 8)), window_s=30.0, hop_s=30.0)
    assert run_tag(other) == 0
    assert other.output is not None
    rows = list(csv.DictReader(other.output.read_text().splitlines()))
    assert [row["end_s"] for row in rows] == ["0.98"] * 4


def test_frames_of_a_model_without_a_frame_head_are_refused_before_anything_is_written(options: TagOptions) -> None:
    with pytest.raises(UserError, match="train frame-head"):
        run_tag(replace(options, frames=True))
    with pytest.raises(UserError, match="train frame-head"):
        run_tag(replace(options, events=True))
    assert options.output is not None
    assert not options.output.exists()


@pytest.mark.parametrize("name", ["csv", "jsonl", "table"])
def test_frames_are_rows_of_100_ms_or_onsets_and_offsets(
    options: TagOptions, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str
) -> None:
    def rows(*_args: object, **_kwargs: object) -> Iterator[FrameScores]:
        dog = np.array([0.1, 0.8, 0.9, 0.1], np.float32)
        four = np.stack([dog, dog / 9, dog / 9, dog / 9], axis=1).astype(np.float32)
        yield FrameScores(four[:2], np.array([0.05, 0.15]))
        yield FrameScores(four[2:], np.array([0.25, 0.35]))

    monkeypatch.setattr(TaggedFiles, "of", rows)
    monkeypatch.setattr("core.inference.tagger.Tagger.require_frame_head", lambda _tagger: None)
    output = tmp_path / "frames"
    wanted = replace(options, paths=options.paths[:1], top_k=1, frames=True, edges="double-thresholds")
    assert run_tag(replace(wanted, format=name, output=output)) == 0
    text = output.read_text()
    if name == "table":
        assert text.splitlines()[1:] == ["     0.10 –     0.30 s   dog  90%"]
    elif name == "csv":
        found = [(float(row["start_s"]), row["label"], float(row["p"])) for row in csv.DictReader(text.splitlines())]
        assert found == [(0.0, "dog", 0.1), (0.1, "dog", 0.8), (0.2, "dog", 0.9), (0.3, "dog", 0.1)]
    else:
        found = [json.loads(line) for line in text.splitlines()]
        assert [(row["index"], row["start_s"], row["end_s"]) for row in found[:2]] == [(0, 0.0, 0.1), (1, 0.1, 0.2)]
        assert found[1]["scores"] == [{"label": "dog", "p": 0.8}]


def test_events_are_found_in_a_file_of_a_model_with_a_frame_head(options: TagOptions, tmp_path: Path) -> None:
    save_checkpoint(telling_checkpoint(), tmp_path / "telling")
    model = replace(options.model, model=str(tmp_path / "telling"))
    write_noise(options.paths[0], 1.0)
    output = tmp_path / "events"
    assert run_tag(replace(options, model=model, events=True, format="jsonl", output=output)) == 0
    lines = [json.loads(line) for line in output.read_text().splitlines()]
    events = [line for line in lines if line["type"] == "event"]
    assert events
    for line in events:
        assert list(line) == ["type", "state", "source", "id", "label", "onset_s", "offset_s", "peak_p", "at_s"]
        assert line["state"] == "ended"
        assert 0 <= line["onset_s"] < line["offset_s"] <= 1.0
        assert line["at_s"] >= 0.98, "the only window hears all of it"


@pytest.mark.parametrize("name", ["csv", "jsonl", "table"])
@pytest.mark.parametrize("frames", [False, True])
def test_another_track_than_the_first_is_noted(
    options: TagOptions,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    name: str,
    frames: bool,
) -> None:
    path = write_two_tracks(tmp_path / "phone.m4a", "aac", 1.0, 1.0)
    with_unknown_codec(with_unknown_codec(path, b"mp4a", b"apac"), b"esds", b"dapa")
    monkeypatch.setattr(TaggedFiles, "of", lambda *_args, **_kwargs: iter(()))
    monkeypatch.setattr("core.inference.tagger.Tagger.require_frame_head", lambda _tagger: None)
    output = tmp_path / "out"
    paths = (path, *options.paths[:1])
    assert run_tag(replace(options, paths=paths, format=name, output=output, frames=frames)) == 0
    note = "Audio track 1 cannot be decoded here, so audio track 2 was used."
    written, errors = output.read_text(), capsys.readouterr().err
    if name == "jsonl":
        assert json.loads(written.splitlines()[0]) == {"type": "note", "source": str(path), "note": note}
        assert "track 2" not in errors
    else:
        assert errors.count(f"{path}: {note}\n") == 1
        assert "track 2" not in written


def test_a_track_that_nothing_decodes_is_that_files_error(
    options: TagOptions, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    path = with_unknown_codec(write_encoded(tmp_path / "odd.webm", "libopus", rate=48_000), b"A_OPUS", b"A_XPUS")
    assert run_tag(replace(options, paths=(path, *options.paths[:1]))) == 1
    assert "“odd.webm” is in a format" in capsys.readouterr().err
    assert options.output is not None
    assert "a.wav" in options.output.read_text()


def test_what_a_folder_holds_besides_is_counted_on_stderr(
    options: TagOptions, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "sounds").mkdir()
    options.paths[0].rename(tmp_path / "sounds" / "a.wav")
    (tmp_path / "sounds" / "notes.txt").touch()
    assert run_tag(replace(options, paths=(tmp_path / "sounds",))) == 0
    [line] = capsys.readouterr().err.splitlines()
    assert "1 file" in line
    assert ".txt" in line
    assert ".txt (1)" in line


@pytest.mark.parametrize("how", [{}, {"frames": True}, {"events": True, "format": "jsonl"}])
def test_several_files_have_the_lines_that_each_has_alone(
    options: TagOptions, tmp_path: Path, capsys: pytest.CaptureFixture[str], how: dict[str, Any]
) -> None:
    save_checkpoint(telling_checkpoint(), tmp_path / "telling")
    model = replace(options.model, model=str(tmp_path / "telling"))
    paths = tuple(tmp_path / name for name in ("a.wav", "broken.wav", "long.wav", "short.wav"))
    for path, seconds in zip(paths, (1.0, 0.0, 12.0, 0.5), strict=True):
        write_noise(path, seconds) if seconds else path.write_bytes(b"nothing")
    assert options.output is not None
    wanted = replace(options, model=model, **how)
    alone: list[str] = []
    for path in paths:
        assert run_tag(replace(wanted, paths=(path,))) == int(path.name == "broken.wav")
        alone += options.output.read_text().splitlines()
    assert run_tag(replace(wanted, paths=paths)) == 1
    together = options.output.read_text().splitlines()
    headings = {line for line in alone if line.startswith("source,")}
    assert [line for line in together if line not in headings] == [line for line in alone if line not in headings]
    assert len(together) > 3
    assert capsys.readouterr().err.count("broken.wav") == (0 if "format" in how else 2 * 2)
