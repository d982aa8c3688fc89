"""`soundmark study`: a dry run, the list of studies, and options that do not fit the kind of study."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import main
from tests.training.study.study_bench import Bench
from training.cli.study import StudyOptions, run_study

pytestmark = pytest.mark.slow


def test_a_dry_run_runs_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bench = Bench(tmp_path)
    assert bench.run(dry_run=True, data=None, as_json=False) == 0
    said = capsys.readouterr()
    assert "4 of 4 cells" in said.err
    assert "to do: slow-fold1-seed1 (esc50-scratch epochs=3 learning_rate=0.1 test_folds=1 seed=1)" in said.err
    assert "0 of 2" in said.out
    assert bench.trace == []


def test_the_list_names_those_that_ship(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_study(StudyOptions(None, as_json=True)) == 0
    listed = {row["name"]: row["n_cells"] for row in json.loads(capsys.readouterr().out)}
    assert listed["esc50-folds"] == 5
    assert listed["stem"] == 6
    assert listed["fastast-r"] == 29


def test_options_of_one_kind_are_refused_by_the_other(capsys: pytest.CaptureFixture[str]) -> None:
    assert main.main(["study", "stem", "--data", ".", "--fold", "1"]) == 2
    assert "--model, --fold and --device" in capsys.readouterr().err
    assert main.main(["study", "fastast-r", "--dry-run", "--out", "nowhere"]) == 2
    assert "No training data" in capsys.readouterr().err
