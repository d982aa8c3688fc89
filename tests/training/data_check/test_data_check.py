"""Every fault of a folder is reported once, and a clean folder has none, on a terminal and for the window."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import main
from core.errors import UserError
from core.run.data_report import DataReport, Finding
from tests.training.data_check.recordings import RATE, hum, take, write
from training.data_check.data_check import check_data

pytestmark = pytest.mark.slow


def check(folder: Path, *test_folds: str) -> DataReport:
    return check_data(folder, "", test_folds, lambda message: None)


def clean_manifest(folder: Path, per_class: int = 10) -> list[str]:
    """Two classes of different takes in five folds; the lines of their manifest."""
    lines = ["path,label,fold_or_split,group"]
    for k, label in enumerate(("bell", "rain")):
        for i in range(per_class):
            write(folder / label / f"{label}{i}.wav", take(100 * k + i, seconds=1.0))
            lines.append(f"{label}/{label}{i}.wav,{label},{i % 5 + 1},{label}{i}")
    return lines


def found_in(report: DataReport) -> set[tuple[str, str, frozenset[str]]]:
    """Kind, severity and file names of every finding."""
    return {
        (finding.kind, finding.severity, frozenset(Path(path).name for path in finding.paths))
        for finding in report.findings
    }


@pytest.fixture
def write_list(tmp_path: Path) -> Callable[[list[str]], Path]:
    def write_lines(lines: list[str]) -> Path:
        (tmp_path / "manifest.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
        return tmp_path

    return write_lines


def test_clean_data_give_no_finding(tmp_path: Path, write_list: Callable[[list[str]], Path]) -> None:
    report = check(write_list(clean_manifest(tmp_path)))
    assert report.findings == ()
    assert report.can_train()
    assert [(row.label, row.n_clips) for row in report.classes] == [("Bell", 10), ("Rain", 10)]
    assert report.minutes == pytest.approx(20 / 60, abs=0.01)
    assert report.folds == tuple((str(fold), 4) for fold in range(1, 6))


def test_every_planted_fault_is_reported_once(tmp_path: Path, write_list: Callable[[list[str]], Path]) -> None:
    lines = clean_manifest(tmp_path)
    planted = {
        "silent.wav": np.zeros(RATE, np.float32),
        "short.wav": take(201, 0.5)[: RATE // 10],
        "nothing.wav": take(202, 0.5)[: RATE // 50],
        "clipped.wav": np.clip(30 * take(203, 1.0), -1, 1),
        "louder.wav": take(1, 1.0) * np.float32(1.5),  # bell1 is of fold 2
        "same.wav": take(102, 1.0),  # rain2 is of fold 3
        "wrong.wav": take(104, 1.0),  # rain4 is of fold 5
        "source_a.wav": take(204, 1.0),
        "source_b.wav": take(205, 1.0),
        "lone.wav": take(206, 1.0),
        "few_a.wav": take(207, 1.0),
        "few_b.wav": take(208, 1.0),
    }
    for name, sound in planted.items():
        write(tmp_path / name, sound)
    (tmp_path / "broken.wav").write_bytes(b"RIFF and nothing more")
    lines += [f"{name},bell,1," for name in ("silent.wav", "short.wav", "nothing.wav", "clipped.wav", "broken.wav")]
    lines += ["gone.wav,bell,1,", "gone_too.wav,rain,2,"]
    lines += ["louder.wav,bell,3,", "same.wav,rain,3,", "wrong.wav,bell,5,"]
    lines += ["source_a.wav,rain,1,walk", "source_b.wav,rain,4,walk"]
    lines += ["lone.wav,whale,1,", "few_a.wav,wolf,1,", "few_b.wav,wolf,2,"]

    report = check(write_list(lines))

    assert found_in(report) == {
        ("missing", "error", frozenset({"gone.wav", "gone_too.wav"})),
        ("unreadable", "error", frozenset({"broken.wav"})),
        ("short", "error", frozenset({"nothing.wav"})),
        ("short", "warning", frozenset({"short.wav"})),
        ("silent", "warning", frozenset({"silent.wav"})),
        ("clipped", "warning", frozenset({"clipped.wav"})),
        ("near_duplicate", "warning", frozenset({"bell1.wav", "louder.wav"})),
        ("duplicate", "warning", frozenset({"rain2.wav", "same.wav"})),
        ("duplicate", "warning", frozenset({"rain4.wav", "wrong.wav"})),
        ("shared_source", "warning", frozenset({"source_a.wav", "source_b.wav"})),
        ("tiny_class", "error", frozenset()),
        ("tiny_class", "warning", frozenset()),
    }
    assert not report.can_train()
    assert [finding.severity for finding in report.findings] == sorted(finding.severity for finding in report.findings)
    of = {next(iter(sorted(Path(path).name for path in found.paths)), found.text): found for found in report.findings}
    assert "in different folds" in of["bell1.wav"].text
    assert "different labels" in of["rain4.wav"].text
    assert "twice" in of["rain2.wav"].remedy
    assert "walk (folds 1, 4)" in of["source_a.wav"].text
    assert any("Whale" in text for text in of)
    assert any("Wolf (2)" in text for text in of)


def test_only_what_lies_on_both_sides_of_the_wanted_split_leaks(
    tmp_path: Path, write_list: Callable[[list[str]], Path]
) -> None:
    lines = [*clean_manifest(tmp_path), "copy.wav,bell,2,", "part.wav,rain,5,rain1"]
    write(tmp_path / "copy.wav", take(0, 1.0))  # bell0 is of fold 1
    write(tmp_path / "part.wav", take(301, 1.0))  # rain1 is of fold 2
    folder = write_list(lines)

    def of(kind: str, *test_folds: str) -> list[Finding]:
        return [finding for finding in check(folder, *test_folds).findings if finding.kind == kind]

    assert "on both sides" in of("duplicate", "1")[0].text
    assert "on both sides" not in of("duplicate", "3")[0].text
    assert len(of("shared_source", "5")) == 1
    assert of("shared_source", "1") == []
    with pytest.raises(UserError, match="no fold 9"):
        check(folder, "9")


def test_duplicates_of_one_group_are_no_leak_for_the_split_keeps_them_together(
    tmp_path: Path, write_list: Callable[[list[str]], Path]
) -> None:
    lines = [*clean_manifest(tmp_path), "copy.wav,bell,2,bell0"]
    write(tmp_path / "copy.wav", take(0, 1.0))
    (found,) = [finding for finding in check(write_list(lines)).findings if finding.kind == "duplicate"]
    assert "different folds" not in found.text


def test_many_duplicates_of_one_kind_share_a_finding(tmp_path: Path, write_list: Callable[[list[str]], Path]) -> None:
    lines = clean_manifest(tmp_path, per_class=15)
    for label in ("bell", "rain"):
        for i in range(15):
            (tmp_path / f"{label}{i}.wav").write_bytes((tmp_path / label / f"{label}{i}.wav").read_bytes())
            lines.append(f"{label}{i}.wav,{label},{i % 5 + 1},{label}{i}")
    found = [finding for finding in check(write_list(lines)).findings if finding.kind == "duplicate"]
    assert [len(finding.paths) for finding in found] == [2] * 20 + [20]
    assert "10 more sounds" in found[-1].text


def test_class_folders_without_clips_are_reported(tmp_path: Path) -> None:
    for k, label in enumerate(("bell", "rain")):
        for i in range(10):
            write(tmp_path / label / f"{chr(97 + i)}x.wav", take(10 * k + i, 0.6) if k else hum(i, 0.6))
    (tmp_path / "thunder").mkdir()
    report = check(tmp_path)
    assert [(finding.kind, finding.severity) for finding in report.findings] == [("empty_class", "warning")]
    assert "thunder" in report.findings[0].text


def test_the_window_gets_one_object_and_the_terminal_words(
    tmp_path: Path, write_list: Callable[[list[str]], Path], capsys: pytest.CaptureFixture[str]
) -> None:
    folder = write_list([*clean_manifest(tmp_path, 2), "gone.wav,bell,1,"])
    assert main.main(["check", "--data", str(folder), "--json"]) == 0
    printed = capsys.readouterr()
    report = DataReport.from_json(printed.out)
    assert json.loads(printed.out)["n_clips"] == report.n_clips == 4
    assert all(Path(path).is_absolute() for finding in report.findings for path in finding.paths)

    assert main.main(["check", "--data", str(folder), "--test-folds", "1,2"]) == 1
    words = capsys.readouterr().out
    assert "gone.wav" in words
    assert "2 errors" in words
    assert "list" in words

    assert main.main(["check", "--data", str(tmp_path / "nowhere")]) == 1
    assert "no data folder" in capsys.readouterr().err
