"""`check` prints what is in the data and what is wrong with it, the verdict last."""

from __future__ import annotations

import argparse
import io
from pathlib import Path

import pytest
from rich.console import Console

from core.run.data_report import ClassContent, DataReport, Finding
from training.cli.check import CheckOptions, add_options, print_report

pytestmark = pytest.mark.slow

PATHS = tuple(f"/birds/{i}.wav" for i in range(7))
SILENT = Finding("silent", "warning", "7 clips are silent.", "Remove them.", PATHS)
EMPTY = Finding("empty_class", "error", "wren is empty.", "Fill it.")
NOTE = Finding("tiny_class", "note", "owl has 10 clips.", "More would help.")


def printed(*findings: Finding) -> str:
    classes = (ClassContent("owl", 10, 1.25),)
    report = DataReport("birds", "class folders", 10, 1.25, classes, (("1", 4), ("2", 6)), findings)
    file = io.StringIO()
    print_report(report, Console(file=file, width=200))
    return file.getvalue()


def test_the_head_counts_clips_and_folds() -> None:
    head = printed().splitlines()[0]
    assert all(text in head for text in ("birds", "class folders", "10 clips", "1: 4, 2: 6"))


def test_findings_have_their_remedy_and_their_first_clips() -> None:
    output = printed(SILENT)
    assert "warning: 7 clips are silent." in output
    assert "Remove them." in output
    assert [path for path in PATHS if path in output] == list(PATHS[:5])
    assert "2 more" in output


@pytest.mark.parametrize(
    ("findings", "counts", "can_train"),
    [
        ((EMPTY, SILENT, NOTE), "1 error, 1 warning, 1 note", False),
        ((SILENT, SILENT), "2 warnings", True),
    ],
)
def test_the_verdict_counts_by_severity(findings: tuple[Finding, ...], counts: str, can_train: bool) -> None:
    verdict = printed(*findings).splitlines()[-1]
    assert verdict.startswith(counts)
    assert ("cannot" not in verdict) is can_train


def test_options_become_the_recipe_that_is_checked_for(tmp_path: Path) -> None:
    parser = argparse.ArgumentParser()
    add_options(parser)
    namespace = parser.parse_args(["--data", "d", "--test-folds", "1, 2", "--recipe", "esc50-scratch"])
    assert (namespace.data, namespace.test_folds, namespace.settings) == (Path("d"), ("1", "2"), [])
    config = CheckOptions(tmp_path, test_folds=("2",), recipe="esc50-scratch", settings=("epochs=3",)).config()
    assert config is not None
    assert config.name == "esc50-scratch"
    assert CheckOptions(tmp_path).config() is None
