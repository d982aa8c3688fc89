"""The ledger of a study: truncated lines, other files, which entry of a cell counts."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.errors import UserError
from tests.training.study.study_bench import Bench
from training.study.ledger import LEDGER_NAME, Ledger, LedgerEntry, append_entry, read_ledger


def test_a_line_that_a_crash_cut_short_costs_that_line_only(tmp_path: Path) -> None:
    first, second = (LedgerEntry(name, "d", "finished", 1.0, metrics={"accuracy": 0.5}) for name in ("a", "b"))
    path = tmp_path / LEDGER_NAME
    append_entry(path, first)
    with open(path, "a") as ledger:
        ledger.write('{"cell": "cut", "dig')
    append_entry(path, second)
    assert read_ledger(path) == Ledger((first, second))


def test_a_given_file_that_is_no_ledger_is_left_alone(chain: Bench, tmp_path: Path) -> None:
    notes = tmp_path / "notes.txt"
    notes.write_text("Milk\n")
    for dry_run in (True, False):
        with pytest.raises(UserError, match="is not the ledger of a study"):
            chain.run(ledger=notes, dry_run=dry_run)
    assert notes.read_text() == "Milk\n"
    with pytest.raises(UserError, match="cannot be"):
        chain.run(ledger=tmp_path)
    assert chain.trace == []


def test_a_finished_entry_counts_before_a_later_failure(tmp_path: Path) -> None:
    path = tmp_path / "l.jsonl"
    for state in ("finished", "failed"):
        append_entry(path, LedgerEntry("a", "d", state, 1.0))
    found = read_ledger(path).of("a", "d")
    assert found is not None
    assert found.state == "finished"
