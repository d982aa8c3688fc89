"""Checks every clip before a training, and reports everything that is wrong with the data."""

from __future__ import annotations

import os
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from core.errors import UserError
from core.run.data_report import ClassContent, DataReport
from core.run.messages import TrainingPreparing
from training.config.data import DataSettings
from training.config.recipe import TrainConfig
from training.data.data_rules import learning_findings, silence_findings
from training.data.label_rules import look_alike_findings
from training.data.manifest import LabelledClip, Manifest, read_present
from training.data_check.class_findings import class_findings
from training.data_check.clip_findings import clip_findings
from training.data_check.clip_survey import ClipSurvey, survey_parts
from training.data_check.duplicate_findings import Sides, duplicate_findings, shared_source_findings
from training.data_check.duplicates import find_duplicates
from training.data_check.split_findings import split_findings

_SEVERITIES = ("error", "warning", "note")

Report = Callable[[TrainingPreparing], None]


def check_data(
    folder: Path, collection: str, test_folds: Collection[str], report: Report, config: TrainConfig | None = None
) -> DataReport:
    """Decode every clip once and report on the data; missing and unreadable clips do not stop the check.

    Whatever a training would refuse is an error, found by the training's own rules: those for any recipe, and with
    `config` those for that recipe, whose test folds then count.

    test_folds: the folds that a training will hold out; duplicates and recordings on both sides of the split are
    reported as such. Without them, those in more than one fold are. Raises UserError where there is nothing to report
    on: no data, a broken list, no such fold.
    """
    wanted = config.data if config else DataSettings()
    manifest, missing = read_present(folder, collection or wanted.collection, wanted.licences)
    manifest.refuse_unknown_folds(test_folds)
    held_out = frozenset(test_folds or (config.data.test_folds if config else ()))
    folds = Counter(clip.fold for clip in manifest.clips if clip.fold)
    surveys = _surveys(manifest.clips, report)
    readable = [None if isinstance(survey, UserError) else survey for survey in surveys]
    seconds = [0.0 if survey is None else survey.duration_s for survey in readable]
    groups = find_duplicates(
        [clip.path for clip in manifest.clips],
        readable,
        lambda done, total: report(TrainingPreparing("Comparing possible duplicates", done, total)),
        [clip.part for clip in manifest.clips],
    )
    sides = Sides(manifest.clips, tuple(label.name for label in manifest.labels), held_out)
    findings = [
        *clip_findings(missing, manifest, surveys),
        *manifest.notes,
        *([] if manifest.has_own_vocabulary else look_alike_findings(manifest.labels)),
        *learning_findings(manifest),
        *silence_findings([survey.peak for survey in readable if survey is not None]),
        *split_findings(manifest, config, test_folds, seconds),
        *class_findings(manifest, folder, needs_split=len(folds) > 1),
        *duplicate_findings(groups, sides),
        *shared_source_findings(sides),
    ]
    return DataReport(
        name=manifest.name,
        layout=manifest.layout,
        n_clips=len(manifest.clips),
        minutes=round(sum(seconds) / 60, 3),
        classes=_contents(manifest, seconds),
        folds=tuple(sorted(folds.items())),
        findings=tuple(sorted(findings, key=lambda finding: _SEVERITIES.index(finding.severity))),
    )


def _surveys(clips: Sequence[LabelledClip], report: Report) -> list[ClipSurvey | UserError]:
    """Of every clip, in order; each file is decoded once, however many of its parts are clips."""
    files: dict[Path, list[int]] = defaultdict(list)
    for i, clip in enumerate(clips):
        files[clip.path].append(i)
    parts = [[clips[i].part for i in members] for members in files.values()]
    done: dict[int, ClipSurvey | UserError] = {}
    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        for members, found in zip(files.values(), pool.map(survey_parts, files, parts), strict=True):
            done |= zip(members, found, strict=True)
            report(TrainingPreparing("Reading the clips", len(done), len(clips)))
    return [done[i] for i in range(len(clips))]


def _contents(manifest: Manifest, seconds: Sequence[float]) -> tuple[ClassContent, ...]:
    """Clips and minutes of every label, in the labels' order; a clip of two labels counts for both."""
    n_clips, minutes = Counter[int](), defaultdict[int, float](float)
    for clip, duration_s in zip(manifest.clips, seconds, strict=True):
        for label in clip.labels:
            n_clips[label] += 1
            minutes[label] += duration_s / 60
    return tuple(
        ClassContent(label.name, n_clips[label.index], round(minutes[label.index], 3)) for label in manifest.labels
    )
