"""Evaluates the model of a finished or stopped run and publishes it."""

from __future__ import annotations

from pathlib import Path

import torch

from core.model.networks.build import Network
from core.run.messages import TrainingFinished
from training.data.clip_frames import ClipFrames
from training.data.manifest import LabelledClip
from training.evaluation.frame_head_report import frame_head_notes
from training.evaluation.publish import Predictions, PublishedRun, merge_schedule, publish
from training.loop.training_run import TrainingRun


def publish_finished(run: TrainingRun, out: Path) -> TrainingFinished | None:
    """Evaluate and publish the final model: all processes evaluate, the first one writes and returns the message."""
    model, data = as_published(run.final_model()), run.data
    test = _predictions(run, model, data.split.test, data.test)
    validation = _predictions(run, model, data.split.validation, data.validation)
    if not run.fabric.is_global_zero:
        return None
    # Some papers report the best epoch on the test clips: the card shows that figure beside ours.
    best_on_test = run.best_on_test if data.validation is None and data.test is not None else None
    notes = frame_head_notes(model, data.test, data.log_mel, run.config.optimisation.batch_size, run.padding)
    published = PublishedRun(
        config=run.config,
        manifest=data.manifest,
        split=data.split,
        log_mel=data.log_mel,
        model=model.cpu(),
        test=test,
        validation=validation,
        initialisation=run.initialisation,
        best_on_test=best_on_test,
        notes=notes,
        teachers=run.teachers.facts,
    )
    return publish(published, out)


def as_published(model: Network) -> Network:
    """Round the weights to the float16 of the checkpoint, so that the figures are those of what ships."""
    for tensor in model.state_dict().values():
        if tensor.is_floating_point():
            tensor.copy_(tensor.to(torch.float16))
    return model


def publish_stopped(run: TrainingRun, out: Path) -> TrainingFinished:
    """Publish the current model without figures, because the user is waiting for the run to end."""
    note = f"The run was stopped after step {run.step} of {run.n_steps}; this is the model at that step."
    data = run.data
    published = PublishedRun(
        config=run.config,
        manifest=data.manifest,
        split=data.split,
        log_mel=data.log_mel,
        model=run.final_model().cpu(),
        initialisation=run.initialisation,
        notes=(note,),
        teachers=run.teachers.facts,
    )
    return publish(published, out)


def _predictions(
    run: TrainingRun, model: Network, clips: tuple[LabelledClip, ...], frames: ClipFrames | None
) -> Predictions | None:
    if frames is None:
        return None
    patches = model.config.n_patches(model.config.max_frames)
    schedule = merge_schedule(
        run.config.result.merge_r, patches, run.config.result.merge_kind, run.config.result.matcher
    )
    unmerged = run.logits(model, frames)
    merged = unmerged if schedule.removes_nothing() else run.logits(model, frames, schedule)
    return Predictions(clips, frames.targets, schedule, merged, unmerged, frames.unknown)
