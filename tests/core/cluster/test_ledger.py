"""A ledger that is cut off anywhere tells what was whole, and nothing else."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.cluster.ledger import commit_line, differences, first_line, part_name, part_number, read_ledger
from core.errors import UserError
from tests.core.cluster.made_jobs import job, result_of

SETTINGS = {"kind": "windows", "top_k": 5}
JOBS = [job(f"{place}.wav") for place in range(6)]
COMMITS = [(part_name(place + 1), [replace(result_of(one), n_rows=3)]) for place, one in enumerate(JOBS)]
LINES = [first_line(SETTINGS), *(commit_line(part, results) for part, results in COMMITS)]
TEXT = "".join(LINES)


@given(st.integers(0, len(TEXT)))
def test_cut_off_anywhere_the_whole_lines_count(length: int) -> None:
    ledger = read_ledger(TEXT[:length], "ledger")
    n_whole = TEXT[:length].count("\n")
    assert (ledger is None) == (n_whole == 0)
    if ledger is not None:
        assert [ledger.of(one) is not None for one in JOBS] == [place < n_whole - 1 for place in range(6)]
        assert ledger.parts() == {part for part, _ in COMMITS[: n_whole - 1]}


def test_names_of_any_bytes_come_back() -> None:
    odd = replace(JOBS[0], path="/archive/\udce4 “\n”.wav")
    ledger = read_ledger(LINES[0] + commit_line("", [result_of(odd)]), "ledger")
    assert ledger is not None
    placed = ledger.of(odd)
    assert placed is not None
    assert placed.result == result_of(odd)


def test_a_file_that_has_changed_is_not_done_and_its_newest_line_counts() -> None:
    changed = replace(JOBS[0], size=11)
    ledger = read_ledger(TEXT, "ledger")
    assert ledger is not None
    assert ledger.of(changed) is None
    ledger.commit(part_name(9), [replace(result_of(changed), n_rows=1)])
    assert ledger.of(JOBS[0]) is None
    placed = ledger.of(changed)
    assert placed is not None
    assert placed.part == part_name(9)
    assert ledger.n_parts == 9


@pytest.mark.parametrize(
    "text",
    ["nothing\n", "{}\n", "[]\n", '{"ledger": 2, "settings": {}}\n', LINES[0] + "half\n" + LINES[1], LINES[0] + "{}\n"],
)
def test_what_is_no_ledger_is_refused_by_name(text: str) -> None:
    with pytest.raises(UserError) as caught:
        read_ledger(text, "that file")
    assert caught.value.problem.startswith("that file")


def test_settings_that_differ_are_named() -> None:
    assert differences({"a": 1, "b": 2}, {"a": 1, "b": 3, "c": 4}) == ("b", "c")
    assert differences(SETTINGS, dict(SETTINGS)) == ()


@given(st.integers(1, 10**9))
def test_a_part_is_named_by_its_number(number: int) -> None:
    assert part_number(part_name(number)) == number


def test_other_names_are_no_parts() -> None:
    with pytest.raises(ValueError, match="part"):
        part_number("part-1.parquet")
