"""A study does what is missing and nothing twice, survives whatever happens, and sums up what it has."""

from __future__ import annotations

import io
import json
import math
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from rich.console import Console

from core.errors import UsageError, UserError
from rig.waiting import PATIENCE_S
from tests.training.study.study_bench import STUDY, Bench
from training.cli.study import StudyOptions, run_study
from training.study.ledger import LEDGER_NAME, Ledger, LedgerEntry, append_entry, read_ledger
from training.study.loading import load_study, read_study_file, study_names
from training.study.merging_plan import is_merging
from training.study.plan import Cell
from training.study.table import Difference, as_table, mean_interval, outcomes

REPOSITORY = Path(__file__).resolve().parents[3]


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


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


def test_a_row_can_show_another_figure_of_the_same_runs(bench: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    text = STUDY + '[[rows]]\nname = "slow, ranked"\nof = "slow"\nmetric = "map"\n'
    bench.study.write_text(text)
    assert bench.run() == 0
    assert len(bench.trace) == 8
    slow, _, shown = json.loads(capsys.readouterr().out)["rows"]
    assert (shown["row"], shown["metric"], shown["n_runs"], shown["n_wanted"]) == ("slow, ranked", "map", 2, 2)
    assert shown["mean"] == pytest.approx(slow["mean"] / 2)
    bench.study.write_text(text.replace('of = "slow"', 'of = "brisk"'))
    with pytest.raises(UserError, match="brisk, a row that runs nothing"):
        bench.run()
    bench.study.write_text(text + "seed = 1\n")
    with pytest.raises(UserError, match="has none of its own"):
        bench.run()


def test_a_narrow_terminal_gets_whole_words_and_figures(
    bench: Bench, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "50")
    bench.study.write_text('base = "slow"\n' + STUDY.replace('name = "fast"', 'name = "fast, and more of it"'))
    assert bench.run(as_json=False) == 0
    table = capsys.readouterr().out
    assert "…" not in table
    assert all(one in table for one in ("fast, and more of it", "accuracy", "0.5650 ±", "+0.0400", "0.9000"))


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


def test_a_line_that_a_crash_cut_short_costs_that_line_only(tmp_path: Path) -> None:
    first, second = (LedgerEntry(name, "d", "finished", 1.0, metrics={"accuracy": 0.5}) for name in ("a", "b"))
    path = tmp_path / LEDGER_NAME
    append_entry(path, first)
    with open(path, "a") as ledger:
        ledger.write('{"cell": "cut", "dig')
    append_entry(path, second)
    assert read_ledger(path) == Ledger((first, second))


def test_a_dry_run_runs_nothing(bench: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    assert bench.run(dry_run=True, data=None, as_json=False) == 0
    said = capsys.readouterr()
    assert "4 of 4 cells are to do" in said.err
    assert "to do: slow-fold1-seed1 (esc50-scratch epochs=3 learning_rate=0.1 test_folds=1 seed=1)" in said.err
    assert "0 of 2" in said.out
    assert bench.trace == []


def test_the_data_are_remembered_and_stay_the_same(bench: Bench, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="No training data"):
        bench.run(data=None)
    bench.run()
    assert bench.run(data=None) == 0
    with pytest.raises(UserError, match="other data"):
        bench.run(data=tmp_path / "elsewhere")


@pytest.mark.parametrize("content", ["", '{"da', "[]", '{"data": 1}'])
def test_a_damaged_note_of_the_data_is_told_in_words(bench: Bench, content: str) -> None:
    bench.out.mkdir()
    (bench.out / "study.json").write_text(content)
    with pytest.raises(UserError, match=r"study\.json is damaged"):
        bench.run()
    (bench.out / "study.json").unlink()
    assert bench.run() == 0


def test_a_study_that_makes_no_sense_is_refused_before_anything_runs(bench: Bench) -> None:
    for wrong, problem in (
        (STUDY.replace("learning_rate = 0.5", "learning_rate = 7"), "contradicts itself"),
        (STUDY.replace("learning_rate = 0.5", "speed = 1"), "sets speed"),
        (STUDY.replace('"fast"', '"slow"'), "two rows"),
        (STUDY.replace('title = "Rates"', ""), "is not a study"),
        ("title = ", "not valid TOML"),
    ):
        bench.study.write_text(wrong)
        with pytest.raises(UserError, match=problem):
            bench.run()
    assert bench.trace == []


def test_the_interval_is_students(bench: Bench) -> None:
    # t(0.975) = 12.706 with one degree of freedom, 2.776 with four.
    assert mean_interval([0.4, 0.6]) == pytest.approx((0.5 - 12.706 * 0.1, 0.5 + 12.706 * 0.1), abs=1e-3)
    low, high = mean_interval([0.95, 0.9775, 0.9475, 0.97, 0.9425])
    assert (low + high) / 2 == pytest.approx(0.9575)
    assert high - low == pytest.approx(2 * 2.776 * 0.015309 / math.sqrt(5), abs=1e-4)
    study = load_study(str(bench.study))
    [cell, *_] = study.cells()
    alone = Ledger((LedgerEntry(cell.name, cell.digest, "finished", 1.0, metrics={"accuracy": 0.7}),))
    row = outcomes(study, alone)[0]
    assert (row.mean, row.deviation, row.interval) == (0.7, None, None)


def test_rows_are_compared_with_the_base_run_against_run(bench: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    bench.study.write_text('base = "slow"\n' + STUDY)
    study = load_study(str(bench.study))
    figures = {"slow": (0.5, 0.7), "fast": (0.52, 0.74)}
    entries = [
        LedgerEntry(
            cell.name, cell.digest, "finished", 1.0, metrics={"accuracy": figures[cell.row][int(cell.fold) - 1]}
        )
        for cell in study.cells()
    ]
    slow, fast = outcomes(study, Ledger(tuple(entries)))
    assert slow.over_base is None
    # Alone the rows' means are uncertain by 1.3 and 1.4; the two differences are 0.02 and 0.04.
    assert fast.over_base is not None
    assert fast.over_base.n_pairs == 2
    assert fast.over_base.mean == pytest.approx(0.03)
    assert fast.over_base.interval == pytest.approx((0.03 - 12.706 * 0.01, 0.03 + 12.706 * 0.01), abs=1e-4)
    of_one_fold = outcomes(study, Ledger(tuple(entries[:2])))[1].over_base
    assert of_one_fold is not None
    assert (of_one_fold.n_pairs, of_one_fold.interval) == (1, None)
    assert outcomes(study, Ledger(tuple(entries[1:2])))[1].over_base is None
    assert bench.run() == 0
    rows = json.loads(capsys.readouterr().out)["rows"]
    assert [row["over_base"] and row["over_base"]["n_pairs"] for row in rows] == [None, 2]
    bench.study.write_text('base = "brisk"\n' + STUDY)
    with pytest.raises(UserError, match="no row 'brisk'"):
        bench.run()


def test_runs_that_began_with_other_weights_are_no_pair(bench: Bench) -> None:
    text = 'base = "slow"\n' + STUDY.replace("epochs = 3", 'epochs = 3, init = "starter"')
    bench.study.write_text(text)
    study = load_study(str(bench.study))

    def difference(starts: dict[str, str]) -> Difference | None:
        of_study = load_study(str(bench.study))
        return outcomes(of_study, Ledger(tuple(ran(cell, starts[cell.row + cell.fold]) for cell in of_study.cells())))[
            1
        ].over_base

    def ran(cell: Cell, start: str) -> LedgerEntry:
        score = {"slow": 0.5, "fast": 0.6}[cell.row]
        return LedgerEntry(cell.name, cell.digest, "finished", 1.0, metrics={"accuracy": score}, start=start)

    same = difference({"slow1": "a", "fast1": "a", "slow2": "", "fast2": "a"})
    assert same is not None
    assert same.n_pairs == 2, "what is unknown counts"
    mixed = difference({"slow1": "a", "fast1": "b", "slow2": "a", "fast2": "a"})
    assert mixed is not None
    assert mixed.n_pairs == 1
    ledger = Ledger(tuple(ran(cell, cell.row if cell.fold == "1" else "a") for cell in study.cells()))
    said = io.StringIO()
    Console(file=said, width=200).print(as_table(study, outcomes(study, ledger)))
    assert "(1 of 2 runs)" in said.getvalue()
    assert difference({"slow1": "a", "fast1": "b", "slow2": "a", "fast2": "b"}) is None
    # Where a row is there to begin otherwise, other weights are what is compared.
    bench.study.write_text(text.replace("learning_rate = 0.5", 'learning_rate = 0.5, init = ""'))
    other = difference({"slow1": "a", "fast1": "b", "slow2": "a", "fast2": "b"})
    assert other is not None
    assert other.n_pairs == 2


def test_a_row_of_one_seed_is_no_part_of_the_comparison(bench: Bench) -> None:
    bench.study.write_text('base = "slow"\n' + STUDY.replace('name = "fast"', 'name = "fast"\nseed = 1'))
    study = load_study(str(bench.study))
    ledger = Ledger(
        tuple(LedgerEntry(one.name, one.digest, "finished", 1.0, metrics={"accuracy": 0.5}) for one in study.cells())
    )
    assert [row.over_base for row in outcomes(study, ledger)] == [None, None]


@pytest.mark.parametrize("name", [name for name in study_names() if not is_merging(read_study_file(name)[1])])
def test_what_ships_is_a_study(name: str) -> None:
    study = load_study(name)
    cells = list(study.cells())
    assert study.summary
    assert len({cell.name for cell in cells}) == len(cells)
    assert len({cell.digest for cell in cells}) == len(cells)


@pytest.mark.parametrize(
    ("study", "other", "rows"),
    [
        ("fastast", "ham", {"start": "start", "ast": "ast"}),
        ("fastast-small", "ham-small", {"start": "start", "ast": "ast"}),
        ("positions-tiny", "overlap", {"start": "start", "bilinear": "overlap-4"}),
    ],
)
def test_rows_that_studies_say_they_share_are_the_same_runs(study: str, other: str, rows: dict[str, str]) -> None:
    mine, theirs = (
        {(cell.row, cell.fold, cell.seed): cell.digest for cell in load_study(name).cells()} for name in (study, other)
    )
    mine = {(rows[row], fold, seed): digest for (row, fold, seed), digest in mine.items() if row in rows}
    shared = mine.keys() & theirs.keys()
    assert len(shared) == 4
    assert all(theirs[place] == mine[place] for place in shared)


def test_the_list_names_those_that_ship(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_study(StudyOptions(None, as_json=True)) == 0
    listed = {row["name"]: row["n_cells"] for row in json.loads(capsys.readouterr().out)}
    assert listed["esc50-folds"] == 5
    assert listed["stem"] == 6
    assert listed["fastast-r"] == 29
