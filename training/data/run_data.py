"""The clips of a run: read, split, decoded, with their normalisation. Knows no model and no loop."""

from __future__ import annotations

import hashlib
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from core.audio.log_mel import LogMelConfig
from core.run.messages import TrainingMessage, TrainingPreparing
from training.config.recipe import TrainConfig
from training.data.clip_frames import ClipFrames, frame_statistics, load_clips
from training.data.data_rules import learning_findings, silence_findings
from training.data.label_rules import refuse
from training.data.manifest import LabelledClip, Manifest, Split, read_manifest

_log = logging.getLogger(__name__)
_SECONDS_BETWEEN_REPORTS = 0.3


@dataclass(frozen=True, slots=True)
class RunData:
    """The three sides of the split, None where a side is empty, and the front end with its statistics."""

    manifest: Manifest
    split: Split
    train: ClipFrames
    validation: ClipFrames | None
    test: ClipFrames | None
    log_mel: LogMelConfig

    def identity(self) -> dict[str, Any]:
        """What must be the same for a run to go on: labels, each clip's name, labels, fold and group, statistics."""
        # Without the folders above: the data may have moved.
        clips = [
            (clip.path.parent.name, clip.path.name, clip.labels, clip.fold, clip.group, *_part_of(clip))
            for clip in self.manifest.clips
        ]
        unknown = [clip.unknown for clip in self.manifest.clips]
        return {
            "labels": [label.id for label in self.manifest.labels],
            "clips": hashlib.sha256(repr([clips, unknown] if any(unknown) else clips).encode()).hexdigest(),
            "statistics": [self.log_mel.mean, self.log_mel.std],
        }


def _part_of(clip: LabelledClip) -> tuple[Any, ...]:
    """Nothing for a whole file: runs of such clips go on with what they had."""
    return () if clip.part.is_whole else (clip.part.start_s, clip.part.end_s)


def load_run_data(
    config: TrainConfig, folder: Path, start: LogMelConfig | None, report: Callable[[TrainingMessage], None]
) -> RunData:
    """Read and decode what the recipe wants. start: the front end of the checkpoint that the run begins with, whose
    statistics its weights are used to. Raises UserError."""
    manifest = read_manifest(folder, config.data.collection, config.data.licences)
    refuse(learning_findings(manifest))
    for note in manifest.notes:
        _log.warning("Note: %s", note.text)
    split = manifest.split(config.data.test_folds, config.data.validation_folds, config.data.validation_share)
    front_end = start or LogMelConfig()
    if config.start.mel_window:
        front_end = replace(front_end, window=config.start.mel_window)

    def load(clips: tuple[LabelledClip, ...], side: str) -> ClipFrames | None:
        tell = _sparsely(lambda done, total: report(TrainingPreparing(f"Decoding {side} clips", done, total)))
        return load_clips(clips, len(manifest.labels), front_end, report=tell) if clips else None

    train = load(split.train, "training")
    assert train is not None, "split refuses an empty training side"
    if config.data.std:
        front_end = replace(front_end, mean=config.data.mean, std=config.data.std)
    elif start is None:
        mean, std = frame_statistics(train)
        refuse(silence_findings([std]))
        front_end = replace(front_end, mean=round(mean, 4), std=round(std, 4))
    return RunData(
        manifest, split, train, load(split.validation, "validation"), load(split.test, "held-out"), front_end
    )


def _sparsely(tell: Callable[[int, int], None]) -> Callable[[int, int], None]:
    """`tell` a few times a second and at the end: nobody reads two thousand lines."""
    told = time.monotonic()

    def sometimes(done: int, total: int) -> None:
        nonlocal told
        if done == total or time.monotonic() - told > _SECONDS_BETWEEN_REPORTS:
            told = time.monotonic()
            tell(done, total)

    return sometimes
