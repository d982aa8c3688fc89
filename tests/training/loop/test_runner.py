"""Whole runs lose nothing however they end, and go on as if they had not."""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
import threading
import time
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from core.errors import UserError
from core.inference.tagger import load_tagger
from core.run.messages import (
    TrainingFinished,
    TrainingMessage,
    TrainingPaused,
    TrainingStarted,
    TrainingStopped,
)
from core.run.run_folder import STATE_NAME
from rig.waiting import PATIENCE_S
from tests.training.runs import assert_same_run, run, small, write_clips
from training.batches.sampling import TrainingBatches
from training.data.run_data import load_run_data
from training.loop import runner, step_loss
from training.loop.control import RunControl
from training.loop.fabric import build_fabric
from training.loop.runner import train
from training.loop.training_run import TrainingRun

pytestmark = pytest.mark.slow

HERE = Path(__file__).parent
REPOSITORY = HERE.parents[2]


def test_killed_at_any_moment_it_goes_on_to_the_same_end(data: Path, tmp_path: Path) -> None:
    script = [sys.executable, str(HERE / "killed_run.py"), str(data), str(tmp_path), "10", "7"]
    settings = [
        "variant=nano-residual",
        "epochs=30",
        "save_every_s=0",
        "mixup=0.5",
        "patch_drop=0.2",
        "average_epochs=10,30",
        "evaluate_every=30",
    ]
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY), "OMP_NUM_THREADS": "1"}
    done = subprocess.run([*script, *settings], env=environment, capture_output=True, text=True, timeout=2 * PATIENCE_S)
    assert done.returncode == 0, done.stderr
    steps = [int(line) for line in done.stdout.split()]
    assert len(steps) == 10
    assert steps == sorted(steps)
    assert steps[-1] > 0
    assert len(set(steps)) > 3  # the kills did fall into different moments
    assert_same_run(tmp_path / "whole", tmp_path / "broken")
    assert not list((tmp_path / "broken").glob("*.new"))


def test_any_number_of_workers_makes_the_same_run(data: Path, tmp_path: Path) -> None:
    run(data, tmp_path / "none", "mixup=0.5")
    run(data, tmp_path / "two", "mixup=0.5", "workers=2")
    assert_same_run(tmp_path / "none", tmp_path / "two")


def test_another_recipe_does_not_go_on_in_an_old_folder(data: Path, tmp_path: Path) -> None:
    run(data, tmp_path, "epochs=1")
    with pytest.raises(UserError, match="holds a run already"):
        run(data, tmp_path, "epochs=1")
    with pytest.raises(UserError, match="another batch_size, epochs"):
        run(data, tmp_path, "epochs=2", "batch_size=4", resume=True)


def test_other_data_does_not_go_on_in_an_old_folder(data: Path, tmp_path: Path) -> None:
    run(data, tmp_path / "out", "epochs=1")
    with pytest.raises(UserError, match="another data"):
        run(write_clips(tmp_path / "other", 15), tmp_path / "out", "epochs=1", resume=True)


def test_words_for_the_card_may_change_when_a_run_goes_on(data: Path, tmp_path: Path) -> None:
    run(data, tmp_path, "epochs=1")
    finished = run(data, tmp_path, "epochs=1", "limits=None known.", "merge_r=8", "title=Renamed", resume=True)[-1]
    assert isinstance(finished, TrainingFinished)
    assert "None known." in (Path(finished.checkpoint) / "README.md").read_text()
    tagger = load_tagger(finished.checkpoint, device="cpu")
    assert tagger.name == "Renamed"
    assert tagger.merge.per_layer(2, 512) == (8, 8)


def test_a_loss_that_is_no_number_stops_the_run_names_the_clips_and_keeps_the_weights(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    original, calls = step_loss.summed_loss, []

    def bad_at_the_third_step(kind: str, logits: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        calls.append(kind)
        loss = original(kind, logits, targets)
        return loss * float("nan") if len(calls) > 2 else loss

    monkeypatch.setattr(step_loss, "summed_loss", bad_at_the_third_step)
    with pytest.raises(UserError, match=r"loss became nan at step 3, in a batch of (noise|tone)\d\.wav, ") as caught:
        run(data, tmp_path)
    assert "learning_rate=" in caught.value.remedy
    monkeypatch.undo()
    state = torch.load(tmp_path / STATE_NAME, weights_only=True)
    assert state["step"] == 2
    assert all(torch.isfinite(tensor).all() for tensor in state["model"].values())
    finished = run(data, tmp_path, "learning_rate=1e-4", resume=True)[-1]
    assert isinstance(finished, TrainingFinished)


@pytest.mark.parametrize("spoilt", ["loss", "gradient"])
def test_a_step_without_numbers_leaves_batch_norms_as_they_were(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, spoilt: str
) -> None:
    original, calls = step_loss.summed_loss, []

    def bad_at_the_third_step(kind: str, logits: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        calls.append(kind)
        if len(calls) > 2 and spoilt == "loss":
            logits = logits * torch.nan
        loss = original(kind, logits, targets)
        if len(calls) > 2 and spoilt == "gradient":
            loss = loss + (logits.sum() * 0).abs().sqrt()  # the root of 0 has an infinite slope
        return loss

    monkeypatch.setattr(step_loss, "summed_loss", bad_at_the_third_step)
    with pytest.raises(UserError, match="at step 3, in a batch of"):
        run(data, tmp_path, "variant=nano-residual", "clip_norm=0")
    monkeypatch.undo()
    state = torch.load(tmp_path / STATE_NAME, weights_only=True)
    assert state["step"] == 2
    for part in ("model", "average"):
        assert all(torch.isfinite(tensor.float()).all() for tensor in state[part].values())
    finished = run(data, tmp_path, "variant=nano-residual", "clip_norm=0", "learning_rate=1e-4", resume=True)[-1]
    assert isinstance(finished, TrainingFinished)


def test_a_relabelled_clip_is_other_data(tmp_path: Path) -> None:
    data = write_clips(tmp_path / "data")
    run(data, tmp_path / "out", "epochs=1")
    listed = (data / "manifest.csv").read_text()
    (data / "manifest.csv").write_text(listed.replace("noise/noise0.wav,noise", "noise/noise0.wav,tone"))
    with pytest.raises(UserError, match="another data"):
        run(data, tmp_path / "out", "epochs=1", resume=True)


def test_what_goes_wrong_in_a_worker_is_told_in_its_words(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(_batches: TrainingBatches, _place: object) -> None:
        raise UserError("tone3.wav is gone.", "Put it back.")

    monkeypatch.setattr(TrainingBatches, "__getitem__", gone)
    with pytest.raises(UserError, match=r"tone3\.wav is gone"):
        run(data, tmp_path, "workers=1")
    assert torch.load(tmp_path / STATE_NAME, weights_only=True)["step"] == 0


def test_a_shorter_run_shrinks_all_that_is_counted_in_epochs() -> None:
    config = small("epochs=20", "warmup_epochs=2", "ramp_epochs=10", "average_epochs=10,20", "decay_after=5,15")
    shorter = runner.with_epochs(config, 2)
    assert (shorter.optimisation.epochs, shorter.optimisation.warmup_epochs, shorter.augmentation.ramp_epochs) == (
        2,
        pytest.approx(0.2),
        1.0,
    )
    assert (shorter.optimisation.average_epochs, shorter.optimisation.decay_after) == ((1, 2), (1, 2))


def test_a_clip_deleted_under_the_run_does_no_harm(tmp_path: Path) -> None:
    data = write_clips(tmp_path / "data")
    deleted = data / "tone" / "tone1.wav"

    messages: list[TrainingMessage] = []

    def delete_at_the_first_step(message: TrainingMessage) -> None:
        messages.append(message)
        if isinstance(message, TrainingStarted):
            deleted.unlink()

    train(small(), data, tmp_path / "out", delete_at_the_first_step)
    assert isinstance(messages[-1], TrainingFinished)
    assert not deleted.exists()


def test_stop_leaves_a_checkpoint_and_the_run_goes_on_to_the_same_end(data: Path, tmp_path: Path) -> None:
    control = RunControl()
    control.request("stop")
    messages = run(data, tmp_path / "out", "epochs=2", control=control)
    stopped = messages[-1]
    assert isinstance(stopped, TrainingStopped)
    assert stopped.step == 1
    assert load_tagger(stopped.checkpoint, device="cpu").labels[0].id == "noise"
    assert "stopped after step 1 of 4" in (Path(stopped.checkpoint) / "README.md").read_text()
    assert isinstance(run(data, tmp_path / "out", "epochs=2", resume=True)[-1], TrainingFinished)
    run(data, tmp_path / "whole", "epochs=2")
    assert_same_run(tmp_path / "out", tmp_path / "whole")


def test_a_paused_run_waits_with_its_state_saved(data: Path, tmp_path: Path) -> None:
    control = RunControl()
    control.request("pause")
    messages: list[TrainingMessage] = []

    def resume_later(message: TrainingMessage) -> None:
        messages.append(message)
        if isinstance(message, TrainingPaused) and message.paused:
            assert (tmp_path / STATE_NAME).is_file()
            threading.Timer(0.3, control.request, ["resume"]).start()

    began = time.monotonic()
    train(small("epochs=1"), data, tmp_path, resume_later, control=control)
    assert time.monotonic() - began > 0.3
    assert [message.paused for message in messages if isinstance(message, TrainingPaused)] == [True, False]
    assert isinstance(messages[-1], TrainingFinished)


def test_a_time_budget_becomes_epochs_and_stays_so_when_the_run_goes_on(data: Path, tmp_path: Path) -> None:
    control = RunControl()
    control.request("stop")
    messages = run(data, tmp_path, "time_budget_min=0.05", "evaluate_every=99", control=control)
    n_epochs = next(message.n_epochs for message in messages if isinstance(message, TrainingStarted))
    assert n_epochs >= 1
    again = run(data, tmp_path, "time_budget_min=0.05", "evaluate_every=99", resume=True)
    assert next(message.n_epochs for message in again if isinstance(message, TrainingStarted)) == n_epochs
    assert isinstance(again[-1], TrainingFinished)


def test_epochs_within_a_budget_follow_the_speed(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two steps an epoch at half a second each: one minute, of which a tenth is kept back, holds 54 epochs."""
    config = small()
    of_two = TrainingRun(config, load_run_data(config, data, None, lambda _message: None), build_fabric(config))
    ticks = itertools.count(0.0, 0.5)
    monkeypatch.setattr(runner, "time", SimpleNamespace(monotonic=lambda: next(ticks)))
    assert runner.epochs_within(of_two, minutes=1.0) == 54
