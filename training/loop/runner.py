"""One run from its recipe to its checkpoint: set up, go on where it stopped, obey, publish. Knows no terminal."""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import torch

from core.errors import UserError
from core.run.messages import (
    TrainingEpoch,
    TrainingMessage,
    TrainingPaused,
    TrainingStarted,
    TrainingStep,
    TrainingStopped,
)
from core.run.run_folder import CHECKPOINT_NAME, STATE_NAME
from training.config.recipe import TrainConfig
from training.data.run_data import load_run_data
from training.loop.control import RunControl
from training.loop.fabric import build_fabric, sum_over_processes
from training.loop.final_evaluation import publish_finished, publish_stopped
from training.loop.state_file import read_state, remove_leftovers
from training.loop.training_run import TrainingRun
from training.model.initialisation import read_initial_checkpoint
from training.model.teachers import read_teachers

Report = Callable[[TrainingMessage], None]
_SECONDS_BETWEEN_REPORTS = 1.0
_TIMED_STEPS = 8
_BUDGET_SHARE = 0.9
"""Of a time budget, for the steps themselves; decoding, evaluation and publishing have the rest."""


def train(
    config: TrainConfig,
    data_folder: Path,
    out: Path,
    report: Report,
    *,
    control: RunControl | None = None,
    resume: bool = False,
) -> Path | None:
    """Run a recipe to its end; returns the checkpoint's folder, None when it was asked to stop. Raises UserError."""
    control = control or RunControl()
    fabric = build_fabric(config)
    tell: Report = report if fabric.is_global_zero else lambda _message: None
    out.mkdir(parents=True, exist_ok=True)
    path = out / STATE_NAME
    if os.path.isfile(path) and not resume:
        raise UserError(f"{out} holds a run already.", "Go on with it by --resume, or choose another --out.")
    initial_checkpoint = read_initial_checkpoint(config.start.init)
    teachers = read_teachers(config.optimisation.teacher)  # what cannot be read is told before minutes of decoding
    data = load_run_data(config, data_folder, initial_checkpoint.config.log_mel if initial_checkpoint else None, tell)
    state = read_state(path) if os.path.isfile(path) else None
    if state and config.optimisation.time_budget_min:
        config = config.with_settings(**{key: _plain(state["config"][key]) for key in COUNTED_IN_EPOCHS})
    run = TrainingRun(config, data, fabric, initial_checkpoint, teachers)
    if state:
        run.resume(state, path)
    elif config.optimisation.time_budget_min:
        config = with_epochs(config, epochs_within(run, config.optimisation.time_budget_min))
        del run  # two models and their teachers may be more than there is room for
        run = TrainingRun(config, data, fabric, initial_checkpoint, teachers)
    del initial_checkpoint, teachers
    _refuse_different_starts(run)
    if fabric.is_global_zero:
        remove_leftovers(out)
    n_clips, n_labels = len(data.train), len(data.manifest.labels)
    tell(
        TrainingStarted(
            config.name, str(out), str(fabric.device), n_clips, n_labels, run.config.optimisation.epochs, run.epoch
        )
    )
    with control.signals():
        if not state:
            run.save(path)  # from here on, whatever happens, there is something to go on from
        is_done = _run_to_end(run, path, tell, control)
        if is_done:
            finished = publish_finished(run, out)
            if finished:  # by the first process, which alone writes
                tell(finished)
        elif fabric.is_global_zero:
            tell(TrainingStopped(str(out), run.step, publish_stopped(run, out).checkpoint))
        # torchrun ends all when one has gone: none goes before the first has written.
        fabric.barrier()
    return out / CHECKPOINT_NAME if is_done else None


COUNTED_IN_EPOCHS = ("epochs", "warmup_epochs", "ramp_epochs", "decay_after", "average_epochs", "evaluate_every")


def with_epochs(config: TrainConfig, n_epochs: int) -> TrainConfig:
    """The recipe over another number of epochs, all that it counts in epochs stretched or shrunk alike."""
    share = n_epochs / config.optimisation.epochs
    return config.with_settings(
        epochs=n_epochs,
        warmup_epochs=config.optimisation.warmup_epochs * share,
        ramp_epochs=config.augmentation.ramp_epochs * share,
        decay_after=tuple(max(1, round(epoch * share)) for epoch in config.optimisation.decay_after),
        average_epochs=tuple(max(1, round(epoch * share)) for epoch in config.optimisation.average_epochs),
        evaluate_every=min(config.running.evaluate_every, n_epochs),
    )


def _plain(value: Any) -> Any:
    """A setting as a state file gives it back: lists for tuples."""
    return tuple(value) if isinstance(value, list) else value


def _refuse_different_starts(run: TrainingRun) -> None:
    """Machines that do not see the same output folder would go on from different steps."""
    [total] = sum_over_processes(run.fabric, (float(run.step),))
    if total != run.step * run.fabric.world_size:
        raise UserError(
            "The processes do not see the same run.", "Give all machines one shared folder with --out, and try again."
        )


def epochs_within(run: TrainingRun, minutes: float) -> int:
    """How many epochs fit into `minutes`, by timing a few steps; the run is spoilt by it and built anew."""
    seconds = []
    for index in range(min(_TIMED_STEPS, len(run.batches)) + 1):
        began = time.monotonic()
        batch = run.batches[1, index % len(run.batches)]
        run.train_step(batch)
        seconds.append(time.monotonic() - began)
    # The first step allocates and warms up; lengths differ, so the mean of the others.
    per_epoch = statistics.fmean(seconds[1:]) * len(run.batches)
    slowest = torch.tensor(per_epoch, dtype=torch.float64, device=run.fabric.device)
    per_epoch = float(run.fabric.all_reduce(slowest, reduce_op="max"))  # pyright: ignore[reportArgumentType]
    return max(1, int(minutes * 60 * _BUDGET_SHARE / per_epoch))


def _run_to_end(run: TrainingRun, path: Path, tell: Report, control: RunControl) -> bool:
    """False when somebody asked to stop; whatever happens, the state on disk is usable afterwards."""
    progress = _Progress(run, tell)
    last_saved = time.monotonic()
    is_whole = True  # between two steps, not in the middle of an epoch's end
    try:
        for batch in run.loader():
            stop = _handle_request(run, path, tell, control)
            loss, stopped = run.train_step(batch, stop)
            progress.step(loss)
            if run.step % len(run.batches) == 0:
                is_whole = False
                epoch_loss, metrics = run.end_epoch()
                run.save(path)
                is_whole, last_saved = True, time.monotonic()
                progress.epoch(epoch_loss, metrics)
            elif stopped or time.monotonic() - last_saved > run.config.running.save_every_s:
                run.save(path)
                last_saved = time.monotonic()
            if stopped and run.step < run.n_steps:
                return False
    except UserError:
        # A step that fails changes nothing: what was before it is worth keeping.
        if is_whole:
            with suppress(UserError):
                run.save(path)
        raise
    return True


def _handle_request(run: TrainingRun, path: Path, tell: Report, control: RunControl) -> bool:
    """Do what was asked for since the last step; True to stop after the next one."""
    request = control.poll()
    if request == "pause":
        run.save(path)
        tell(TrainingPaused(run.step, paused=True))
        while request == "pause":
            request = control.wait()
        tell(TrainingPaused(run.step, paused=False))
    return request == "stop"


class _Progress:
    """Says once a second how far the run is."""

    def __init__(self, run: TrainingRun, tell: Report) -> None:
        self._run, self._tell = run, tell
        self._began = self._told = self._epoch_began = time.monotonic()
        self._first_step = run.step
        self._step_told = run.step
        self._losses: list[float] = []

    def step(self, loss: float) -> None:
        self._losses = [*self._losses[-19:], loss]
        now, run = time.monotonic(), self._run
        if now - self._told < _SECONDS_BETWEEN_REPORTS and run.step < run.n_steps:
            return
        speed = (run.step - self._step_told) * run.config.optimisation.batch_size / max(1e-9, now - self._told)
        self._told, self._step_told = now, run.step
        epoch = (run.step - 1) // len(run.batches) + 1
        mean = statistics.fmean(self._losses)
        rate = run.rate_of(run.step - 1)
        self._tell(TrainingStep(epoch, run.step, run.n_steps, mean, rate, speed, self._seconds_left(now)))

    def epoch(self, loss: float, metrics: dict[str, float]) -> None:
        now, run = time.monotonic(), self._run
        epoch, seconds = run.step // len(run.batches), now - self._epoch_began
        self._epoch_began = now
        self._tell(
            TrainingEpoch(epoch, run.config.optimisation.epochs, loss, seconds, self._seconds_left(now), metrics)
        )

    def _seconds_left(self, now: float) -> float:
        """By the speed since this process began, evaluations and pauses counted in."""
        run = self._run
        return (now - self._began) / max(1, run.step - self._first_step) * (run.n_steps - run.step)
