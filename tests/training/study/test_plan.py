"""The grid of a study: order of cells, what they need, and digests that follow the settings."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.errors import UserError
from tests.training.study.study_bench import CHAIN, OWN_RECIPE, Bench, digests
from training.study.loading import load_study


def test_several_teachers_and_a_file_among_them(chain: Bench) -> None:
    settings = 'teacher = ["cell:teacher", "/a/file", "cell:plain"]'
    chain.study.write_text(CHAIN.replace('init = "cell:teacher"', settings))
    [student] = [cell for cell in load_study(str(chain.study)).cells() if cell.name == "student-fold1-seed1"]
    assert student.settings_with(lambda cell: Path("/out") / cell.name)[-4:-2] == (
        "teacher=/out/teacher-fold1-seed1,/a/file,/out/plain-fold1-seed1",
        "learning_rate=0.2",
    )


def test_a_change_reaches_all_that_begin_with_it_and_a_new_name_nobody(chain: Bench) -> None:
    before = digests(chain)
    chain.study.write_text(CHAIN.replace("learning_rate = 0.4", "learning_rate = 0.5"))
    after = digests(chain)
    assert {name.partition("-")[0] for name in before if before[name] != after[name]} == {
        *("teacher", "student", "grandchild")
    }
    chain.study.write_text(CHAIN.replace("teacher", "elder"))
    assert digests(chain)["student-fold1-seed1"] == before["student-fold1-seed1"]
    chain.study.write_text(OWN_RECIPE)
    changed = digests(chain)
    assert [name for name in before if before[name] != changed[name]] == ["plain-fold1-seed1"]


def test_unknown_rows_and_circles_are_refused(chain: Bench) -> None:
    chain.study.write_text(CHAIN.replace("cell:student", "cell:nobody"))
    with pytest.raises(UserError, match="no row 'nobody'"):
        chain.run()
    chain.study.write_text(CHAIN.replace("learning_rate = 0.4", 'init = "cell:grandchild"'))
    with pytest.raises(UserError, match="student needs teacher needs grandchild needs student"):
        chain.run()
    chain.study.write_text(CHAIN.replace("epochs = 3,", 'epochs = 3, init = "cell:teacher",'))
    with pytest.raises(UserError, match="teacher needs teacher"):
        chain.run()
    assert chain.trace == []
