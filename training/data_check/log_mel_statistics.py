"""Measures the raw log-mel of a data set, for a recipe's `mean` and `std`, and how loud its classes are.

It is measured in three ways: over real frames alone, as this program trains; with clips cut or padded with zeros to one
length, as AST's code feeds them; and with SpecAugment's zeros too, as AST's code measures (it leaves its masks on; a
raw zero is louder than most sound, and raises the mean). Clips are read one by one, so that memory does not grow.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.audio.frame_rate import FRAMES_PER_SECOND
from core.audio.log_mel import LogMel, LogMelConfig
from core.errors import UserError
from core.run.messages import TrainingPreparing
from core.unforeseen import unforeseen
from training.data.manifest import Manifest, read_manifest
from training.data_check.clip_survey import decode

AUDIOSET = LogMelConfig().mean, LogMelConfig().std
"""What the published weights were trained with."""

MASK_MELS, MASK_FRAMES = 24, 192
"""Widest masks while AST's code measures (its get_norm_stats), one of each in every clip."""

# Far from AudioSet: 2 nepers of power are 8.7 dB.
_FAR_MEAN, _FAR_RATIO = 2.0, 1.3
_QUIETEST_DB = -120.0


@dataclass(frozen=True, slots=True)
class Moments:
    """Count, sum and sum of squares of many numbers."""

    n: int = 0
    total: float = 0.0
    squares: float = 0.0

    def __add__(self, other: Moments) -> Moments:
        return Moments(self.n + other.n, self.total + other.total, self.squares + other.squares)

    @classmethod
    def of(cls, values: NDArray[np.float32]) -> Moments:
        """Of `values`, summed in double precision."""
        wide = values.astype(np.float64)
        return cls(wide.size, float(wide.sum()), float(np.vdot(wide, wide)))

    @property
    def mean(self) -> float:
        """Mean; 0 of no numbers."""
        return self.total / self.n if self.n else 0.0

    @property
    def std(self) -> float:
        """Population standard deviation."""
        return float(np.sqrt(max(0.0, self.squares / self.n - self.mean**2))) if self.n else 0.0


@dataclass(frozen=True, slots=True)
class MeanAndStd:
    """Two settings of a recipe."""

    mean: float
    std: float


@dataclass(frozen=True, slots=True)
class LevelRange:
    """RMS levels of the clips of a label."""

    label: str
    n_clips: int
    """Readable clips of the label."""
    lowest_db: float
    """dBFS, as are the others."""
    median_db: float
    highest_db: float


@dataclass(frozen=True, slots=True)
class DataStatistics:
    """What was measured of a data set, in the three ways that the module describes."""

    name: str
    """The data set."""
    n_clips: int
    """All its clips, the unreadable ones too."""
    n_unreadable: int
    """Clips that were left out."""
    frames: int
    """Length that clips are cut or padded to."""
    real: MeanAndStd
    """Over real frames alone."""
    padded: MeanAndStd
    """With zeros up to `frames`."""
    masked: MeanAndStd
    """With the zeros of SpecAugment too."""
    levels: tuple[LevelRange, ...]
    """Of every label that has clips."""

    def is_far_from_audioset(self) -> bool:
        """Whether these sounds have quite another level or spread than those of AudioSet, over real frames."""
        theirs = audioset_real()
        ratio = self.real.std / theirs.std
        return abs(self.real.mean - theirs.mean) > _FAR_MEAN or not 1 / _FAR_RATIO < ratio < _FAR_RATIO

    def to_json(self) -> str:
        """One JSON object."""
        audioset = {"published": asdict(MeanAndStd(*AUDIOSET)), "real": asdict(audioset_real())}
        return json.dumps({**asdict(self), "audioset": audioset, "far_from_audioset": self.is_far_from_audioset()})


@dataclass(frozen=True, slots=True)
class _ClipSums:
    real: Moments
    padded: Moments
    masked: Moments
    level_db: float


def audioset_real() -> MeanAndStd:
    """AudioSet's figures over real frames: the published ones without the zeros in them, as far as these are known
    (998 frames of 10 s padded to 1024, masks of half their widest on average; mixup is not undone)."""
    mean, std = AUDIOSET
    real = 998 / 1024 * (1 - MASK_FRAMES / 2 / 1024) * (1 - MASK_MELS / 2 / 128)
    real_mean = mean / real
    return MeanAndStd(round(real_mean, 4), round(float(np.sqrt((mean**2 + std**2) / real - real_mean**2)), 4))


def measure(
    folder: Path,
    collection: str,
    frames: int,
    generator: np.random.Generator,
    report: Callable[[TrainingPreparing], None],
    max_s: float = 10.24,
) -> DataStatistics:
    """Measure the first `max_s` seconds of every clip. frames: the length that clips are cut or padded to. Raises
    UserError when no clip can be read."""
    manifest = read_manifest(folder, collection)
    draws = generator.random((len(manifest.clips), 4))
    log_mel, longest = LogMel(), round(max_s * FRAMES_PER_SECOND)

    def look(index: int) -> _ClipSums | None:
        path = manifest.clips[index].path
        try:
            samples = decode(path, manifest.clips[index].part).resampled[: log_mel.config.samples_for(longest)]
            return _sums(samples, log_mel(samples), frames, draws[index])
        except UserError:
            return None
        except Exception as error:  # one broken clip does not stop the others
            unforeseen(path, "measured", error)
            return None

    found: list[_ClipSums | None] = []
    totals = [Moments(), Moments(), Moments()]
    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        for sums in pool.map(look, range(len(manifest.clips))):
            found.append(sums)
            report(TrainingPreparing("Measuring the clips", len(found), len(manifest.clips)))
            if sums is not None:
                totals = [a + b for a, b in zip(totals, (sums.real, sums.padded, sums.masked), strict=True)]
    if not totals[0].n:
        raise UserError(f"No clip of {manifest.name} can be read.", "Run `soundmark check` to see why.")
    real, padded, masked = (MeanAndStd(round(total.mean, 4), round(total.std, 4)) for total in totals)
    n_unreadable = sum(sums is None for sums in found)
    levels = _level_ranges(manifest, [None if sums is None else sums.level_db for sums in found])
    return DataStatistics(manifest.name, len(found), n_unreadable, frames, real, padded, masked, levels)


def _sums(
    samples: NDArray[np.float32], log_mel: NDArray[np.float32], frames: int, draws: NDArray[np.float64]
) -> _ClipSums:
    cut = log_mel[:frames]
    zeros = Moments(frames * log_mel.shape[1] - cut.size)
    kept = cut.copy()
    for axis, length, widest in ((0, frames, MASK_FRAMES), (1, log_mel.shape[1], MASK_MELS)):
        begin, end = mask_span(length, min(widest, length), draws[2 * axis], draws[2 * axis + 1])
        (kept if axis == 0 else kept.T)[begin:end] = 0.0
    rms = float(np.sqrt(np.square(samples, dtype=np.float64).mean())) if len(samples) else 0.0
    level_db = 20 * np.log10(rms) if rms > 0 else _QUIETEST_DB
    return _ClipSums(Moments.of(log_mel), Moments.of(cut) + zeros, Moments.of(kept) + zeros, level_db)


def mask_span(length: int, widest: int, width_draw: float, place_draw: float) -> tuple[int, int]:
    """First cell of a SpecAugment mask and the one after its last, by two uniform draws: any width under `widest`, any
    place."""
    width = width_draw * widest
    begin = int(place_draw * (length - width))
    return begin, begin + int(width)


def _level_ranges(manifest: Manifest, levels_db: Sequence[float | None]) -> tuple[LevelRange, ...]:
    of_label: dict[int, list[float]] = {label.index: [] for label in manifest.labels}
    for clip, level_db in zip(manifest.clips, levels_db, strict=True):
        if level_db is not None:
            for label in clip.labels:
                of_label[label].append(level_db)
    return tuple(
        LevelRange(label.name, len(some), *(round(float(q), 1) for q in np.quantile(some, (0, 0.5, 1))))
        for label in manifest.labels
        if (some := of_label[label.index])
    )
