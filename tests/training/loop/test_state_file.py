"""The state file: damaged ones are reported, and a full disk keeps the last one."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest
import torch

from core.errors import UserError
from core.run.run_folder import STATE_NAME
from tests.training.runs import assert_same_run, run
from training.loop import state_file

pytestmark = pytest.mark.slow


def test_a_damaged_state_is_told(data: Path, tmp_path: Path) -> None:
    run(data, tmp_path, "epochs=1")
    state = tmp_path / STATE_NAME
    state.write_bytes(state.read_bytes()[:5000])
    with pytest.raises(UserError, match="damaged"):
        run(data, tmp_path, "epochs=1", resume=True)


def test_a_full_disk_keeps_the_last_state(data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    saved, calls = torch.save, []

    def full_at_the_third(state: object, file: object) -> None:
        calls.append(state)
        if len(calls) > 2:
            raise OSError(errno.ENOSPC, "No space left on device")
        saved(state, file)  # pyright: ignore[reportArgumentType]

    monkeypatch.setattr(state_file.torch, "save", full_at_the_third)
    with pytest.raises(UserError, match=r"disk is full.* what was saved before is kept"):
        run(data, tmp_path, "epochs=3")
    monkeypatch.undo()
    assert torch.load(tmp_path / STATE_NAME, weights_only=True)["step"] == 2
    run(data, tmp_path, "epochs=3", resume=True)
    run(data, tmp_path / "whole", "epochs=3")
    assert_same_run(tmp_path, tmp_path / "whole")
