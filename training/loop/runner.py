"""Runs a recipe from its data to its checkpoint: sets up, resumes, handles requests, saves and publishes."""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import torch
from lightning_fabric import Fabric

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
from core.throttle import Throttle
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
"""Of a time budget, for the steps; the rest is for decoding, evaluation and publishing."""


def train(
    config: TrainConfig,
    data_folder: Path,
    out: Path,
    report: Report,
    *,
    control: RunControl | None = None,
    resume: bool = False,
) -> Path | None:
    """Run a recipe to its end; returns the checkpoint's folder, or None where it was stopped. Raises UserError."""
    control = control or RunControl()
    fabric = build_fabric(config)
    if not fabric.is_global_zero:
        report = _ignore
    out.mkdir(parents=True, exist_ok=True)
    path = out / STATE_NAME
    if os.path.isfile(path) and not resume:
        raise UserError(f"{out} holds a run already.", "Resume it with --resume, or choose another --out.")
    run = _set_up(config, data_folder, path, fabric, report)
    _refuse_different_starts(run)
    if fabric.is_global_zero:
        remove_leftovers(out)
    report(_started(run, out))
    with control.signals():
        if not os.path.isfile(path):
            run.save(path)  # from here on there is always a state to resume from
        is_done = _run_to_end(run, path, report, control)
        if is_done:
            finished = publish_finished(run, out)
            if finished:  # None in all processes but the first
                report(finished)
        elif fabric.is_global_zero:
            report(TrainingStopped(str(out), run.step, publish_stopped(run, out).checkpoint))
        # torchrun ends all processes when one exits: none may exit before the first has written.
        fabric.barrier()
    return out / CHECKPOINT_NAME if is_done else None


def _ignore(_message: TrainingMessage) -> None:
    """In place of `report` in all processes but the first."""


def _set_up(config: TrainConfig, data_folder: Path, path: Path, fabric: Fabric, report: Report) -> TrainingRun:
    """The run as its state file left it, or a new one, with as many epochs as its time budget allows."""
    initial_checkpoint = read_initial_checkpoint(config.start.init)
    teachers = read_teachers(config.optimisation.teacher)  # before minutes of decoding: it may not be readable
    front_end = initial_checkpoint.config.log_mel if initial_checkpoint else None
    learned_too = teachers.of_waveforms.labels if teachers.of_waveforms and config.scenes.teacher_labels else None
    data = load_run_data(config, data_folder, front_end, report, learned_too)
    state = read_state(path) if os.path.isfile(path) else None
    if state and config.optimisation.time_budget_min:
        config = config.with_settings(**{key: _plain(state["config"][key]) for key in COUNTED_IN_EPOCHS})
    run = TrainingRun(config, data, fabric, initial_checkpoint, teachers)
    if state:
        run.resume(state, path)
    elif config.optimisation.time_budget_min:
        config = with_epochs(config, epochs_within(run, config.optimisation.time_budget_min))
        del run  # two models and their teachers may not fit into memory
        run = TrainingRun(config, data, fabric, initial_checkpoint, teachers)
    return run


def _started(run: TrainingRun, out: Path) -> TrainingStarted:
    return TrainingStarted(
        recipe=run.config.name,
        out=str(out),
        device=str(run.fabric.device),
        n_clips=len(run.data.train),
        n_labels=len(run.data.manifest.labels),
        n_epochs=run.config.optimisation.epochs,
        first_epoch=run.epoch,
    )


COUNTED_IN_EPOCHS = ("epochs", "warmup_epochs", "ramp_epochs", "decay_after", "average_epochs", "evaluate_every")


def with_epochs(config: TrainConfig, n_epochs: int) -> TrainConfig:
    """The recipe with another number of epochs; everything that it counts in epochs is scaled alike."""
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
    """A setting read from a state file, where tuples have become lists."""
    return tuple(value) if isinstance(value, list) else value


def _refuse_different_starts(run: TrainingRun) -> None:
    """Raises UserError where processes resume from different steps, because they do not share the output folder."""
    [total] = sum_over_processes(run.fabric, (float(run.step),))
    if total != run.step * run.fabric.world_size:
        raise UserError(
            "The processes do not share the output folder.", "Give all machines one shared folder with --out."
        )


def epochs_within(run: TrainingRun, minutes: float) -> int:
    """How many epochs fit into `minutes`, by timing a few steps; they change the run, which must be built again."""
    seconds = []
    for index in range(min(_TIMED_STEPS, len(run.batches)) + 1):
        began = time.monotonic()
        batch = run.batches[1, index % len(run.batches)]
        run.train_step(batch)
        seconds.append(time.monotonic() - began)
    # Without the first step, which allocates memory; the mean of the others, because lengths differ.
    per_epoch = statistics.fmean(seconds[1:]) * len(run.batches)
    slowest = torch.tensor(per_epoch, dtype=torch.float64, device=run.fabric.device)
    per_epoch = float(run.fabric.all_reduce(slowest, reduce_op="max"))  # pyright: ignore[reportArgumentType]
    return max(1, int(minutes * 60 * _BUDGET_SHARE / per_epoch))


def _run_to_end(run: TrainingRun, path: Path, report: Report, control: RunControl) -> bool:
    """Train to the end; False where it was stopped. Whatever happens, the state on disk can be resumed afterwards."""
    progress = _Progress(run, report)
    last_saved = time.monotonic()
    is_consistent = True  # False while the end of an epoch is evaluated and saved
    try:
        for batch in run.loader():
            stop = _handle_request(run, path, report, control)
            loss, stopped = run.train_step(batch, stop)
            progress.step(loss)
            if run.step % len(run.batches) == 0:
                is_consistent = False
                epoch_loss, metrics = run.end_epoch()
                run.save(path)
                is_consistent, last_saved = True, time.monotonic()
                progress.epoch(epoch_loss, metrics)
            elif stopped or time.monotonic() - last_saved > run.config.running.save_every_s:
                run.save(path)
                last_saved = time.monotonic()
            if stopped and run.step < run.n_steps:
                return False
    except UserError:
        # A failed step changes nothing: the state before it is worth keeping.
        if is_consistent:
            with suppress(UserError):
                run.save(path)
        raise
    return True


def _handle_request(run: TrainingRun, path: Path, report: Report, control: RunControl) -> bool:
    """Handle the request since the last step; True to stop after the next one."""
    request = control.poll()
    if request == "pause":
        run.save(path)
        report(TrainingPaused(run.step, paused=True))
        while request == "pause":
            request = control.wait()
        report(TrainingPaused(run.step, paused=False))
    return request == "stop"


class _Progress:
    """Reports progress once a second, and the end of each epoch."""

    def __init__(self, run: TrainingRun, report: Report) -> None:
        self._run, self._report = run, report
        self._throttle = Throttle(_SECONDS_BETWEEN_REPORTS, is_due_at_once=False)
        self._began = self._epoch_began = time.monotonic()
        self._first_step = run.step
        self._last_reported_step = run.step
        self._losses: list[float] = []

    def step(self, loss: float) -> None:
        self._losses = [*self._losses[-19:], loss]
        now, run = time.monotonic(), self._run
        if not self._throttle.is_due() and run.step < run.n_steps:
            return
        n_clips = (run.step - self._last_reported_step) * run.config.optimisation.batch_size
        speed = n_clips / max(1e-9, self._throttle.elapsed_s())
        self._throttle.restart()
        self._last_reported_step = run.step
        epoch = (run.step - 1) // len(run.batches) + 1
        mean = statistics.fmean(self._losses)
        rate = run.rate_of(run.step - 1)
        self._report(TrainingStep(epoch, run.step, run.n_steps, mean, rate, speed, self._seconds_left(now)))

    def epoch(self, loss: float, metrics: dict[str, float]) -> None:
        now, run = time.monotonic(), self._run
        epoch, seconds = run.step // len(run.batches), now - self._epoch_began
        self._epoch_began = now
        n_epochs = run.config.optimisation.epochs
        self._report(TrainingEpoch(epoch, n_epochs, loss, seconds, self._seconds_left(now), metrics))

    def _seconds_left(self, now: float) -> float:
        """Estimated from the speed since this process began, evaluations and pauses included."""
        run = self._run
        return (now - self._began) / max(1, run.step - self._first_step) * (run.n_steps - run.step)
