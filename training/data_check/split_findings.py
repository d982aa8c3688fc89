"""Reports what a recipe's split would refuse, by the functions that refuse it when the training starts."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

from core.audio.frame_rate import FRAMES_PER_SECOND
from core.errors import UserError
from core.run.data_report import Finding
from training.batches.sampling import refuse_joined_windows
from training.config.recipe import DEFAULTS, TrainConfig
from training.data.data_rules import recording_findings
from training.data.layouts.clip_rows import FOLDS
from training.data.manifest import Manifest
from training.data_check.clip_findings import LONGEST_S

USUAL_TEST_FOLDS: tuple[str, ...] = DEFAULTS["test_folds"]
"""What a recipe holds out unless it says otherwise."""


def split_findings(
    manifest: Manifest, config: TrainConfig | None, test_folds: Collection[str], durations_s: Sequence[float]
) -> list[Finding]:
    """What prevents a training with the recipe `config`; without one, a training that holds out `test_folds`. Without
    either, what prevents recipes that hold out the usual folds, as a warning: other recipes may still work.

    durations_s: of the manifest's clips, 0 where one cannot be read."""
    if not manifest.clips:
        return []
    if config is not None:
        return _errors(lambda: _split(manifest, config, durations_s))
    if test_folds:
        return _errors(lambda: _learnable(manifest, test_folds))
    folds = {clip.fold for clip in manifest.clips}
    if not folds & set(USUAL_TEST_FOLDS):
        return [_other_folds(folds)]
    return [
        Finding("split", "warning", f"Recipes that hold out fold 5 refuse these clips: {found.text}", found.remedy)
        for found in _errors(lambda: _learnable(manifest, USUAL_TEST_FOLDS))
    ]


def _split(manifest: Manifest, config: TrainConfig, durations_s: Sequence[float]) -> list[Finding]:
    split = manifest.split(config.data.test_folds, config.data.validation_folds, config.data.validation_share)
    duration_of = dict(zip(manifest.clips, durations_s, strict=True))
    longest_s = min(LONGEST_S, max(duration_of[clip] for clip in split.train))
    if longest_s:  # else none could be read
        refuse_joined_windows(config, round(longest_s * FRAMES_PER_SECOND))
    fits_last_layer = config.start.freeze and not config.optimisation.frame_loss
    return recording_findings(split.train) if fits_last_layer else []


def _learnable(manifest: Manifest, test_folds: Collection[str]) -> list[Finding]:
    return recording_findings(manifest.split(test_folds).train)


def _errors(look: Callable[[], list[Finding]]) -> list[Finding]:
    try:
        return look()
    except UserError as error:
        return [Finding("split", "error", error.problem, error.remedy)]


def _other_folds(folds: Collection[str]) -> Finding:
    there = ", ".join(sorted(fold or "(none)" for fold in folds))
    usual = ", ".join(USUAL_TEST_FOLDS)
    text = f"Most recipes hold out fold {usual} for testing, but these clips have only: {there}."
    remedy = (
        "Set test_folds (and validation_folds) to some of these, or use the recipe few-clips, which holds out none."
    )
    are_ours = set(folds) <= set(
        FOLDS
    )  # too few clips for five folds; otherwise the owner of the list chose these names
    return Finding("split", "warning" if are_ours else "note", text, remedy)
