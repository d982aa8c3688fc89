"""Whole runs: they learn, lose nothing however they end, and leave a checkpoint that the tagger takes."""

from __future__ import annotations

import errno
import itertools
import os
import subprocess
import sys
import threading
import time
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import soundfile
import torch

from core.errors import UserError
from core.inference.file_tagging import tag_file
from core.inference.tagger import load_tagger
from core.model.checkpoint import load_checkpoint
from core.training_messages import (
    Command,
    TrainingEpoch,
    TrainingFinished,
    TrainingMessage,
    TrainingPaused,
    TrainingStarted,
    TrainingStep,
    TrainingStopped,
)
from training import loop, run_state, runner
from training.control import Control
from training.engine import build_fabric
from training.loop import TrainingRun
from training.run_data import load_run_data
from training.run_state import STATE_NAME
from training.runner import train

from .runs import PLAIN, run, small, write_clips

HERE = Path(__file__).parent
REPOSITORY = HERE.parents[1]


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_clips(tmp_path_factory.mktemp("clips") / "sounds")


def averages(out: Path) -> dict[str, torch.Tensor]:
    return torch.load(out / STATE_NAME, weights_only=True)["average"]


def assert_same_run(one: Path, other: Path) -> None:
    ours, theirs = (torch.load(out / STATE_NAME, weights_only=True) for out in (one, other))
    assert ours["step"] == theirs["step"]
    for part in ("model", "average"):
        assert all(torch.equal(ours[part][name], theirs[part][name]) for name in ours[part])


def test_it_learns_and_the_tagger_takes_what_it_wrote(data: Path, tmp_path: Path) -> None:
    messages = run(data, tmp_path / "out", *PLAIN, "epochs=8", "warmup_epochs=1")
    started, finished = next(one for one in messages if isinstance(one, TrainingStarted)), messages[-1]
    assert (started.n_clips, started.n_labels, started.first_epoch) == (16, 2, 1)
    assert isinstance(finished, TrainingFinished)
    assert finished.metrics["accuracy"] == 1.0
    epochs = [message for message in messages if isinstance(message, TrainingEpoch)]
    assert [message.epoch for message in epochs] == list(range(1, 9))
    assert epochs[-1].loss < epochs[0].loss

    tagger = load_tagger(finished.checkpoint, device="cpu")
    assert [label.id for label in tagger.labels] == ["noise", "tone"]
    [scores] = tag_file(data / "tone" / "tone0.wav", tagger)
    assert scores.probabilities[1] > scores.probabilities[0]


def test_twenty_clips_can_be_learned_by_heart(tmp_path: Path) -> None:
    """Twenty tones with labels dealt at random: a loop that loses gradients or mixes up targets stays at chance."""
    labels = "aabbbabaabbabaabbaba"
    (tmp_path / "data").mkdir()
    for i in range(len(labels)):
        tone = 0.2 * np.sin(2 * np.pi * 150 * 1.2**i * np.arange(8_000) / 16_000)
        soundfile.write(tmp_path / "data" / f"{i:02}.wav", tone, 16_000)
    lines = [f"{i:02}.wav,{label},all" for i, label in enumerate(labels)]
    (tmp_path / "data" / "manifest.csv").write_text("path,label,fold_or_split\n" + "\n".join(lines) + "\n")
    settings = ("test_folds=", "epochs=100", "batch_size=10", "evaluate_every=100")
    finished = run(tmp_path / "data", tmp_path / "out", *PLAIN, *settings, "save_every_s=999")[-1]
    assert isinstance(finished, TrainingFinished)
    assert finished.report == ""  # nothing was held out, so nothing is claimed
    tagger = load_tagger(finished.checkpoint, device="cpu")
    clips = (next(tag_file(tmp_path / "data" / f"{i:02}.wav", tagger)) for i in range(20))
    assert "".join("ab"[int(scores.probabilities.argmax())] for scores in clips) == labels


def test_the_first_ten_losses_are_these(data: Path) -> None:
    """Of a fixed seed. Whoever changes them on purpose changes what every recipe does, and says so."""
    config = small("epochs=5", "mixup=0.5", "gain_db=20", "noise_db=60", "time_masks=10", "patch_drop=0")
    of_ten = TrainingRun(config, load_run_data(config, data, None, lambda _message: None), build_fabric(config))
    losses = [of_ten.train_step(batch)[0] for batch in of_ten.loader()]
    assert losses == pytest.approx(FIRST_TEN_LOSSES, rel=1e-3)


FIRST_TEN_LOSSES = [1.711594, 1.209255, 1.520837, 1.239213, 1.217648, 1.15516, 1.161004, 1.224948, 1.437515, 1.46789]


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
    environment = {**os.environ, "PYTHONPATH": f"{REPOSITORY}:{HERE}", "OMP_NUM_THREADS": "1"}
    done = subprocess.run([*script, *settings], env=environment, capture_output=True, text=True, timeout=110)
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


def test_accumulated_parts_make_the_same_step(data: Path, tmp_path: Path) -> None:
    settings = (*PLAIN, "epochs=3", "optimiser=adam", "betas=0.9,0.999", "weight_decay=0")
    whole, parts = run(data, tmp_path / "1", *settings), run(data, tmp_path / "4", *settings, "accumulate=4")
    losses = [[one.loss for one in messages if isinstance(one, TrainingEpoch)] for messages in (whole, parts)]
    assert losses[0] == pytest.approx(losses[1], abs=1e-4)


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
    assert tagger.merge is not None
    assert tagger.merge.per_layer(2, 512) == (8, 8)


def test_a_damaged_state_is_told(data: Path, tmp_path: Path) -> None:
    run(data, tmp_path, "epochs=1")
    state = tmp_path / STATE_NAME
    state.write_bytes(state.read_bytes()[:5000])
    with pytest.raises(UserError, match="damaged"):
        run(data, tmp_path, "epochs=1", resume=True)


def test_a_loss_that_is_no_number_stops_the_run_names_the_clips_and_keeps_the_weights(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    original, calls = loop.summed_loss, []

    def bad_at_the_third_step(kind: str, logits: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        calls.append(kind)
        loss = original(kind, logits, targets)
        return loss * float("nan") if len(calls) > 2 else loss

    monkeypatch.setattr(loop, "summed_loss", bad_at_the_third_step)
    with pytest.raises(UserError, match=r"loss became nan at step 3, in a batch of (noise|tone)\d\.wav, ") as caught:
        run(data, tmp_path)
    assert "learning_rate=" in caught.value.remedy
    monkeypatch.undo()
    state = torch.load(tmp_path / STATE_NAME, weights_only=True)
    assert state["step"] == 2
    assert all(torch.isfinite(tensor).all() for tensor in state["model"].values())
    finished = run(data, tmp_path, "learning_rate=1e-4", resume=True)[-1]
    assert isinstance(finished, TrainingFinished)


def test_a_full_disk_keeps_the_last_state(data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    saved, calls = torch.save, []

    def full_at_the_second(state: object, file: object) -> None:
        calls.append(state)
        if len(calls) > 1:
            raise OSError(errno.ENOSPC, "No space left on device")
        saved(state, file)  # pyright: ignore[reportArgumentType]

    monkeypatch.setattr(run_state.torch, "save", full_at_the_second)
    with pytest.raises(UserError, match=r"disk is full.* what was saved before is kept"):
        run(data, tmp_path, "epochs=3")
    monkeypatch.undo()
    assert torch.load(tmp_path / STATE_NAME, weights_only=True)["step"] == 2
    run(data, tmp_path, "epochs=3", resume=True)
    run(data, tmp_path / "whole", "epochs=3")
    assert_same_run(tmp_path, tmp_path / "whole")


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
    control = Control()
    control.wish("stop")
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
    control = Control()
    control.wish("pause")
    messages: list[TrainingMessage] = []

    def resume_later(message: TrainingMessage) -> None:
        messages.append(message)
        if isinstance(message, TrainingPaused) and message.paused:
            assert (tmp_path / STATE_NAME).is_file()
            threading.Timer(0.3, control.wish, ["resume"]).start()

    began = time.monotonic()
    train(small("epochs=1"), data, tmp_path, resume_later, control=control)
    assert time.monotonic() - began > 0.3
    assert [one.paused for one in messages if isinstance(one, TrainingPaused)] == [True, False]
    assert isinstance(messages[-1], TrainingFinished)


def test_a_time_budget_becomes_epochs_and_stays_so_when_the_run_goes_on(data: Path, tmp_path: Path) -> None:
    control = Control()
    control.wish("stop")
    messages = run(data, tmp_path, "time_budget_min=0.05", "evaluate_every=99", control=control)
    n_epochs = next(one.n_epochs for one in messages if isinstance(one, TrainingStarted))
    assert n_epochs >= 1
    again = run(data, tmp_path, "time_budget_min=0.05", "evaluate_every=99", resume=True)
    assert next(one.n_epochs for one in again if isinstance(one, TrainingStarted)) == n_epochs
    assert isinstance(again[-1], TrainingFinished)


def test_epochs_within_a_budget_follow_the_speed(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two steps an epoch at half a second each: one minute, of which a tenth is kept back, holds 54 epochs."""
    config = small()
    of_two = TrainingRun(config, load_run_data(config, data, None, lambda _message: None), build_fabric(config))
    ticks = itertools.count(0.0, 0.5)
    monkeypatch.setattr(runner, "time", SimpleNamespace(monotonic=lambda: next(ticks)))
    assert runner.epochs_within(of_two, minutes=1.0) == 54


def test_a_run_may_start_from_a_checkpoint(data: Path, tmp_path: Path) -> None:
    first = run(data, tmp_path / "first", "epochs=1")[-1]
    assert isinstance(first, TrainingFinished)
    second = run(data, tmp_path / "second", "epochs=1", f"init={first.checkpoint}", "learning_rate=1e-9")[-1]
    assert isinstance(second, TrainingFinished)
    before, after = (load_checkpoint(Path(one.checkpoint)).weights["mlp_head.1.weight"] for one in (first, second))
    torch.testing.assert_close(before, after, atol=1e-3, rtol=0)
    card = (Path(second.checkpoint) / "README.md").read_text()
    assert str(tmp_path) not in card + (Path(second.checkpoint) / "config.json").read_text()
    with pytest.raises(UserError, match="another architecture"):
        run(data, tmp_path / "third", "epochs=1", f"init={first.checkpoint}", "variant=nano-residual")


def test_validation_clips_choose_the_epoch_and_the_thresholds(data: Path, tmp_path: Path) -> None:
    settings = ("validation_folds=4", "select=best", "epochs=4")
    messages = run(data, tmp_path, *PLAIN, *settings)
    metrics = [one.metrics["map"] for one in messages if isinstance(one, TrainingEpoch)]
    state = torch.load(tmp_path / STATE_NAME, weights_only=True)
    assert state["best"]["score"] == max(metrics)
    assert state["best"]["epoch"] == metrics.index(max(metrics)) + 1
    finished = messages[-1]
    assert isinstance(finished, TrainingFinished)
    assert load_checkpoint(Path(finished.checkpoint)).config.provenance["thresholds_from"] == "validation"


def test_the_ensemble_of_all_epochs_so_far_is_reported_and_survives_a_stop(data: Path, tmp_path: Path) -> None:
    def ensembles(messages: list[TrainingMessage]) -> list[float | None]:
        return [one.metrics.get("map_of_epochs") for one in messages if isinstance(one, TrainingEpoch)]

    whole = ensembles(run(data, tmp_path / "whole", "epochs=3"))
    assert whole[0] is None  # of one epoch there is no ensemble
    assert all(value is not None for value in whole[1:])
    run(data, tmp_path / "parts", "epochs=3", control=StopAt(3))
    assert ensembles(run(data, tmp_path / "parts", "epochs=3", resume=True)) == whole[1:]


class StopAt(Control):
    """Asks to stop before a step."""

    def __init__(self, step: int) -> None:
        super().__init__()
        self._left = step

    def poll(self) -> Command | None:
        self._left -= 1
        return "stop" if self._left == 0 else None


def test_cross_entropy_trains_too(data: Path, tmp_path: Path) -> None:
    finished = run(data, tmp_path, "loss=ce", "background=0", "overlay=0", "epochs=1", "mixup=1")[-1]
    assert isinstance(finished, TrainingFinished)
    [scores] = tag_file(data / "tone" / "tone0.wav", load_tagger(finished.checkpoint, device="cpu"))
    assert scores.probabilities.sum() == pytest.approx(1.0, abs=1e-5)  # softmax, as it was trained


def test_cross_entropy_refuses_windows_of_two_clips(data: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="join two clips"):
        run(data, tmp_path, "loss=ce", "background=0", "lengths_s=2.5")


def test_merging_takes_part_in_training(data: Path, tmp_path: Path) -> None:
    plain, merged = (run(data, tmp_path / r, *PLAIN, f"merge_r_training={r}", "epochs=1") for r in ("0", "64"))
    losses = [[one.loss for one in messages if isinstance(one, TrainingStep)] for messages in (plain, merged)]
    assert losses[0] != losses[1]
    assert losses[0] == pytest.approx(losses[1], rel=0.5)
