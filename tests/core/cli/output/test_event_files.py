"""`tag --format` of other programs writes the files' events: all to one output, or beside each file."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from core.cli.model_options import ModelOptions
from core.cli.tag import EVENT_FILES, TagOptions, run_tag
from core.errors import UsageError
from core.event_files.main import FORMATS, read_labels
from core.event_files.models import LabelledSpan
from core.inference.files.together import TaggedFiles
from core.model.checkpoints.checkpoint import save_checkpoint
from fakes import telling_checkpoint, write_noise


@pytest.fixture
def sounds(tmp_path: Path) -> Path:
    folder = tmp_path / "sounds"
    (folder / "far").mkdir(parents=True)
    write_noise(folder / "a.wav", 2.0)
    write_noise(folder / "far" / "b.wav", 3.0)
    return folder


@pytest.fixture
def options(tmp_path: Path, sounds: Path) -> TagOptions:
    save_checkpoint(telling_checkpoint(), tmp_path / "m")
    return TagOptions((sounds,), ModelOptions(str(tmp_path / "m"), device="cpu"), "raven", tmp_path / "out")


def events_of(options: TagOptions, path: Path) -> list[tuple[str, float, float]]:
    """What `--events` finds, by onset."""
    assert options.output is not None
    output = options.output.with_name("events.csv")
    run_tag(replace(options, paths=(path,), format="csv", events=True, output=output, output_dir=None))
    return [(span.label_id, span.onset_s, span.offset_s) for span in read_labels(output).spans]


def times(spans: Iterable[LabelledSpan]) -> list[tuple[float, float]]:
    return sorted((round(span.onset_s, 3), round(span.offset_s, 3)) for span in spans)


@pytest.mark.parametrize("name", EVENT_FILES)
def test_a_files_events_are_those_of_events(options: TagOptions, sounds: Path, tmp_path: Path, name: str) -> None:
    path = sounds / "a.wav"
    assert run_tag(replace(options, paths=(path,), format=name)) == 0

    found = read_labels(tmp_path / "out")
    expected = events_of(options, path)
    assert found.format == name
    assert expected
    assert times(found.spans) == sorted((onset_s, offset_s) for _, onset_s, offset_s in expected)
    if name == "parquet":
        assert {span.source for span in found.spans} == {str(path)}
        assert sorted(span.label_id for span in found.spans) == sorted(label_id for label_id, _, _ in expected)


def test_several_files_in_one_raven_table_follow_each_other(options: TagOptions, sounds: Path, tmp_path: Path) -> None:
    assert run_tag(options) == 0

    found = read_labels(tmp_path / "out").spans
    assert {(span.source, round(span.source_start_s, 3)) for span in found} == {("a.wav", 0.0), ("b.wav", 2.0)}
    for name in ("a.wav", "far/b.wav"):
        expected = [(onset_s, offset_s) for _, onset_s, offset_s in events_of(options, sounds / name)]
        assert times(span for span in found if span.source == Path(name).name) == expected


@pytest.mark.parametrize("name", [name for name in EVENT_FILES if not FORMATS[name].holds_sources])
def test_a_format_without_sources_refuses_several_files_before_the_model_is_loaded(
    options: TagOptions, tmp_path: Path, name: str
) -> None:
    with pytest.raises(UsageError, match="--output-dir"):
        run_tag(replace(options, format=name, model=ModelOptions("not even loaded")))
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("name", [*EVENT_FILES, "csv", "jsonl", "table"])
def test_a_folder_gets_a_file_for_each_file(options: TagOptions, sounds: Path, tmp_path: Path, name: str) -> None:
    beside = replace(options, format=name, output=None, output_dir=tmp_path / "labels", events=True)
    assert run_tag(beside) == 0

    suffix = FORMATS[name].suffix if name in FORMATS else ".txt"
    made = [path for path in (tmp_path / "labels").rglob("*") if path.is_file()]
    assert sorted(made) == [tmp_path / "labels" / f"a{suffix}", tmp_path / "labels" / "far" / f"b{suffix}"]
    if name != "table":
        expected = [(onset_s, offset_s) for _, onset_s, offset_s in events_of(options, sounds / "far" / "b.wav")]
        found = read_labels(tmp_path / "labels" / "far" / f"b{suffix}").spans
        assert times(found) == sorted(expected)


def test_a_file_that_is_there_already_is_not_replaced_unless_asked(options: TagOptions, sounds: Path) -> None:
    (sounds / "a.txt").write_text("labels of hours")
    beside = replace(options, format="audacity", output=None, output_dir=sounds)
    with pytest.raises(UsageError, match="--overwrite"):
        run_tag(beside)
    assert (sounds / "a.txt").read_text() == "labels of hours"
    assert not (sounds / "far" / "b.txt").exists()

    assert run_tag(replace(beside, may_overwrite=True)) == 0
    assert read_labels(sounds / "a.txt").spans


def test_files_that_differ_in_their_ending_get_whole_names(options: TagOptions, sounds: Path, tmp_path: Path) -> None:
    (sounds / "a.wave").write_bytes((sounds / "a.wav").read_bytes())
    assert run_tag(replace(options, format="vtt", output=None, output_dir=tmp_path / "vtt")) == 0
    names = sorted(path.name for path in (tmp_path / "vtt").rglob("*.vtt"))
    assert names == ["a.wav.vtt", "a.wave.vtt", "b.vtt"]


def test_a_file_that_cannot_be_read_is_told_and_gets_no_labels(
    options: TagOptions, sounds: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (sounds / "bad.wav").write_text("no sound")
    assert run_tag(replace(options, format="srt", output=None, output_dir=tmp_path / "srt")) == 1
    assert "bad.wav" in capsys.readouterr().err
    assert sorted(path.name for path in (tmp_path / "srt").rglob("*.srt")) == ["a.srt", "b.srt"]


def test_a_damaged_file_keeps_the_events_before_the_damage(
    options: TagOptions, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "cut.wav"
    write_noise(path, 12.0)
    os.truncate(path, path.stat().st_size * 3 // 4)
    assert run_tag(replace(options, paths=(path,), format="parquet")) == 1
    assert "cut.wav" in capsys.readouterr().err
    assert all(span.offset_s <= 9.1 for span in read_labels(tmp_path / "out").spans)
    assert read_labels(tmp_path / "out").spans


def test_what_was_tagged_before_ctrl_c_is_in_the_file(
    options: TagOptions, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    original, calls = TaggedFiles.of, list[Any]()

    def stop_at_the_second(*args: Any, **kwargs: Any) -> Any:
        calls.append(args)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return original(*args, **kwargs)

    monkeypatch.setattr(TaggedFiles, "of", stop_at_the_second)
    with pytest.raises(KeyboardInterrupt):
        run_tag(options)
    assert {span.source for span in read_labels(tmp_path / "out").spans} == {"a.wav"}


def test_standard_output_gets_text(options: TagOptions, sounds: Path, capfdbinary: Any) -> None:
    assert run_tag(replace(options, paths=(sounds / "a.wav",), format="srt", output=None)) == 0
    assert capfdbinary.readouterr().out.startswith(b"1\n00:00:0")
    with pytest.raises(UsageError, match="--output"):
        run_tag(replace(options, format="parquet", output=None))


def test_options_that_exclude_each_other_are_refused(options: TagOptions, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="exclude"):
        run_tag(replace(options, output_dir=tmp_path))
    with pytest.raises(UsageError, match="--frames"):
        run_tag(replace(options, frames=True))
