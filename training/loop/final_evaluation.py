"""Evaluates the model of a finished or stopped run and publishes it."""

from __future__ import annotations

import copy
from pathlib import Path

import numpy as np
import torch

from core.inference.live_view import FRAME_VIEW
from core.model.networks.build import Network
from core.model.networks.folded_norms import fold_batch_norms
from core.model.networks.spectrogram_transformer import AudioSpectrogramTransformer
from core.run.messages import TrainingFinished
from training.data.clip_frames import ClipFrames
from training.data.manifest import LabelledClip
from training.evaluation.frame_head_report import frame_head_notes
from training.evaluation.label_bar import TeacherWindows
from training.evaluation.publish import Predictions, PublishedRun, merge_schedule, publish
from training.loop.training_run import TrainingRun
from training.model.scene_loss import TaughtLabels
from training.scenes.batches import SceneClips
from training.scenes.live_thresholds import choose_thresholds, count_events
from training.scenes.patch_scores import HEARD_FROM, patch_scores


def publish_finished(run: TrainingRun, out: Path) -> TrainingFinished | None:
    """Evaluate and publish the final model: all processes evaluate, the first one writes and returns the message."""
    model, data = as_published(run.final_model()), run.data
    test = _predictions(run, model, data.split.test, data.test)
    validation = _predictions(run, model, data.split.validation, data.validation)
    if not run.fabric.is_global_zero:
        return None
    # Some papers report the best epoch on the test clips: the card shows that figure beside ours.
    best_on_test = run.best_on_test if data.validation is None and data.test is not None else None
    # Scenes and patches are many: a copy that computes the same from fewer passes over memory reads them.
    reader = copy.deepcopy(model)
    fold_batch_norms(reader)
    config = run.config
    notes = frame_head_notes(
        *(model, data.test, data.log_mel, config.optimisation.batch_size, run.padding),
        from_scenes=config.scenes.scenes > 0,
    )
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
        windows=_teacher_windows(run, reader),
        live_thresholds=_live_thresholds(run, reader),
    )
    return publish(published, out)


def _teacher_windows(run: TrainingRun, model: Network) -> TeacherWindows | None:
    """What a teacher of waveforms hears in held-out clips, beside what the model says of them."""
    teacher, sounds = run.teachers.of_waveforms, run.data.sounds
    if teacher is None or sounds is None or sounds.test is None:
        return None
    assert isinstance(model, AudioSpectrogramTransformer), "a recipe of scenes has a frame head"
    scores = patch_scores(model, run.data.log_mel, sounds.test, teacher)
    taught, n_labels = TaughtLabels.of(run.data.manifest.labels, teacher.labels), len(run.data.manifest.labels)
    decisions, is_taught = np.zeros((len(scores.model), n_labels), bool), np.zeros(n_labels, bool)
    decisions[:, taught.labels] = scores.teacher[:, taught.classes] >= HEARD_FROM
    is_taught[taught.labels] = True
    return TeacherWindows(str(teacher.facts["name"]), scores.model, decisions, is_taught)


def _live_thresholds(run: TrainingRun, model: Network) -> tuple[float, ...]:
    """A threshold of the live view for each label, fitted on scenes of validation clips; none without such clips."""
    data = run.data
    if data.sounds is None or data.sounds.validation is None or data.validation is None:
        return ()
    assert isinstance(model, AudioSpectrogramTransformer), "a recipe of scenes has a frame head"
    floor_labels = data.floor_labels(run.config.scenes.floor_labels)
    clips = SceneClips.of(data.sounds.validation, data.validation, data.learned, data.log_mel.sample_rate, floor_labels)
    teacher, taught = run.teachers.of_waveforms, None
    if teacher is not None:
        known = TaughtLabels.of(data.manifest.labels, teacher.labels)
        taught = (teacher, known.labels.numpy(), known.classes.numpy())
    counts = count_events(model, data.log_mel, clips, FRAME_VIEW, taught, run.config.running.seed)
    return tuple(round(float(threshold), 2) for threshold in choose_thresholds(counts))


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
