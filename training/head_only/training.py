"""Trains a new last layer on a frozen backbone: from ten to forty clips per class, in under a minute.

Features of whole clips and of augmented views are extracted (`feature_extraction`), then the layer is fitted by
logistic regression. Without held-out folds, the figures are those of cross-validation: the backbone was not trained on
these clips, and each clip is tested with a layer that was not fitted on its fold.
"""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from core.errors import UsageError, UserError
from core.model.merging.schedule import NO_MERGING, MergeSchedule
from core.model.networks.build import Network, last_layer
from core.run.messages import TrainingEpoch, TrainingMessage
from core.run.run_folder import CHECKPOINT_NAME, STATE_NAME
from training.config.recipe import TrainConfig
from training.data.clip_frames import ClipFrames
from training.data.data_rules import recording_findings
from training.data.label_rules import refuse
from training.data.layouts.clip_rows import ClipRow, deal_folds
from training.data.manifest import LabelledClip
from training.data.run_data import RunData, load_run_data
from training.evaluation.metrics import accuracy, mean_average_precision
from training.evaluation.publish import (
    Predictions,
    PublishedRun,
    merge_schedule,
    publish,
)
from training.head_only.extraction_state import ExtractionState, identity_of
from training.head_only.feature_extraction import ExtractedFeatures, FeatureExtraction
from training.head_only.frozen_features import whole_clips
from training.head_only.logistic_regression import CrossValidation, Head, cross_validate, fit_head, mean_loss
from training.loop.control import RunControl
from training.loop.state_file import remove_leftovers
from training.model.building import build_model
from training.model.initialisation import Initialisation, read_initial_checkpoint

LIMITS = (
    "The last layer distinguishes these sounds from each other, from noise and from silence, and nothing else: any "
    "other sound may get a high score for the most similar label. An additional class of other sounds helps."
)


@dataclass(frozen=True, slots=True)
class FittedHead:
    """A run whose last layer is fitted."""

    config: TrainConfig
    data: RunData
    model: Network
    """With the new layer."""
    initialisation: Initialisation
    """Of the backbone."""
    extracted: ExtractedFeatures
    folds: NDArray[np.str_]
    """`(clips,)`: the fold of each training clip in the cross-validation."""
    validated: CrossValidation
    head: Head
    """The layer that ships, fitted on all training clips."""


def train_head(
    config: TrainConfig,
    data_folder: Path,
    out: Path,
    report: Callable[[TrainingMessage], None],
    *,
    control: RunControl | None = None,
    resume: bool = False,
) -> Path | None:
    """Run a recipe with `freeze`; returns the checkpoint's folder, or None where it was stopped. Raises UserError.

    config: `epochs` is the maximum number of views per clip; `time_budget_min` chooses their number once, at the
    beginning, by the time (0: by the number of clips); clips are augmented as usual, but not mixed. resume: from the
    saved features, to the same weights.
    """
    control = control or RunControl()
    _refuse_settings(config)
    if not resume and ((out / STATE_NAME).is_file() or (out / CHECKPOINT_NAME).exists()):
        raise UserError(f"{out} holds a run already.", "Resume it with --resume, or choose another --out.")
    out.mkdir(parents=True, exist_ok=True)
    if config.running.threads:
        torch.set_num_threads(config.running.threads)
    initial_checkpoint = read_initial_checkpoint(config.start.init)
    data = load_run_data(config, data_folder, initial_checkpoint.config.log_mel if initial_checkpoint else None, report)
    folds = _folds_of(data.split.train)
    built = build_model(config, data.manifest.labels, initial_checkpoint)
    model = built.model.eval()
    model.to("cuda" if torch.cuda.is_available() else "cpu")
    whole = np.zeros((len(data.train), last_layer(model).in_features), np.float32)
    state = ExtractionState(out / STATE_NAME, identity_of(config, data, built.initialisation.content), whole)
    state.resume()
    remove_leftovers(out)
    with control.signals():
        extracted = FeatureExtraction(config, data, model, state, report=report, control=control).run(str(out))
    if extracted is None:
        return None
    fit_began = time.monotonic()
    # The matrices have a few megabytes: waiting for a second core that is busy costs more time than it saves.
    torch.set_num_threads(1)
    validated = cross_validate(extracted.rows, extracted.whole, folds)
    head = fit_head(extracted.rows, validated.penalty)
    _put_into(model, head)
    run = FittedHead(config, data, model, built.initialisation, extracted, folds, validated, head)
    report(_last_epoch(run, time.monotonic() - fit_began))
    finished = publish(_published(run), out)
    report(finished)
    return Path(finished.checkpoint)


def _refuse_settings(config: TrainConfig) -> None:
    if not config.start.init:
        raise UsageError("A frozen backbone with random weights is useless.", "Set init=starter, or a checkpoint.")
    if config.optimisation.loss != "bce":
        raise UsageError("A new last layer is fitted label by label.", "Set loss=bce, or freeze=false.")
    if config.data.validation_folds or config.data.validation_share:
        problem = "A new last layer needs no validation clips: cross-validation takes their place."
        raise UsageError(problem, "Set validation_folds= and validation_share=0.")
    if int(os.environ.get("WORLD_SIZE", "1")) > 1:
        raise UsageError("A new last layer is trained by one process.", "Start it without torchrun.")


def _folds_of(clips: tuple[LabelledClip, ...]) -> NDArray[np.str_]:
    """`(clips,)`: the fold of each clip; the clips of a recording are in the same fold. Raises UserError."""
    refuse(recording_findings(clips))
    rows = [ClipRow(clip.path, (str(clip.labels[0]),) if clip.labels else (), group=clip.recording) for clip in clips]
    return np.array([row.fold for row in deal_folds(rows)])


def _put_into(model: Network, head: Head) -> None:
    layer = last_layer(model)
    with torch.no_grad():
        layer.weight.copy_(torch.from_numpy(head.weight))
        layer.bias.copy_(torch.from_numpy(head.bias))


def _last_epoch(run: FittedHead, seconds: float) -> TrainingEpoch:
    """The message about the final layer: its training loss, and its figures by cross-validation."""
    whole, n_epochs = run.extracted.whole, run.extracted.n_epochs
    scores = _sigmoid(run.validated.logits(whole.features, run.folds))
    metrics = {"accuracy": accuracy(scores, whole.targets), "map": mean_average_precision(scores, whole.targets)}
    loss = mean_loss(run.head.logits(whole.features), whole.targets)
    return TrainingEpoch(n_epochs, n_epochs, loss, seconds, 0.0, metrics)


def _sigmoid(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    return torch.from_numpy(logits).sigmoid().numpy()


def _published(run: FittedHead) -> PublishedRun:
    """With held-out folds, these are the test and cross-validation chooses the thresholds; without, it is the test."""
    config, data, split = run.config, run.data, run.data.split
    patches = run.model.config.n_patches(run.model.config.max_frames)
    schedule = merge_schedule(config.result.merge_r, patches, config.result.merge_kind, config.result.matcher)

    def predictions(
        clips: tuple[LabelledClip, ...],
        frames: ClipFrames,
        logits: Callable[[NDArray[np.float32]], NDArray[np.float32]],
    ) -> Predictions:
        unmerged = logits(_features(run, frames, NO_MERGING))
        merged = unmerged if schedule.removes_nothing() else logits(_features(run, frames, schedule))
        return Predictions(clips, frames.targets, schedule, merged, unmerged, frames.unknown)

    crossed = predictions(split.train, data.train, lambda features: run.validated.logits(features, run.folds))
    test = predictions(split.test, data.test, run.head.logits) if data.test is not None else None
    return PublishedRun(
        config=config.with_settings(limits=config.result.limits or LIMITS),
        manifest=data.manifest,
        split=replace(split, validation=split.train) if test else split,
        log_mel=data.log_mel,
        model=run.model.cpu(),
        test=test or crossed,
        validation=crossed if test else None,
        initialisation=replace(run.initialisation, description=_initialisation_in_words(run.initialisation)),
        notes=_notes(run, is_crossed=test is None),
        tested_how="" if test else f"{len(run.validated.heads)}-fold cross-validation by groups",
    )


def _features(run: FittedHead, frames: ClipFrames, merge: MergeSchedule) -> NDArray[np.float32]:
    if merge.removes_nothing() and frames is run.data.train:
        return run.extracted.whole.features
    features = np.zeros((len(frames), last_layer(run.model).in_features), np.float32)
    for members, some in whole_clips(run.model, frames, run.data.log_mel, run.config.optimisation.batch_size, merge):
        features[members] = some
    return features


def _initialisation_in_words(initialisation: Initialisation) -> str:
    backbone = f"weights of {initialisation.config.name}" if initialisation.config else "ImageNet weights"
    return f"{backbone}, frozen, with a new last layer"


def _notes(run: FittedHead, is_crossed: bool) -> tuple[str, ...]:
    n_folds, clips = len(run.validated.heads), run.data.split.train
    notes = [
        f"The last layer is a logistic regression on the backbone's features of each clip and of "
        f"{run.extracted.views_per_clip:.1f} augmented views of it, with a penalty of {run.validated.penalty:g}, which "
        f"had the lowest loss in the cross-validation."
    ]
    if is_crossed:
        notes.append(
            f"In the {n_folds}-fold cross-validation by groups, each clip is tested with a layer that was fitted on "
            "the other folds; all clips of a recording are in the same fold. The layer in this checkpoint was fitted "
            "on all clips and was itself tested on none."
        )
    else:
        notes.append(
            "The validation clips are the training clips, each scored by a layer that was not fitted on its fold."
        )
    if run.initialisation.config:
        earlier = run.initialisation.config.provenance.get("data", "unknown data")
        notes.append(
            f"The backbone was trained on {earlier}: if that includes some of these clips, the figures are too "
            "optimistic."
        )
    groups = {(label, clip.recording) for clip in clips for label in clip.labels}
    n_groups = Counter(label for label, _ in groups)
    single = [label.name for label in run.data.manifest.labels if n_groups[label.index] == 1]
    if single and is_crossed:
        notes.append(f"These labels have a single recording, so their figures are meaningless: {', '.join(single)}.")
    return tuple(notes)
