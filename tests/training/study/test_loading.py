"""Study files: the shipped ones are consistent, wrong ones are refused before anything runs."""

from __future__ import annotations

from dataclasses import replace

import pytest

from core.errors import UserError
from core.model.architecture import HybridConfig, TransformerConfig
from core.model.variants import find_variant
from tests.training.study.study_bench import STUDY, Bench
from training.study.loading import load_study, read_study_file, study_names
from training.study.merging_plan import is_merging


def test_a_study_that_makes_no_sense_is_refused_before_anything_runs(bench: Bench) -> None:
    for wrong, problem in (
        (STUDY.replace("learning_rate = 0.5", "learning_rate = 7"), "learning_rate to 7"),
        (STUDY.replace("learning_rate = 0.5", "speed = 1"), "sets speed"),
        (STUDY.replace('"fast"', '"slow"'), "two rows"),
        (STUDY.replace('title = "Rates"', ""), "is not a study"),
        ("title = ", "not valid TOML"),
    ):
        bench.study.write_text(wrong)
        with pytest.raises(UserError, match=problem):
            bench.run()
    assert bench.trace == []


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


def test_the_study_has_the_four_rows_of_the_paper() -> None:
    study = load_study("ham")
    assert [row.paper.value for row in study.rows if row.paper] == [0.9525, 0.9533, 0.9573, 0.9641]
    # The row `start` is the AST that all begin with.
    compared = [row for row in study.rows if row.seed is None]
    variants = [dict(item.split("=") for item in row.settings)["variant"] for row in compared]
    models = [find_variant(variant).model for variant in variants]
    hybrids = [model.hybrid for model in models if isinstance(model, TransformerConfig)]
    assert hybrids == [None, *(HybridConfig(n, True) for n in (0, 3, 6))]
    assert len({replace(model, hybrid=None) for model in models if isinstance(model, TransformerConfig)}) == 1
