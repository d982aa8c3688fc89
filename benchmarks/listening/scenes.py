"""Composes scenes: sounds at known times and levels in the noise of a room, the same for the same seed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
import soundfile
from numpy.random import Generator
from numpy.typing import NDArray

from benchmarks.listening.active_part import active_part
from benchmarks.listening.floors import floor
from core.audio.decoding.decode import read_clip
from core.audio.resample import MODEL_SAMPLE_RATE as SAMPLE_RATE

_FADE = SAMPLE_RATE // 200
_MOST_TRIES = 1000


@dataclass(frozen=True, slots=True)
class Setting:
    """How scenes are composed; pairs are (lowest, highest)."""

    labels: tuple[str, ...] | None
    """The classes that sound; None for all of the data's."""
    floors: tuple[str, ...]
    """Kinds of noise."""
    floor_dbfs: tuple[float, float]
    """RMS of the noise."""
    peak_dbfs: tuple[float, float]
    """Highest sample of each sound."""
    gap_s: tuple[float, float]
    """From the end of a sound to the next one."""
    overlapping: float
    """Share of sounds that overlap another."""


_PLAIN_LABELS = (
    "dog rooster crying_baby church_bells siren clapping cat cow sheep crow sneezing laughing glass_breaking "
    "door_wood_knock car_horn chainsaw clock_alarm hand_saw keyboard_typing coughing snoring toilet_flush "
    "vacuum_cleaner helicopter thunderstorm pouring_water frog hen"
)

SETTINGS = {
    "plain": Setting(tuple(_PLAIN_LABELS.split()), ("pink",), (-62.0, -62.0), (-24.0, -9.0), (6.0, 13.0), 0.0),
    "hard": Setting(None, ("pink", "hiss", "hum"), (-70.0, -45.0), (-30.0, -9.0), (4.0, 12.0), 0.2),
}


@dataclass(frozen=True, slots=True)
class LabelledSound:
    """The active part of a clip: samples `(n,)` at 16 kHz, of any level."""

    label: str
    samples: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class PlacedSound:
    """What sounds when in a scene, seconds since it begins; peak_dbfs: its highest sample."""

    label: str
    onset_s: float
    offset_s: float
    peak_dbfs: float


@dataclass(frozen=True, slots=True)
class Scene:
    """samples: float32 `(n,)` at 16 kHz. floor: the noise alone. sounds: by onset."""

    samples: NDArray[np.float32]
    floor: NDArray[np.float32]
    sounds: tuple[PlacedSound, ...]

    @property
    def duration_s(self) -> float:
        """Length of the scene."""
        return len(self.samples) / SAMPLE_RATE

    def write(self, path: Path) -> None:
        """Write the scene as a WAV file of float samples, so that soft noise keeps its spectrum."""
        soundfile.write(path, self.samples, SAMPLE_RATE, subtype="FLOAT")


def deck(clips: Sequence[tuple[str, Path]], rng: Generator) -> Iterator[LabelledSound]:
    """Active parts of the clips `(label, path)` without end: all of them shuffled, then all again."""
    while clips:
        n_sounds = 0
        for place in rng.permutation(len(clips)):
            label, path = clips[int(place)]
            part = active_part(read_clip(path))
            if part is not None:
                n_sounds += 1
                yield LabelledSound(label, part)
        if not n_sounds:
            return


def compose(sounds: Iterator[LabelledSound], setting: Setting, duration_s: float, rng: Generator) -> Scene:
    """A scene with as many `sounds` as fit, each whole and followed by a gap."""
    n_samples = round(duration_s * SAMPLE_RATE)
    noise = floor(n_samples, setting.floors, setting.floor_dbfs, rng)
    samples, placed = noise.copy(), []
    for start, sound in _places(sounds, setting, n_samples, rng):
        peak_dbfs = float(rng.uniform(*setting.peak_dbfs))
        part = _at_level(sound.samples, peak_dbfs)
        samples[start : start + len(part)] += part
        end = start + len(part)
        placed.append(PlacedSound(sound.label, start / SAMPLE_RATE, end / SAMPLE_RATE, peak_dbfs))
    return Scene(samples, noise, tuple(placed))


def _places(
    sounds: Iterator[LabelledSound], setting: Setting, n_samples: int, rng: Generator
) -> Iterator[tuple[int, LabelledSound]]:
    """First sample of each sound, in order of time. Two of them overlap, or none: so the share of pairs is lower than
    the share of sounds in them."""
    share_of_pairs = setting.overlapping / (2 - setting.overlapping)
    time = 0
    while True:
        first = next(sounds)
        group = [(0, first)]
        if rng.random() < share_of_pairs:
            # Twice the same label at once could not be told from once.
            other = next(sound for sound in islice(sounds, _MOST_TRIES) if sound.label != first.label)
            group.append((round(rng.uniform(0.2, 0.8) * len(first.samples)), other))
        start = time + _gap(setting, rng)
        time = start + max(offset + len(sound.samples) for offset, sound in group)
        if time + round(setting.gap_s[0] * SAMPLE_RATE) > n_samples:
            return
        yield from ((start + offset, sound) for offset, sound in group)


def _gap(setting: Setting, rng: Generator) -> int:
    return round(float(rng.uniform(*setting.gap_s)) * SAMPLE_RATE)


def _at_level(samples: NDArray[np.float32], peak_dbfs: float) -> NDArray[np.float32]:
    """The sound with that peak, its first and last 5 ms faded, so that a cut is not a click."""
    fade = min(_FADE, len(samples) // 2)
    rise = np.linspace(0, 1, fade + 2, dtype=np.float32)[1:-1]
    sound = samples.copy()
    sound[:fade] *= rise
    sound[len(sound) - fade :] *= rise[::-1]
    return sound * np.float32(10 ** (peak_dbfs / 20) / np.abs(sound).max())
