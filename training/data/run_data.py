"""Reads, splits and decodes the clips of a run, and determines their normalisation."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.audio.log_mel import LogMelConfig
from core.labels import LabelSet
from core.run.messages import TrainingMessage, TrainingPreparing
from core.throttle import Throttle
from training.config.recipe import TrainConfig
from training.data.clip_frames import ClipFrames, frame_statistics, load_clips
from training.data.clip_sounds import ClipSounds, load_sounds
from training.data.data_rules import learning_findings, silence_findings
from training.data.label_rules import refuse
from training.data.manifest import LabelledClip, Manifest, Split, read_manifest
from training.text import join_names

_log = logging.getLogger(__name__)
_SECONDS_BETWEEN_REPORTS = 0.3


@dataclass(frozen=True, slots=True)
class SplitSounds:
    """The waveforms of the three sides of a split."""

    train: ClipSounds
    validation: ClipSounds | None
    """None without validation clips."""
    test: ClipSounds | None
    """None without held-out clips."""


@dataclass(frozen=True, slots=True)
class RunData:
    """The clips of a run."""

    manifest: Manifest
    split: Split
    train: ClipFrames
    validation: ClipFrames | None
    """None without validation clips."""
    test: ClipFrames | None
    """None without held-out clips."""
    log_mel: LogMelConfig
    """The front end, with the statistics that the clips are normalised with."""
    sounds: SplitSounds | None = None
    """The clips' waveforms, for a recipe that mixes scenes."""

    @property
    def learned(self) -> NDArray[np.bool_]:
        """The labels that training clips have, `(labels,)`."""
        return np.asarray(self.train.targets.any(axis=0))

    def floor_labels(self, names: Sequence[str]) -> NDArray[np.bool_]:
        """`(labels,)`, whether a label's name or id is among `names`; the log says which of them the data lack."""
        labels = self.manifest.labels
        unknown = set(names) - {label.name for label in labels} - {label.id for label in labels}
        if unknown:
            _log.warning("Note: the data have no %s, of which floors could be made.", join_names(sorted(unknown), 3))
        return np.array([label.name in names or label.id in names for label in labels])

    def identity(self) -> dict[str, Any]:
        """What must not change for a run to be resumed: labels, each clip's name, labels, fold and group,
        statistics."""
        # Without the folders above the clip's own: the data may have been moved.
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
    """Start and end of a part; nothing for a whole file, so that runs from before parts existed can be resumed."""
    return () if clip.part.is_whole else (clip.part.start_s, clip.part.end_s)


def load_run_data(
    config: TrainConfig,
    folder: Path,
    start: LogMelConfig | None,
    report: Callable[[TrainingMessage], None],
    more_labels: LabelSet | None = None,
) -> RunData:
    """Read and decode the clips that the recipe asks for. Raises UserError.

    start: the front end of the initial checkpoint, if any, whose statistics its weights were trained with.
    more_labels: a teacher's, learned beside those of the data.
    """
    manifest = read_manifest(folder, config.data.collection, config.data.licences)
    if more_labels is not None:
        manifest = replace(manifest, labels=manifest.labels.joined_with(more_labels))
    refuse(learning_findings(manifest))
    for note in manifest.notes:
        _log.warning("Note: %s", note.text)
    split = manifest.split(config.data.test_folds, config.data.validation_folds, config.data.validation_share)
    front_end = start or LogMelConfig()
    if config.start.mel_window:
        front_end = replace(front_end, window=config.start.mel_window)

    def load(clips: tuple[LabelledClip, ...], side: str) -> ClipFrames | None:
        decoded = _decoding_reports(side, report)
        return load_clips(clips, len(manifest.labels), front_end, report=decoded) if clips else None

    train = load(split.train, "training")
    assert train is not None, "split refuses an empty training side"
    if config.data.std:
        front_end = replace(front_end, mean=config.data.mean, std=config.data.std)
    elif start is None:
        mean, std = frame_statistics(train)
        refuse(silence_findings([std]))
        front_end = replace(front_end, mean=round(mean, 4), std=round(std, 4))
    sounds = _sounds_of(split, front_end.sample_rate, report) if config.scenes.scenes else None
    return RunData(
        manifest, split, train, load(split.validation, "validation"), load(split.test, "held-out"), front_end, sounds
    )


def _sounds_of(split: Split, sample_rate: int, report: Callable[[TrainingMessage], None]) -> SplitSounds:
    def load(clips: tuple[LabelledClip, ...], side: str) -> ClipSounds:
        return load_sounds(clips, sample_rate, report=_decoding_reports(f"{side} scenes'", report))

    return SplitSounds(
        load(split.train, "training"),
        load(split.validation, "validation") if split.validation else None,
        load(split.test, "held-out") if split.test else None,
    )


def _decoding_reports(side: str, report: Callable[[TrainingMessage], None]) -> Callable[[int, int], None]:
    """A function that reports a few times a second, and at the end, how many clips are decoded."""
    throttle = Throttle(_SECONDS_BETWEEN_REPORTS)

    def report_decoded(done: int, total: int) -> None:
        if done == total or throttle.is_due():
            throttle.restart()
            report(TrainingPreparing(f"Decoding {side} clips", done, total))

    return report_decoded
