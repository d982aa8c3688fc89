"""Mixes one scene: sounds at random levels and places over a noise floor, and when each of them can be heard."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from training.config.augmentation import AugmentationSettings
from training.config.scenes import SceneSettings
from training.scenes.activity import active_span, activity, frame_levels_db
from training.scenes.filters import filtered
from training.scenes.floors import noise_floor, recorded_floor

_SHORTEST_REVERB_S = 0.1
_MOST_OF_SCENE = 0.8
"""Of a scene's length: how long a sound among others may be."""
_UNDER_PEAK_DB = 10.0
"""A floor lies at least so far under the softest sound."""

DrawClip = Callable[[np.random.Generator], tuple[int, NDArray[np.float32]]]
"""Draws a clip: its index, and its samples."""


@dataclass(frozen=True, slots=True)
class SceneSound:
    """A sound in a scene."""

    clip: int
    """Index of its clip."""
    state: NDArray[np.int8]
    """When it can be heard, `(n_frames,)`: see `activity`."""


@dataclass(frozen=True, slots=True)
class Scene:
    """A mixed waveform, and what is in it."""

    samples: NDArray[np.float32]
    """`(n_samples,)`, within -1 and 1."""
    sounds: tuple[SceneSound, ...]
    """Every sound of which at least a part lies in the scene."""
    floor: int | None = None
    """Index of the clip that is its floor; None where the floor is made."""


class SceneMixer:
    """Mixes scenes by a recipe.

    sample_rate: Hz. draw_clip: gives the clips. draw_floor: gives recorded rooms; None where all floors are made. The
    mixer has no state: the same generator gives the same scene.
    """

    def __init__(
        self,
        settings: SceneSettings,
        augmentation: AugmentationSettings,
        sample_rate: int,
        draw_clip: DrawClip,
        draw_floor: DrawClip | None = None,
    ) -> None:
        self._settings, self._augmentation = settings, augmentation
        self._rate, self._hop, self._draw, self._draw_floor = sample_rate, sample_rate // 100, draw_clip, draw_floor

    def mix(self, n_samples: int, rng: np.random.Generator) -> Scene:
        """A scene of `n_samples`: nothing but floor, one clip alone, or several sounds."""
        settings, kind = self._settings, rng.random()
        if kind < settings.empty_share:
            pieces = []
        elif kind < settings.empty_share + settings.single_share:
            pieces = [self._single(n_samples, rng)]
        else:
            mean = settings.sounds_per_10s * n_samples / (10 * self._rate)
            pieces = [self._placed(n_samples, rng) for _ in range(1 + rng.poisson(max(0.0, mean - 1)))]
        levels = rng.uniform(settings.lowest_peak_db, settings.highest_peak_db, len(pieces))
        tracks = [self._track(*piece, n_samples, level, rng) for piece, level in zip(pieces, levels, strict=True)]
        highest = min([settings.highest_floor_db, *(level - _UNDER_PEAK_DB for level in levels)])
        floor_db = rng.uniform(settings.lowest_floor_db, max(highest, settings.lowest_floor_db))
        floor, samples = self._floor(n_samples, floor_db, rng)
        for _, track, _ in tracks:
            samples = samples + track
        samples = samples / max(1.0, float(np.abs(samples).max()))
        return Scene(samples.astype(np.float32), self._heard(tracks, n_samples, floor_db), floor)

    def _floor(
        self, n_samples: int, level_db: float, rng: np.random.Generator
    ) -> tuple[int | None, NDArray[np.float32]]:
        """The clip that is the scene's floor, None where it is made, and its samples."""
        if self._draw_floor is None or rng.random() >= self._settings.recorded_floor_share:
            return None, noise_floor(n_samples, self._rate, level_db, rng)
        clip, recording = self._draw_floor(rng)
        recording = filtered(recording, self._rate, rng, tilt_db=self._augmentation.tilt_db)
        return clip, recorded_floor(recording, n_samples, self._rate, level_db, rng)

    def _single(self, n_samples: int, rng: np.random.Generator) -> tuple[int, NDArray[np.float32], int]:
        """A clip alone: the loudest of three random cuts of a long one, a random place for a short one."""
        clip, samples = self._draw(rng)
        spare = len(samples) - n_samples
        if spare <= 0:
            return clip, samples, int(rng.integers(0, 1 - spare))
        starts = rng.integers(0, spare + 1, 3)
        best = max(starts, key=lambda start: float(np.abs(samples[start : start + n_samples]).max()))
        return clip, samples, -int(best)

    def _placed(self, n_samples: int, rng: np.random.Generator) -> tuple[int, NDArray[np.float32], int]:
        """The sounding part of a clip somewhere in the scene; it may have begun before, and may go on after it."""
        clip, samples = self._draw(rng)
        first, end = active_span(samples, self._hop)
        longest = int(_MOST_OF_SCENE * n_samples)
        if end - first > longest:
            length = int(rng.integers(min(longest, self._rate // 2), longest + 1))
            first = int(rng.integers(first, end - length + 1))
            end = first + length
        samples = samples[first:end]
        return clip, samples, int(rng.integers(-len(samples) // 3, max(1, n_samples - len(samples) // 3)))

    def _track(
        self,
        clip: int,
        samples: NDArray[np.float32],
        first: int,
        n_samples: int,
        peak_db: float,
        rng: np.random.Generator,
    ) -> tuple[int, NDArray[np.float32], float]:
        """The clip's index, its waveform in the scene, and the level of its loudest 10 ms, dBFS."""
        # A long clip's far parts are not heard: only what lies around the scene is filtered.
        margin = self._rate
        skipped = max(0, -first - margin)
        samples = samples[skipped : skipped + n_samples + 2 * margin]
        first += skipped
        reverb_s = 0.0
        if rng.random() < self._settings.reverb_share:
            reverb_s = rng.uniform(_SHORTEST_REVERB_S, max(_SHORTEST_REVERB_S, self._settings.longest_reverb_s))
        samples = filtered(
            samples,
            self._rate,
            rng,
            tilt_db=self._augmentation.tilt_db,
            is_lowpassed=bool(rng.random() < self._augmentation.lowpass),
            reverb_s=reverb_s,
        )
        peak = float(np.abs(samples).max(initial=0.0))
        scale = 10 ** (peak_db / 20) / peak if peak > 0 else 0.0
        samples = samples * np.float32(scale)
        levels = frame_levels_db(samples, max(1, len(samples) // self._hop), self._hop)
        track = np.zeros(n_samples, np.float32)
        begin, end = max(0, first), min(n_samples, first + len(samples))
        if end > begin:
            track[begin:end] = samples[begin - first : end - first]
        return clip, track, float(levels.max())

    def _heard(
        self, tracks: list[tuple[int, NDArray[np.float32], float]], n_samples: int, floor_db: float
    ) -> tuple[SceneSound, ...]:
        n_frames = n_samples // self._hop
        levels = [frame_levels_db(track, n_frames, self._hop) for _, track, _ in tracks]
        powers = np.array([10 ** (level / 10) for level in levels])
        total = powers.sum(axis=0) + 10 ** (floor_db / 10)
        sounds = []
        for (clip, _, peak_db), level, power in zip(tracks, levels, powers, strict=True):
            others = 10 * np.log10(np.maximum(total - power, 1e-12))
            sounds.append(SceneSound(clip, activity(level, others, peak_db)))
        return tuple(sounds)
