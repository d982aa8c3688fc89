"""A run's folder is found again: what it was asked, its messages, its results; damaged files are reported."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.errors import UserError
from core.model.checkpoints import checkpoint
from core.run import run_folder
from core.run.messages import TrainingEpoch, TrainingStep, to_line
from core.run.run_folder import (
    CHECKPOINT_NAME,
    LOG_NAME,
    REPORT_NAME,
    RUN_NAME,
    STATE_NAME,
    Results,
    RunDescription,
    find_results,
    has_state,
    read_description,
    read_log,
    write_description,
)

DESCRIPTION = RunDescription("few-clips", "/birds", ("init=starter", "epochs=2"))


def test_a_description_comes_back_as_it_was_written(tmp_path: Path) -> None:
    write_description(tmp_path, DESCRIPTION)
    assert read_description(tmp_path) == DESCRIPTION
    assert [path.name for path in tmp_path.iterdir()] == [RUN_NAME]


def test_the_description_of_an_earlier_version_is_read(tmp_path: Path) -> None:
    (tmp_path / RUN_NAME).write_text('{\n "recipe": "starter",\n "data": "/esc",\n "settings": [\n  "seed=1"\n ]\n}')
    assert read_description(tmp_path) == RunDescription("starter", "/esc", ("seed=1",))


@pytest.mark.parametrize("text", ["[]", "{}", "9" * 10_000, "[" * 100_000 + "]" * 100_000, '{"recipe": "starter"}'])
def test_a_damaged_description_is_reported(tmp_path: Path, text: str) -> None:
    (tmp_path / RUN_NAME).write_text(text)
    with pytest.raises(UserError, match="no training run") as caught:
        read_description(tmp_path)
    assert RUN_NAME in caught.value.remedy


def test_only_a_saved_state_can_be_resumed(tmp_path: Path) -> None:
    assert not has_state(tmp_path)
    (tmp_path / STATE_NAME).touch()
    assert has_state(tmp_path)


def test_the_log_is_read_past_lines_that_are_cut_short(tmp_path: Path) -> None:
    messages = [TrainingStep(1, 5, 10, 0.25, 1e-3, 20.0), TrainingEpoch(1, 2, 0.5, 12.0, 84.0, {"map": 0.75})]
    first, second = (to_line(message).encode() for message in messages)
    (tmp_path / LOG_NAME).write_bytes(first + b"\n" + first[:20] + b"\n\xff\n" + second + b"\n")
    assert list(read_log(tmp_path)) == messages
    assert list(read_log(tmp_path / "nowhere")) == []


def finish_run(folder: Path) -> None:
    """Leave behind what a finished run does."""
    (folder / CHECKPOINT_NAME).mkdir(parents=True)
    (folder / CHECKPOINT_NAME / checkpoint.WEIGHTS_NAME).write_bytes(b"weights")
    (folder / CHECKPOINT_NAME / REPORT_NAME).write_text("{}")
    write_description(folder, DESCRIPTION)


@pytest.mark.parametrize("chosen", [".", CHECKPOINT_NAME, f"{CHECKPOINT_NAME}/{REPORT_NAME}"])
def test_results_are_found_from_a_run_its_checkpoint_and_its_report(tmp_path: Path, chosen: str) -> None:
    run = tmp_path / "run"
    finish_run(run)
    model = run / CHECKPOINT_NAME
    assert find_results(run / chosen) == Results(model / REPORT_NAME, model, run, DESCRIPTION)


def test_results_need_no_readable_description(tmp_path: Path) -> None:
    finish_run(tmp_path)
    (tmp_path / RUN_NAME).write_text("{}")
    assert find_results(tmp_path).description is None
    (tmp_path / RUN_NAME).unlink()
    model = tmp_path / CHECKPOINT_NAME
    assert find_results(tmp_path) == Results(model / REPORT_NAME, model)


def test_a_folder_without_results_is_reported(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no results") as caught:
        find_results(tmp_path)
    assert REPORT_NAME in caught.value.remedy


def test_the_weights_are_called_as_a_checkpoint_calls_them() -> None:
    assert run_folder._WEIGHTS_NAME == checkpoint.WEIGHTS_NAME
