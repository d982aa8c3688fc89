"""A new last layer on a backbone that stays as it is: ten to forty clips a class, under a minute. Knows no terminal.

The backbone hears every clip whole and in rounds of views, as many as the number of clips asks for (`listening`), then
logistic regression fits the layer (`head_fitting`). Where no folds are held out, the figures are those of
cross-validation: the backbone has learnt nothing from these clips, and each is tested by a layer that has learnt
nothing from its part of them.
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
from training.data.data_rules import recording_findings, refuse
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
    "The last layer has learnt to tell these sounds from each other, from noise and from silence, and nothing else: "
    "any other sound may get the score of the label it is nearest to. A class of other sounds beside them helps."
)

_Logits = Callable[[NDArray[np.float32]], NDArray[np.float32]]


@dataclass(frozen=True, slots=True)
class FittedHead:
    """All of a run once its layer is fitted. initialisation: what the backbone is of; folds:
    `(clips,)`, the parts of the cross-validation."""

    config: TrainConfig
    data: RunData
    model: Network
    initialisation: Initialisation
    extracted: ExtractedFeatures
    folds: NDArray[np.str_]
    validated: CrossValidation
    head: Head


def train_head(
    config: TrainConfig,
    data_folder: Path,
    out: Path,
    report: Callable[[TrainingMessage], None],
    *,
    control: RunControl | None = None,
    resume: bool = False,
) -> Path | None:
    """Run a recipe with `freeze`; returns the checkpoint's folder, None when it was asked to stop. Raises UserError.

    config: `epochs` is the most views of a clip; `time_budget_min` fits their number to so many minutes, once, at the
    beginning (0: to the number of clips); loss and sound settings as anywhere, but nothing is mixed. resume: from what
    was heard before, to the same weights.
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
    # Matrices of a few megabytes: a second core that is busy with other things costs more than it brings.
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
        raise UsageError("A frozen backbone with random weights hears nothing.", "Set init=starter, or a checkpoint.")
    if config.optimisation.loss != "bce":
        raise UsageError("A new last layer alone is fitted label by label.", "Set loss=bce, or freeze=false.")
    if config.data.validation_folds or config.data.validation_share:
        problem = "A new last layer alone needs no validation clips: cross-validation takes their place."
        raise UsageError(problem, "Set validation_folds= and validation_share=0.")
    if int(os.environ.get("WORLD_SIZE", "1")) > 1:
        raise UsageError("A new last layer alone is trained by one process.", "Start it without torchrun.")


def _refuse_other_runs(out: Path, resume: bool) -> None:
    if os.path.isfile(out / STATE_NAME):
        raise UserError(f"{out} holds a run that trains the whole model.", "Choose another --out.")
    if os.path.exists(out / CHECKPOINT_NAME) and not resume:
        raise UserError(f"{out} holds a run already.", "Do it again by --resume, or choose another --out.")


def _folds_of(clips: tuple[LabelledClip, ...]) -> NDArray[np.str_]:
    """`(clips,)`: the part of each in the cross-validation; a recording is in one part. Raises UserError."""
    refuse(recording_findings(clips))
    rows = [ClipRow(one.path, (str(one.labels[0]),) if one.labels else (), group=one.recording) for one in clips]
    return np.array([row.fold for row in deal_folds(rows)])


def _put_into(model: Network, head: Head) -> None:
    layer = last_layer(model)
    with torch.no_grad():
        layer.weight.copy_(torch.from_numpy(head.weight))
        layer.bias.copy_(torch.from_numpy(head.bias))


def _last_epoch(run: FittedHead, seconds: float) -> TrainingEpoch:
    """Of the layer that is kept: its loss on what it learnt from, its figures by cross-validation."""
    whole, n_epochs = run.extracted.whole, run.extracted.n_epochs
    scores = _sigmoid(run.validated.logits(whole.features, run.folds))
    metrics = {"accuracy": accuracy(scores, whole.targets), "map": mean_average_precision(scores, whole.targets)}
    loss = mean_loss(run.head.logits(whole.features), whole.targets)
    return TrainingEpoch(n_epochs, n_epochs, loss, seconds, 0.0, metrics)


def _sigmoid(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    return torch.from_numpy(logits).sigmoid().numpy()


def _published(run: FittedHead) -> PublishedRun:
    """With held-out folds, these are tested and cross-validation chooses the thresholds; without, it is the test."""
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
        return Predictions(clips, frames.targets, schedule, merged, unmerged)

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
    return f"{backbone}, kept as they are under a new last layer"


def _notes(run: FittedHead, is_crossed: bool) -> tuple[str, ...]:
    n_parts, clips = len(run.validated.heads), run.data.split.train
    notes = [
        f"The last layer is a logistic regression on the backbone's features of each clip and of "
        f"{run.extracted.views_per_clip:.1f} augmented views of it, with a penalty of {run.validated.penalty:g}, which "
        f"had the lowest loss in the cross-validation."
    ]
    if is_crossed:
        notes.append(
            f"In the {n_parts}-fold cross-validation by groups, each clip is tested by a layer that has learnt from "
            "the other parts alone, all clips of a recording in one part. The layer in this checkpoint has learnt "
            "from all clips, and was itself tested on none."
        )
    else:
        notes.append("The validation clips are the training clips, each by a layer that has not learnt from its part.")
    if run.initialisation.config:
        earlier = run.initialisation.config.provenance.get("data", "data it does not name")
        notes.append(f"The backbone was trained on {earlier}: clips that it has in common with these look too good.")
    groups = {(label, clip.recording) for clip in clips for label in clip.labels}
    n_groups = Counter(label for label, _ in groups)
    alone = [label.name for label in run.data.manifest.labels if n_groups[label.index] == 1]
    if alone and is_crossed:
        notes.append(f"Of one recording only, so that its figures say nothing: {', '.join(alone)}.")
    return tuple(notes)
