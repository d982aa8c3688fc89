"""From trained weights to a checkpoint folder with its calibration, thresholds, model card and evaluation. Knows no
optimiser."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray

from core.audio.log_mel import LogMelConfig
from core.errors import UserError
from core.file_names import shown
from core.model.checkpoints.checkpoint import Checkpoint, CheckpointConfig, save_checkpoint
from core.model.checkpoints.probabilities import Calibration, to_probabilities
from core.model.merging.schedule import NO_MERGING, Kind, Matcher, MergeSchedule
from core.model.networks.build import Network
from core.program import checkout_folder
from core.run.evaluation_report import EvaluationReport
from core.run.messages import TrainingFinished
from core.run.run_folder import CHECKPOINT_NAME, REPORT_NAME
from core.version import version
from training.config.recipe import TrainConfig
from training.data.manifest import LabelledClip, Manifest, Split
from training.evaluation.calibration import fit_calibration, fit_thresholds
from training.evaluation.metrics import Scores, accuracy, best_threshold, calibration_error
from training.evaluation.model_card import CardFacts, model_card
from training.evaluation.scored_clips import ScoredClips, report_on
from training.model.frame_head_loss import calibration_of_kept_head
from training.model.initialisation import RANDOM_INITIALISATION, TIMM, Initialisation
from training.model.zero_padding import keeps_head

_UNKNOWN_THRESHOLD = 0.5


@dataclass(frozen=True, slots=True)
class Predictions:
    """What the model says of one side of the split, before activation and calibration.

    clips: that side's. truth: float32 `(clips, labels)`, 1 where a clip has the label. logits: float32, the same
    shape, by the schedule `merge` that the checkpoint will use; unmerged: with every token.
    """

    clips: tuple[LabelledClip, ...]
    truth: NDArray[np.float32]
    merge: MergeSchedule
    logits: NDArray[np.float32]
    unmerged: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class PublishedRun:
    """A run that has ended: finished or stopped."""

    config: TrainConfig
    manifest: Manifest
    split: Split
    log_mel: LogMelConfig
    model: Network
    test: Predictions | None = None
    """Of the held-out clips, which chose nothing; None gives a checkpoint without figures."""
    validation: Predictions | None = None
    """Of the clips that choose calibration and thresholds."""
    initialisation: Initialisation = RANDOM_INITIALISATION
    best_on_test: float | None = None
    """The accuracy of the epoch that did best on the held-out clips, where a paper chose the epoch that way; the card
    shows it beside the unbiased figure."""
    notes: tuple[str, ...] = ()
    """Sentences for the card."""
    tested_how: str = ""
    """Which clips are the held-out ones, for people, where they are not those of the recipe's test_folds."""
    teachers: tuple[dict[str, Any], ...] = ()
    """Facts of the models that it learnt from beside the labels."""


def merge_schedule(r: int, full_patches: int, kind: Kind = "constant", matcher: Matcher = "bipartite") -> MergeSchedule:
    """r tokens a layer at the full window of `full_patches` patches, proportionally fewer for shorter input."""
    return MergeSchedule(kind, r, reference_patches=full_patches, matcher=matcher) if r else NO_MERGING


def activation_of(config: TrainConfig) -> Literal["sigmoid", "softmax"]:
    """From logits to probabilities, as the loss has it."""
    return "softmax" if config.optimisation.loss == "ce" else "sigmoid"


def publish(run: PublishedRun, out: Path) -> TrainingFinished:
    """Write `out/checkpoint`, with evaluation.json where there are held-out clips; returns what a run reports of it.

    Calibration and per-label thresholds are fitted on the validation clips. Without any, the logits stay as they are
    and one threshold for all labels is fitted on the held-out clips, which the card calls optimistic.
    Raises UserError for weights that give no numbers, and where a last layer was kept of nobody knows what.
    """
    activation = activation_of(run.config)
    earlier = run.initialisation.config
    is_kept = keeps_head(run.config)
    if is_kept and earlier is None:
        problem = "The checkpoint whose last layer this run has kept is gone, and with it its thresholds."
        raise UserError(problem, "Put it back, and go on with --resume and init=CHECKPOINT.")
    kept = earlier if is_kept else None
    if kept:
        calibration, thresholds, origin = *calibration_of_kept_head(kept, run.manifest.labels), "kept"
    else:
        calibration = _calibration(run, activation)
        thresholds, origin = _thresholds(run, activation, calibration)
    report = _report(run, activation, calibration, thresholds)
    metrics = _metrics(run, report, activation, calibration) if report else {}
    patches = run.model.config.n_patches(run.model.config.max_frames)
    described = CheckpointConfig(
        name=run.config.title,
        variant=run.config.start.variant or (earlier.variant if earlier else ""),
        model=run.model.config,
        log_mel=run.log_mel,
        labels=run.manifest.labels,
        thresholds=thresholds,
        merge=merge_schedule(
            run.config.result.merge_r, patches, run.config.result.merge_kind, run.config.result.matcher
        ),
        pad_to_window=kept is not None and kept.pad_to_window,
        activation=activation,
        calibration=calibration,
        provenance={
            **_provenance(run),
            "started_from": earlier.provenance if earlier else None,
            "metrics": metrics,
            "thresholds_from": origin,
        },
    )
    folder = out / CHECKPOINT_NAME
    card = model_card(CardFacts(described, run.manifest, run.split, report, run.notes))
    save_checkpoint(Checkpoint(described, run.model.state_dict()), folder, card=card)
    report_path = folder / REPORT_NAME
    if report:
        report.save(report_path)
    else:
        report_path.unlink(missing_ok=True)
    return TrainingFinished(str(folder), metrics, str(report_path) if report else "")


def _calibration(run: PublishedRun, activation: Literal["sigmoid", "softmax"]) -> Calibration:
    if run.validation is None or not run.validation.truth.any():
        return ()
    return fit_calibration(run.validation.logits, run.validation.truth, activation)


def _thresholds(run: PublishedRun, activation: str, calibration: Calibration) -> tuple[tuple[float, ...], str]:
    """One a label, and on which side they were fitted: "validation", "test" or "none"."""
    n_labels = len(run.manifest.labels)
    if run.validation is not None and run.validation.truth.any():
        scores = _probabilities(run.validation.logits, activation, calibration)
        return fit_thresholds(scores, run.validation.truth), "validation"
    if run.test is not None and run.test.truth.any():
        threshold, _ = best_threshold(_probabilities(run.test.logits, activation, ()), run.test.truth)
        return (threshold,) * n_labels, "test"
    return (_UNKNOWN_THRESHOLD,) * n_labels, "none"


def _report(
    run: PublishedRun,
    activation: Literal["sigmoid", "softmax"],
    calibration: Calibration,
    thresholds: tuple[float, ...],
) -> EvaluationReport | None:
    if run.test is None:
        return None
    scored = ScoredClips(
        paths=tuple(clip.path for clip in run.test.clips),
        labels=run.manifest.labels.names,
        scores=_probabilities(run.test.logits, activation, calibration),
        truth=run.test.truth,
        thresholds=np.asarray(thresholds, np.float32),
        activation=activation,
        parts=tuple(clip.part for clip in run.test.clips),
    )
    split = run.tested_how or f"fold {', '.join(run.config.data.test_folds)}"
    merge = run.test.merge.describe()
    return report_on(scored, model=run.config.title, data=run.manifest.name, split=split, merge=merge)


def _metrics(
    run: PublishedRun, report: EvaluationReport, activation: Literal["sigmoid", "softmax"], calibration: Calibration
) -> dict[str, float]:
    """The report's figures, the accuracy's interval, and what merging and calibration change."""
    assert run.test is not None, "a report is of held-out clips"
    metrics = {name: measured.value for name, measured in report.metrics.items()}
    if "accuracy" in report.metrics:
        metrics["accuracy_low"], metrics["accuracy_high"] = (
            report.metrics["accuracy"].low,
            report.metrics["accuracy"].high,
        )
        unmerged = _probabilities(run.test.unmerged, activation, calibration)
        metrics["accuracy_unmerged"] = accuracy(unmerged, run.test.truth)
    if calibration:
        plain = _probabilities(run.test.logits, activation, ())
        metrics["ece_uncalibrated"] = calibration_error(plain, run.test.truth, activation)
    return {name: round(value, 4) for name, value in metrics.items()}


def _probabilities(logits: NDArray[np.float32], activation: str, calibration: Calibration) -> Scores:
    return to_probabilities(activation, calibration)(torch.from_numpy(logits)).numpy()


def _provenance(run: PublishedRun) -> dict[str, Any]:
    config = run.config
    # Not the path: it says something of this computer and nothing to anybody else.
    init = (
        config.start.init.partition("@")[0]
        if config.start.init.startswith(TIMM)
        else shown(Path(config.start.init).name)
    )
    return {
        "data": run.manifest.name,
        "licences": [list(pair) for pair in run.manifest.licences],
        "test_folds": list(config.data.test_folds),
        "recipe": {**config.to_flat(), "init": init, "teacher": [one["name"] for one in run.teachers]},
        "start": run.initialisation.description,
        "start_content": run.initialisation.content,
        "teachers": list(run.teachers),
        "best_on_test": run.best_on_test,
        "version": version(),
        "commit": code_commit(),
    }


def code_commit() -> str:
    """The commit of the code that runs, as git describes it; "unknown" where there is no git or no checkout."""
    checkout = checkout_folder()
    if checkout is None:  # installed: git would describe whatever repository lies around the installation
        return "unknown"
    try:
        done = subprocess.run(
            ["git", "describe", "--always", "--dirty"],
            cwd=checkout, capture_output=True, text=True, check=True, timeout=5,
        )  # fmt: skip
    except (OSError, subprocess.SubprocessError):
        return "unknown"
    return done.stdout.strip()
