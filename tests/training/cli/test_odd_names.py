"""Names that are too long, or whose bytes are not UTF-8: told, learnt from and read back, never a traceback."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest

import main
from core.errors import UserError
from core.file_names import is_unicode, json_text, name_bytes, shown
from core.model.checkpoints.loading import load_checkpoint
from core.model.store.find import find_weights
from core.run.data_report import DataReport
from core.run.evaluation_report import EvaluationReport
from core.run.messages import TrainingFinished
from core.run.run_folder import read_description
from tests.training.data_check.recordings import take, write
from tests.training.runs import PLAIN, SMALL, run
from training.cli.train import TrainOptions, run_training
from training.data.content_keys import ClipKeys, content_key
from training.data.layouts.clip_rows import name_digest
from training.data.manifest import read_manifest
from training.data_check.data_check import check_data

pytestmark = pytest.mark.slow

ODD = os.fsdecode(b"cl\xe4ss")
bytes_for_names = pytest.mark.skipif(sys.platform != "linux", reason="other systems have Unicode names alone")


def odd_folder(folder: Path, per_class: int = 5) -> Path:
    """Class folders of which one, and a clip of another, have a name that is not UTF-8."""
    plain = folder.parent / "plain"  # libsndfile writes under plain names alone
    for k, name in enumerate(("bell", "rain", "third")):
        for i in range(per_class):
            write(plain / name / f"{chr(97 + i)}x.wav", take(100 * k + i, 0.6))
    plain.rename(folder)
    os.rename(folder / "third", folder / ODD)
    os.rename(folder / "bell" / "ax.wav", folder / "bell" / os.fsdecode(b"\xe4x.wav"))
    return folder


def check(data: Path) -> DataReport:
    return check_data(data, "", (), lambda message: None)


def test_what_is_not_unicode_is_shown_escaped_and_comes_back_whole() -> None:
    assert (shown(ODD), shown("Vögel"), is_unicode(ODD), is_unicode("Vögel")) == (r"cl\xe4ss", "Vögel", False, True)
    assert name_bytes(ODD) == b"cl\xe4ss"
    assert name_digest("Vögel") != name_digest(ODD) != name_digest("cl?ss")
    assert shown("\ud800x"), "half a character, as Windows allows"
    text = json_text({"path": ODD, "word": "Vögel"})
    assert "Vögel" in text
    assert json.loads(text.encode("utf-8")) == {"path": ODD, "word": "Vögel"}


@bytes_for_names
def test_folders_and_clips_with_odd_names_are_checked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = odd_folder(tmp_path / os.fsdecode(b"d\xe4ta"))
    (folder / "bell" / os.fsdecode(b"empt\xff.wav")).write_bytes(b"")
    report = DataReport.from_json(check(folder).to_json())
    assert [content.label for content in report.classes] == ["Bell", r"Cl\xe4ss", "Rain"]
    [unreadable] = [finding for finding in report.findings if finding.kind == "unreadable"]
    assert [os.fsencode(path) for path in unreadable.paths] == [os.fsencode(folder / "bell") + b"/empt\xff.wav"]
    assert main.main(["check", "--data", str(folder)]) == 1
    assert r"Cl\xe4ss" in capsys.readouterr().out


@bytes_for_names
def test_a_run_takes_odd_names_of_clips_classes_and_folders(tmp_path: Path) -> None:
    folder, out = odd_folder(tmp_path / os.fsdecode(b"d\xe4ta")), tmp_path / os.fsdecode(b"o\xfft")
    finished = run(folder, out, *PLAIN)[-1]
    assert isinstance(finished, TrainingFinished)
    config = load_checkpoint(Path(finished.checkpoint)).config
    assert [label.id for label in config.labels] == ["bell", r"cl\xe4ss", "rain"]
    report = EvaluationReport.load(Path(finished.report))
    assert all(os.path.isfile(clip.path) for clip in report.clips)
    assert run(folder, out, *PLAIN, resume=True)[-1] == finished, "the state was read back"


@bytes_for_names
def test_the_command_keeps_odd_names_in_its_files(tmp_path: Path) -> None:
    folder, out = odd_folder(tmp_path / os.fsdecode(b"d\xe4ta")), tmp_path / os.fsdecode(b"o\xfft")
    options = TrainOptions("esc50-scratch", folder, out, (*SMALL, *PLAIN), json=True)
    assert run_training(options) == 0
    assert read_description(out).data == str(folder)
    assert all(json.loads(line) for line in (out / "log.jsonl").read_text(encoding="utf-8").splitlines())


@bytes_for_names
def test_the_keys_of_odd_names_are_remembered(tmp_path: Path) -> None:
    paths = [str(tmp_path / name) for name in (ODD, "plain", "Vögel")]
    for path in paths:
        Path(path).write_bytes(os.fsencode(path))
    keys = {path: content_key(path) for path in paths}
    remembered = ClipKeys(tmp_path / "keys.sqlite")
    remembered.remember(keys.values())
    assert remembered.known(paths) == keys


def test_a_listed_name_that_is_too_long_is_a_clip_that_is_not_there(tmp_path: Path) -> None:
    for i in range(4):
        write(tmp_path / f"{i}.wav", take(i, 0.6))
    lines = ["path,label", *(f"{i}.wav,{'bell' if i % 2 else 'rain'}" for i in range(4)), f"{'x' * 300},bell"]
    listing = tmp_path / "list.csv"
    listing.write_text("\n".join(lines), encoding="utf-8")
    [missing] = [finding for finding in check(listing).findings if finding.kind == "missing"]
    assert "1 clip of the list is missing" in missing.text
    with pytest.raises(UserError, match="1 of 5 clips are missing"):
        read_manifest(listing)


@pytest.mark.parametrize(
    "words",
    [
        ["check", "--data", "x" * 300],
        ["check", "--data", ".", "--collection", f"{'x' * 300}.toml"],
        ["train", f"{'x' * 300}.toml", "--data", "."],
        ["train", "few-clips", "--data", ".", "--out", "x" * 300, "--resume"],
    ],
)
def test_names_too_long_on_the_command_line_are_reported_in_words(
    words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main.main(words) in (1, 2)
    assert capsys.readouterr().err


def test_a_model_name_that_is_too_long_is_no_model() -> None:
    with pytest.raises(UserError, match="no model"):
        find_weights("x" * 300)
