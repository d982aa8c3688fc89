"""Runs of a study: nothing runs twice, rows that need other rows' checkpoints, changes, failures, kills."""

from __future__ import annotations

import json
import math
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from core.errors import UserError
from rig.waiting import PATIENCE_S
from tests.training.study.study_bench import CHAIN, STUDY, Bench, another, clips_in
from training.study.ledger import Ledger, LedgerEntry, append_entry, read_ledger

pytestmark = pytest.mark.slow

REPOSITORY = Path(__file__).resolve().parents[3]


def test_what_a_row_needs_runs_before_it_on_the_same_fold(chain: Bench) -> None:
    assert chain.run() == 0
    begun = [line.removeprefix("begins ") for line in chain.trace if line.startswith("begins")]
    assert begun[:4] == ["teacher-fold1-seed1", "student-fold1-seed1", "plain-fold1-seed1", "grandchild-fold1-seed1"]
    assert chain.entry("student-fold1-seed1").start == "teacher-fold1-seed1", "the ledger knows what it began with"
    assert chain.begins_with("student-fold2-seed1") == ["teacher-fold2-seed1"]
    assert chain.begins_with("grandchild-fold1-seed1") == ["student-fold1-seed1"]
    assert chain.begins_with("plain-fold1-seed1") == []


def test_a_row_of_one_seed_runs_once_a_fold_and_all_seeds_begin_with_it(chain: Bench) -> None:
    text = CHAIN.replace("seeds = [1]", "seeds = [3, 4]").replace('name = "teacher"', 'name = "teacher"\nseed = 1')
    chain.study.write_text(text)
    assert chain.run() == 0
    begun = [line.removeprefix("begins ") for line in chain.trace if line.startswith("begins")]
    assert [name for name in begun if name.startswith("teacher")] == ["teacher-fold1-seed1", "teacher-fold2-seed1"]
    assert len(begun) == len(set(begun)) == 2 + 3 * 4
    assert chain.begins_with("student-fold2-seed4") == ["teacher-fold2-seed1"]
    assert chain.begins_with("grandchild-fold1-seed3") == ["student-fold1-seed3"]
    assert chain.run() == 0
    assert len([line for line in chain.trace if line.startswith("begins")]) == 14
    # What begins with every seed's own cannot be the one that all begin with.
    chain.study.write_text(text.replace('name = "grandchild"', 'name = "grandchild"\nseed = 3'))
    with pytest.raises(UserError, match="grandchild has one seed and uses cell:student"):
        chain.run()


def test_what_begins_with_a_failed_row_is_left_out_until_that_row_is_there(
    chain: Bench, capsys: pytest.CaptureFixture[str]
) -> None:
    (chain.folder / "fail-teacher-fold1-seed1").touch()
    assert chain.run() == 1
    assert "it needs teacher-fold1-seed1, which failed" in capsys.readouterr().err
    assert chain.ledger.newest("student-fold1-seed1") is None
    assert chain.ledger.newest("grandchild-fold2-seed1") is not None
    (chain.folder / "fail-teacher-fold1-seed1").unlink()
    assert chain.run() == 0
    assert (chain.runs_of("teacher-fold1-seed1"), chain.runs_of("plain-fold1-seed1")) == (2, 1)


def test_cells_of_a_given_ledger_are_not_run_again_and_new_ones_reach_both(
    chain: Bench, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    chain.study.write_text(STUDY)
    shared = tmp_path / "docs" / "results" / "rates.jsonl"
    (chain.folder / "fail-fast-fold2-seed1").touch()
    assert chain.run(ledger=shared) == 1
    assert [entry.cell for entry in read_ledger(shared).entries] == [
        *("slow-fold1-seed1", "fast-fold1-seed1", "slow-fold2-seed1")
    ]
    assert str(tmp_path) not in shared.read_text()
    other = another(chain, tmp_path / "other")
    capsys.readouterr()
    assert other.run(ledger=shared) == 0
    assert [line for line in other.trace if line.startswith("begins")] == ["begins fast-fold2-seed1"]
    assert [row["n_runs"] for row in json.loads(capsys.readouterr().out)["rows"]] == [2, 2]
    assert len(read_ledger(shared).entries) == 4
    assert len(other.ledger.entries) == 1
    assert another(chain, tmp_path / "third").run(ledger=shared) == 0
    assert not (tmp_path / "third" / "trace").exists()


def test_a_checkpoint_that_only_another_computer_has_is_made_again_where_it_is_needed(
    chain: Bench, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shared = tmp_path / "chain.jsonl"
    (chain.folder / "fail-grandchild-fold1-seed1").touch()
    chain.run(ledger=shared)
    n_known = len(read_ledger(shared).entries)
    other = another(chain, tmp_path / "other")
    capsys.readouterr()
    other.run(ledger=shared, dry_run=True)
    assert "to do: teacher-fold1-seed1" in capsys.readouterr().err
    assert other.run(ledger=shared) == 0
    begun = [line.removeprefix("begins ") for line in other.trace if line.startswith("begins")]
    assert begun == ["teacher-fold1-seed1", "student-fold1-seed1", "grandchild-fold1-seed1"]
    assert len(read_ledger(shared).entries) == n_known + 1  # what it knew is not noted twice
    assert other.run(ledger=shared) == 0
    assert len(other.trace) == 2 * 3


def test_rows_of_other_settings_in_a_given_ledger_do_not_count(chain: Bench, tmp_path: Path) -> None:
    chain.study.write_text(STUDY)
    shared = tmp_path / "rates.jsonl"
    append_entry(shared, LedgerEntry("slow-fold1-seed1", "of other settings", "finished", 1.0))
    assert chain.run(ledger=shared) == 0
    assert chain.runs_of("slow-fold1-seed1") == 1


def test_cells_on_other_clips_do_not_count_and_the_same_clips_elsewhere_do(
    chain: Bench, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    chain.study.write_text(STUDY)
    shared = tmp_path / "rates.jsonl"
    assert chain.run(ledger=shared, data=clips_in(tmp_path / "barks", "a.wav", "b.wav")) == 0
    elsewhere = another(chain, tmp_path / "elsewhere")
    assert elsewhere.run(ledger=shared, data=clips_in(elsewhere.folder / "moved", "b.wav", "a.wav")) == 0
    assert elsewhere.trace == []
    other, others = another(chain, tmp_path / "other"), clips_in(tmp_path / "more", "a.wav", "b.wav", "c.wav")
    capsys.readouterr()
    assert other.run(ledger=shared, data=others, dry_run=True) == 0
    said = capsys.readouterr()
    assert "to do: slow-fold1-seed1, it ran on other clips" in said.err
    assert json.loads(said.out)["rows"][0]["n_runs"] == 0
    assert other.run(ledger=shared, data=others) == 0
    assert other.runs_of("slow-fold1-seed1") == 1
    assert len(read_ledger(shared).entries) == 8


def test_a_run_on_clips_that_have_changed_since_is_kept_aside(
    chain: Bench, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    chain.study.write_text(STUDY)
    assert chain.run(data=clips_in(tmp_path / "barks", "a.wav")) == 0
    assert chain.run(data=clips_in(tmp_path / "barks", "a.wav", "b.wav")) == 0
    assert "its clips have changed" in capsys.readouterr().err
    assert chain.runs_of("slow-fold1-seed1") == 2
    [kept] = chain.out.glob("slow-fold1-seed1.*")
    assert (kept / "log.jsonl").is_file()


def test_entries_from_before_data_were_noted_count_for_any(chain: Bench, tmp_path: Path) -> None:
    chain.study.write_text(STUDY)
    shared = tmp_path / "rates.jsonl"
    chain.run(ledger=shared)
    lines = [json.loads(line) for line in shared.read_text().splitlines()]
    shared.write_text("".join(json.dumps({k: v for k, v in entry.items() if k != "data"}) + "\n" for entry in lines))
    other = another(chain, tmp_path / "other")
    assert other.run(ledger=shared, data=clips_in(tmp_path / "barks", "a.wav")) == 0
    assert other.trace == []


@pytest.mark.parametrize("content", ["", '{"dig', "[]", "{}"])
def test_a_damaged_mark_is_as_none(chain: Bench, content: str) -> None:
    chain.study.write_text(STUDY)
    (chain.folder / "fail-slow-fold1-seed1").touch()
    assert chain.run() == 1
    (chain.folder / "fail-slow-fold1-seed1").unlink()
    mark = chain.out / "slow-fold1-seed1" / "cell.json"
    mark.write_text(content)
    assert chain.run() == 0
    assert json.loads(mark.read_text())["digest"] == chain.entry("slow-fold1-seed1").digest


def test_it_runs_every_cell_once_and_sums_up(bench: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    assert bench.run() == 0
    table = json.loads(capsys.readouterr().out)
    slow, fast = table["rows"]
    assert slow["metric"] == "accuracy"
    assert slow["mean"] == pytest.approx(0.525)
    assert slow["deviation"] == pytest.approx(0.01 / math.sqrt(2))
    assert (slow["n_runs"], slow["n_wanted"], slow["seconds"], slow["paper"]) == (2, 2, 7.0, 0.9)
    assert fast["mean"] == pytest.approx(0.565)
    assert bench.entry("fast-fold2-seed1").commit == "abc"
    assert bench.run() == 0
    assert len(bench.trace) == 8


def test_a_changed_cell_is_done_again_and_the_others_are_not(bench: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    bench.run()
    bench.study.write_text(STUDY.replace("0.5 }", "0.6 }").replace('"Rates"', '"Other words"'))
    assert bench.run() == 0
    assert "settings have changed" in capsys.readouterr().err
    assert (bench.runs_of("slow-fold1-seed1"), bench.runs_of("fast-fold1-seed1")) == (1, 2)
    [kept] = bench.out.glob("fast-fold1-seed1.*")
    assert (kept / "log.jsonl").is_file()
    assert bench.entry("fast-fold1-seed1").metrics["accuracy"] == pytest.approx(0.57)


def test_a_failed_cell_is_noted_and_tried_again_next_time(bench: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    (bench.folder / "fail-slow-fold1-seed1").touch()
    assert bench.run() == 1
    rows = json.loads(capsys.readouterr().out)["rows"]
    assert [(row["n_runs"], row["n_failed"]) for row in rows] == [(1, 1), (2, 0)]
    assert bench.entry("slow-fold1-seed1").problem == "failed: The disk is full. Make room."
    (bench.folder / "fail-slow-fold1-seed1").unlink()
    assert bench.run() == 0
    assert len(bench.trace) == 2 * 5


@pytest.mark.skipif(sys.platform == "win32", reason="no file locks of this kind")
def test_killed_in_the_midst_the_next_call_waits_for_the_run_and_goes_on(bench: Bench) -> None:
    (bench.folder / "wait").touch()
    script = (
        "import sys; from pathlib import Path; from training.cli.study import *; folder = Path(sys.argv[1]);"
        "run_study(StudyOptions(str(folder / 'rates.toml'), folder, folder / 'out', as_json=True),"
        "(sys.executable, str(folder / 'train.py')))"
    )
    killed = subprocess.Popen([sys.executable, "-c", script, str(bench.folder)], cwd=REPOSITORY)
    deadline = time.monotonic() + PATIENCE_S
    while not bench.trace:
        assert time.monotonic() < deadline, "the first cell never began"
        time.sleep(0.02)
    os.kill(killed.pid, signal.SIGKILL)
    killed.wait()
    assert bench.ledger == Ledger()
    later = subprocess.Popen(
        [sys.executable, "-c", script, str(bench.folder)], cwd=REPOSITORY, stderr=subprocess.PIPE, text=True
    )
    assert later.stderr is not None
    assert "waiting for it to end" in later.stderr.readline()
    (bench.folder / "wait").unlink()
    later.communicate(timeout=PATIENCE_S)
    assert later.returncode == 0
    assert len(bench.ledger.entries) == 4
    # Never two at once: each run ends before another begins.
    assert [line.split()[0] for line in bench.trace] == ["begins", "ends"] * 5
