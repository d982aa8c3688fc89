"""Writes trained weights as a checkpoint folder, with calibration, thresholds, model card and evaluation."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass, replace
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
from training.evaluation.label_bar import (
    Evidence,
    TeacherWindows,
    evidence_to_dicts,
    label_evidence,
    labels_that_meet,
)
from training.evaluation.label_selection import manifest_of_labels, network_of_labels, split_of_labels
from training.evaluation.metrics import Scores, accuracy, best_threshold, calibration_error, known_scores
from training.evaluation.model_card import CardFacts, model_card
from training.evaluation.scored_clips import ScoredClips, report_on
from training.model.frame_head_loss import calibration_of_kept_head
from training.model.initialisation import RANDOM_INITIALISATION, TIMM, Initialisation
from training.model.package_weights import PACKAGE
from training.model.zero_padding import keeps_head

_UNKNOWN_THRESHOLD = 0.5


@dataclass(frozen=True, slots=True)
class Predictions:
    """A model's logits for one side of the split."""

    clips: tuple[LabelledClip, ...]
    truth: NDArray[np.float32]
    """`(clips, labels)`, 1 where a clip has the label."""
    merge: MergeSchedule
    """The merging that the checkpoint will use."""
    logits: NDArray[np.float32]
    """`(clips, labels)`, with `merge`."""
    unmerged: NDArray[np.float32]
    """The same, without merging."""
    unknown: NDArray[np.bool_] | None = None
    """`(clips, labels)`: true where nobody says whether a clip has the label; None where all is known."""

    def of_labels(self, kept: list[int]) -> Predictions:
        """The columns of some labels."""
        unknown = None if self.unknown is None else self.unknown[:, kept]
        truth, logits, unmerged = self.truth[:, kept], self.logits[:, kept], self.unmerged[:, kept]
        return Predictions(self.clips, truth, self.merge, logits, unmerged, unknown)


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
    windows: TeacherWindows | None = None
    """What a teacher hears in held-out audio, for labels that few or no held-out clips have."""
    live_thresholds: tuple[float, ...] = ()
    """What an event of each label must reach in the live view; none for the view's own."""


def merge_schedule(r: int, full_patches: int, kind: Kind = "constant", matcher: Matcher = "bipartite") -> MergeSchedule:
    """r tokens per layer at the full window of `full_patches` patches, proportionally fewer for shorter input."""
    return MergeSchedule(kind, r, reference_patches=full_patches, matcher=matcher) if r else NO_MERGING


def activation_of(config: TrainConfig) -> Literal["sigmoid", "softmax"]:
    """The activation that belongs to the recipe's loss."""
    return "softmax" if config.optimisation.loss == "ce" else "sigmoid"


@dataclass(frozen=True, slots=True)
class _Scoring:
    """How logits become probabilities and decisions."""

    activation: Literal["sigmoid", "softmax"]
    calibration: Calibration
    thresholds: tuple[float, ...]
    """One per label."""
    origin: str
    """What fitted the thresholds: "validation" or "test" clips, "kept" from the initial checkpoint, or "none"."""

    def probabilities(self, logits: NDArray[np.float32]) -> Scores:
        """Calibrated probabilities, of the shape of `logits`."""
        return _probabilities(logits, self.activation, self.calibration)


def publish(run: PublishedRun, out: Path) -> TrainingFinished:
    """Write `out/checkpoint`, with evaluation.json where there are held-out clips; returns the message that says so.

    Calibration and per-label thresholds are fitted on the validation clips. Without any, the logits stay as they are
    and one threshold for all labels is fitted on the held-out clips, which the card calls optimistic.
    With `drop_labels_below_bar`, the checkpoint has only the labels that held-out clips or a teacher vouch for.
    Raises UserError for weights that give no finite scores, and where the checkpoint whose head was kept is missing.
    """
    run, evidence = _above_the_bar(run)
    kept = _checkpoint_of_kept_head(run)
    scoring = _scoring_of(run, kept)
    report = _report(run, scoring)
    metrics = _metrics(run, report, scoring) if report else {}
    described = _describe(run, scoring, metrics, pads=kept is not None and kept.pad_to_window)
    if any(evidence):
        facts = {"label_evidence": evidence_to_dicts(run.manifest.labels, evidence)}
        described = replace(described, provenance={**described.provenance, **facts})
    folder = out / CHECKPOINT_NAME
    card = model_card(CardFacts(described, run.manifest, run.split, report, run.notes, evidence))
    save_checkpoint(Checkpoint(described, run.model.state_dict()), folder, card=card)
    report_path = folder / REPORT_NAME
    if report:
        report.save(report_path)
    else:
        report_path.unlink(missing_ok=True)
    return TrainingFinished(str(folder), metrics, str(report_path) if report else "")


def _above_the_bar(run: PublishedRun) -> tuple[PublishedRun, tuple[Evidence | None, ...]]:
    """The run with the labels that are to be published, and what each of these rests on. Where no label meets the bar,
    or nothing was measured, all stay."""
    test, n_labels = run.test, len(run.manifest.labels)
    clips = None if test is None else (test.logits, test.truth, test.unknown)
    evidence = label_evidence(clips, run.windows, n_labels)
    kept = labels_that_meet(evidence)
    if not run.config.result.drop_labels_below_bar or len(kept) in (0, n_labels):
        return run, evidence
    note = f"{n_labels - len(kept)} of the {n_labels} labels that were trained are below the bar and left out."
    chosen = replace(
        run,
        manifest=manifest_of_labels(run.manifest, kept),
        split=split_of_labels(run.split, kept),
        model=network_of_labels(run.model, kept),
        test=test.of_labels(kept) if test else None,
        validation=run.validation.of_labels(kept) if run.validation else None,
        windows=None,
        live_thresholds=tuple(run.live_thresholds[index] for index in kept) if run.live_thresholds else (),
        notes=(*run.notes, note),
    )
    return chosen, tuple(evidence[index] for index in kept)


def _checkpoint_of_kept_head(run: PublishedRun) -> CheckpointConfig | None:
    """The initial checkpoint where the run kept its last layer, else None. Raises UserError where it is missing."""
    if not keeps_head(run.config):
        return None
    if run.initialisation.config is None:
        problem = "The checkpoint whose last layer this run has kept is gone, and with it its thresholds."
        raise UserError(problem, "Put it back, then resume with --resume and init=CHECKPOINT.")
    return run.initialisation.config


def _scoring_of(run: PublishedRun, kept: CheckpointConfig | None) -> _Scoring:
    """Calibration and thresholds: those of `kept`, or fitted on the validation clips, else on the held-out clips."""
    activation, labels = activation_of(run.config), run.manifest.labels
    if kept:
        return _Scoring(activation, *calibration_of_kept_head(kept, labels), "kept")
    if run.validation is not None and run.validation.truth.any():
        logits, truth, unknown = run.validation.logits, run.validation.truth, run.validation.unknown
        calibration = fit_calibration(logits, truth, activation, unknown)
        thresholds = fit_thresholds(known_scores(_probabilities(logits, activation, calibration), unknown), truth)
        return _Scoring(activation, calibration, thresholds, "validation")
    if run.test is not None and run.test.truth.any():
        scores = known_scores(_probabilities(run.test.logits, activation, ()), run.test.unknown)
        threshold, _ = best_threshold(scores, run.test.truth)
        return _Scoring(activation, (), (threshold,) * len(labels), "test")
    return _Scoring(activation, (), (_UNKNOWN_THRESHOLD,) * len(labels), "none")


def _report(run: PublishedRun, scoring: _Scoring) -> EvaluationReport | None:
    if run.test is None:
        return None
    scored = ScoredClips(
        paths=tuple(clip.path for clip in run.test.clips),
        labels=run.manifest.labels.names,
        scores=scoring.probabilities(run.test.logits),
        truth=run.test.truth,
        thresholds=np.asarray(scoring.thresholds, np.float32),
        activation=scoring.activation,
        parts=tuple(clip.part for clip in run.test.clips),
        unknown=run.test.unknown,
    )
    split = run.tested_how or f"fold {', '.join(run.config.data.test_folds)}"
    merge = run.test.merge.describe()
    return report_on(scored, model=run.config.title, data=run.manifest.name, split=split, merge=merge)


def _metrics(run: PublishedRun, report: EvaluationReport, scoring: _Scoring) -> dict[str, float]:
    """The report's figures, the interval of the accuracy, and the figures without merging and without calibration."""
    assert run.test is not None, "a report is of held-out clips"
    metrics = {name: measured.value for name, measured in report.metrics.items()}
    if "accuracy" in report.metrics:
        measured = report.metrics["accuracy"]
        metrics["accuracy_low"], metrics["accuracy_high"] = measured.low, measured.high
        unmerged = known_scores(scoring.probabilities(run.test.unmerged), run.test.unknown)
        metrics["accuracy_unmerged"] = accuracy(unmerged, run.test.truth)
    if scoring.calibration:
        plain = known_scores(_probabilities(run.test.logits, scoring.activation, ()), run.test.unknown)
        metrics["ece_uncalibrated"] = calibration_error(plain, run.test.truth, scoring.activation)
    return {name: round(value, 4) for name, value in metrics.items()}


def _probabilities(logits: NDArray[np.float32], activation: str, calibration: Calibration) -> Scores:
    return to_probabilities(activation, calibration)(torch.from_numpy(logits)).numpy()


def _describe(run: PublishedRun, scoring: _Scoring, metrics: dict[str, float], *, pads: bool) -> CheckpointConfig:
    """The config of the checkpoint. pads: whether the model needs short input to be padded to the window."""
    config, earlier = run.config, run.initialisation.config
    patches = run.model.config.n_patches(run.model.config.max_frames)
    return CheckpointConfig(
        name=config.title,
        variant=config.start.variant or (earlier.variant if earlier else ""),
        model=run.model.config,
        log_mel=run.log_mel,
        labels=run.manifest.labels,
        thresholds=scoring.thresholds,
        merge=merge_schedule(config.result.merge_r, patches, config.result.merge_kind, config.result.matcher),
        pad_to_window=pads,
        activation=scoring.activation,
        calibration=scoring.calibration,
        live={"starts_from": list(run.live_thresholds)} if run.live_thresholds else {},
        provenance={
            **_provenance(run),
            "started_from": earlier.provenance if earlier else None,
            "metrics": metrics,
            "thresholds_from": scoring.origin,
        },
    )


def _provenance(run: PublishedRun) -> dict[str, Any]:
    config = run.config
    # The name alone: a path describes this computer and means nothing elsewhere.
    init = config.start.init
    is_name = init.startswith((TIMM, PACKAGE))
    init = init.partition("@")[0] if is_name else shown(Path(init).name)
    return {
        "data": run.manifest.name,
        "licences": [list(pair) for pair in run.manifest.licences],
        "test_folds": list(config.data.test_folds),
        "recipe": {**config.to_flat(), "init": init, "teacher": [facts["name"] for facts in run.teachers]},
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
