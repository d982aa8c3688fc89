"""The plan of a run: its arguments, and reading it back from its folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.training.plan import read_plan
from core.errors import UserError
from core.run.run_folder import RUN_NAME, STATE_NAME
from tests.app.training_fakes import write_run


def test_a_run_is_resumed_as_it_was_started(tmp_path: Path) -> None:
    write_run(tmp_path)
    assert read_plan(tmp_path).arguments == [
        *("few-clips", "--data", "/birds", "--out", str(tmp_path), "--resume", "--control", "init=starter")
    ]
    for damaged in ("{}", "9" * 10_000, "[" * 100_000 + "]" * 100_000):
        (tmp_path / RUN_NAME).write_text(damaged)
        with pytest.raises(UserError, match=RUN_NAME):
            read_plan(tmp_path)
    (tmp_path / STATE_NAME).unlink()
    with pytest.raises(UserError, match=STATE_NAME):
        read_plan(tmp_path)
