"""Studies of merging: schedules for any model, and files that are refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.errors import UserError
from core.model.architecture import ConvolutionConfig, TransformerConfig
from training.study.merging_plan import load_merging_study

STUDY = """
kind = "merging"
title = "Merging"
r = [0, 30, 60]
reference = { patches = 1212, depth = 12 }
forms = ["constant", "energy-decreasing"]
rounds = 2
batch = 2
"""
BASE = TransformerConfig(n_labels=527)


def test_the_study_that_ships_keeps_the_share_of_tokens_on_any_model() -> None:
    study = load_merging_study("fastast-r")
    words = list(study.schedules(BASE))
    assert words[:8] == ["off", "10", "20", "30", "40", "60", "80", "100"]
    assert words[8] == "decreasing:10"
    assert words[-1] == "energy-decreasing:100"
    assert len(words) == study.n_settings == 29
    short = TransformerConfig(n_labels=35, max_frames=128)  # 144 patches: a twelfth of r, and what falls together once
    assert list(study.schedules(short))[:5] == ["off", "1", "2", "4", "5"]
    with pytest.raises(UserError, match="no tokens to merge"):
        study.schedules(ConvolutionConfig(n_labels=3))


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [("[0, 30, 60]", "[]", "too small"), ("[0, 30, 60]", "[-1]", "too small"), ("patches = 1212, ", "", "KeyError"),
     ('"constant"', '"random"', "'random'"), ("rounds = 2", "rounds = 0", "too small"),
     ("rounds = 2", 'rounds = "x"', "not a study of merging")],
)  # fmt: skip
def test_files_that_make_no_sense_are_refused(tmp_path: Path, old: str, new: str, problem: str) -> None:
    study = tmp_path / "small.toml"
    study.write_text(STUDY.replace(old, new))
    with pytest.raises(UserError, match=problem):
        load_merging_study(str(study))
