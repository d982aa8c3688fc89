"""The table of a study: means, intervals, and differences between paired runs."""

from __future__ import annotations

import io
import json
import math

import pytest
from rich.console import Console

from core.errors import UserError
from tests.training.study.study_bench import STUDY, Bench
from training.study.ledger import Ledger, LedgerEntry
from training.study.loading import load_study
from training.study.plan import Cell
from training.study.table import Difference, as_table, mean_interval, outcomes


def test_a_row_can_show_another_figure_of_the_same_runs(bench: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    text = STUDY + '[[rows]]\nname = "slow, ranked"\nof = "slow"\nmetric = "map"\n'
    bench.study.write_text(text)
    assert bench.run() == 0
    assert len(bench.trace) == 8
    slow, _, shown = json.loads(capsys.readouterr().out)["rows"]
    assert (shown["row"], shown["metric"], shown["n_runs"], shown["n_wanted"]) == ("slow, ranked", "map", 2, 2)
    assert shown["mean"] == pytest.approx(slow["mean"] / 2)
    bench.study.write_text(text.replace('of = "slow"', 'of = "brisk"'))
    with pytest.raises(UserError, match="shows runs of brisk"):
        bench.run()
    bench.study.write_text(text + "seed = 1\n")
    with pytest.raises(UserError, match="no runs of its own"):
        bench.run()


def test_a_narrow_terminal_gets_whole_words_and_figures(
    bench: Bench, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "50")
    bench.study.write_text('base = "slow"\n' + STUDY.replace('name = "fast"', 'name = "fast, and more of it"'))
    assert bench.run(as_json=False) == 0
    table = capsys.readouterr().out
    assert "…" not in table
    assert all(words in table for words in ("fast, and more of it", "Accuracy", "0.5650 ±", "+0.0400", "0.9000"))


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
        tuple(LedgerEntry(cell.name, cell.digest, "finished", 1.0, metrics={"accuracy": 0.5}) for cell in study.cells())
    )
    assert [row.over_base for row in outcomes(study, ledger)] == [None, None]
