"""Rows of clips: folds are dealt evenly by whole groups, and groups that share a file become one."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.data.layouts.clip_rows import FOLDS, ClipRow, deal_folds, name_digest, united_by_file


@pytest.mark.slow
@given(st.lists(st.tuples(st.sampled_from("ab"), st.integers(0, 30)), min_size=1, max_size=80), st.randoms())
def test_dealt_folds_keep_groups_whole_and_know_no_order(pairs: list[tuple[str, int]], random) -> None:
    rows = [ClipRow(Path(f"{i}.wav"), (label,), group=f"{label}{group}") for i, (label, group) in enumerate(pairs)]
    dealt = deal_folds(rows)
    assert {row.fold for row in dealt} <= set(FOLDS)
    assert len({(row.group, row.fold) for row in dealt}) == len({row.group for row in rows})
    shuffled = random.sample(rows, len(rows))
    assert set(deal_folds(shuffled)) == set(dealt)


def test_dealt_folds_are_even_in_every_label() -> None:
    rows = [ClipRow(Path(f"{i}.wav"), (str(i % 4),)) for i in range(43)]
    by_label = Counter((row.labels, row.fold) for row in deal_folds(rows))
    assert set(by_label.values()) == {2, 3}
    assert max(Counter(row.fold for row in deal_folds(rows)).values()) == 9


def test_dealing_changes_nothing_but_the_fold() -> None:
    rows = [ClipRow(Path(f"{i}.wav"), ("dog",) if i else (), "old", f"g{i}", "CC0") for i in range(5)]
    dealt = deal_folds(rows)
    assert [(row.path, row.labels, row.group, row.licence) for row in dealt] == [
        (row.path, row.labels, row.group, row.licence) for row in rows
    ]
    assert sorted(row.fold for row in dealt) == list(FOLDS)


def test_groups_that_share_a_file_become_one() -> None:
    def row(file: str, group: str) -> ClipRow:
        return ClipRow(Path(file), ("x",), group=group)

    rows = [row("a", "g"), row("b", "h"), row("a", "h"), row("c", "i"), row("d", ""), row("d", "")]
    assert [united.group for united in united_by_file(rows)] == ["g", "g", "g", "i", "", ""]


def test_digests_of_names_are_the_same_everywhere_also_of_names_that_are_not_unicode() -> None:
    assert name_digest("dog/a.wav").startswith("9517c6dd4df58bb2")
    assert name_digest("ä") != name_digest("a")
    assert len(name_digest("caf\udce9.wav")) == 64
