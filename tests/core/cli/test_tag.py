"""`tag` keeps what it has written, and tells what it cannot write."""

from __future__ import annotations

import wave
from pathlib import Path

import pytest

from core.cli.tag import ModelOptions, TagOptions, run_tag
from core.errors import UserError
from core.inference import file_tagging
from core.model.checkpoint import save_checkpoint
from fakes import tiny_checkpoint


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
    original = file_tagging.tag_file
    calls = []

    def stop_at_the_second(*args: object, **kwargs: object):  # noqa: ANN202
        calls.append(args)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return original(*args, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(file_tagging, "tag_file", stop_at_the_second)
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


def test_one_files_surprise_is_not_the_others_end(
    options: TagOptions, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def surprise(*_args: object, **_kwargs: object) -> None:
        raise RuntimeError("boo")

    monkeypatch.setattr(file_tagging, "tag_file", surprise)
    assert run_tag(options) == 1
    assert "a.wav could not be tagged" in capsys.readouterr().err


def test_a_place_that_cannot_be_written_is_told(options: TagOptions, tmp_path: Path) -> None:
    nowhere = TagOptions(options.paths, ModelOptions("not even loaded"), "csv", tmp_path / "no" / "out.csv")
    with pytest.raises(UserError, match="cannot be written"):
        run_tag(nowhere)
