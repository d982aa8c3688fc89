"""Turns folders of clips into scenes to listen to, and into backgrounds in which nothing happens."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from benchmarks.listening.floors import FLOORS, floor, recorded_floor
from benchmarks.listening.scenes import SETTINGS, LabelledSound, Scene, Setting, compose, deck
from core.audio.decoding.decode import read_clip
from core.audio.resample import MODEL_SAMPLE_RATE as SAMPLE_RATE
from training.data.manifest import read_manifest

SCENE_MINUTES = 10.0
"""A longer time is several scenes."""
_NOT_BACKGROUND = ("vacuum_cleaner", "street_noise")


def clips_of(folder: Path, fold: str, setting: Setting) -> list[tuple[str, Path]]:
    """Clips `(label, path)` of one fold, of the setting's classes."""
    manifest = read_manifest(folder)
    named = [(manifest.labels[clip.labels[0]].id, clip.path) for clip in manifest.clips if clip.fold == fold]
    return [(label, path) for label, path in named if setting.labels is None or label in setting.labels]


def scenes(clips: Sequence[tuple[str, Path]], setting: Setting, minutes: float, seed: int) -> Iterator[Scene]:
    """Scenes of at most ten minutes, `minutes` in all."""
    rng = np.random.default_rng(seed)
    sounds: Iterator[LabelledSound] = deck(clips, rng)
    return (compose(sounds, setting, 60 * part, rng) for part in _parts(minutes))


def backgrounds(data: Path, minutes: float, seed: int) -> Iterator[Scene]:
    """Scenes without any labelled sound: half of the time the three synthetic floors, half recorded rooms."""
    rng = np.random.default_rng([seed, 1])
    recordings = background_recordings(data)
    for part in _parts(minutes):
        half = round(part * 30 * SAMPLE_RATE)
        levels = SETTINGS["hard"].floor_dbfs
        samples = np.concatenate(
            [floor(half, tuple(FLOORS), levels, rng), recorded_floor(half, recordings, levels, rng)]
        )
        yield Scene(samples, samples, ())


def background_recordings(data: Path) -> list[np.ndarray]:
    """The test clips of quiet rooms and household noise, without those that hold a labelled sound."""
    return [
        read_clip(folder / row["path"])
        for folder in (data / "room_tone_quiet", data / "household_noise")
        for row in csv.DictReader((folder / "manifest.csv").read_text(encoding="utf-8").splitlines())
        if row["fold_or_split"] == "test" and row["label"] not in _NOT_BACKGROUND
    ]


def _parts(minutes: float) -> list[float]:
    n_parts = max(1, round(minutes / SCENE_MINUTES)) if minutes else 0
    return [minutes / n_parts] * n_parts
