"""Composes forty seconds of synthetic everyday sounds: what sounds when, and how loud."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from core.audio.demo.sounds import alarm_beeps, church_bells, clock_ticks, engine, rain, room_noise, siren, wind
from core.audio.demo.voice import babble
from core.audio.demo.waveforms import Signal, n_samples_in

_FADE_S = 0.08
_NOISE_FLOOR_DBFS = -62.0


@dataclass(frozen=True, slots=True)
class ScenePart:
    """One sound of the scene."""

    start_s: float
    """When it starts."""
    end_s: float
    """When it ends."""
    name: str
    """For people."""
    label_id: str
    """The starter's label that it imitates."""
    peak_dbfs: float
    """Its peak level."""
    sound: Callable[[float, Generator], Signal]
    """Makes it, from its length in seconds and a random generator."""


SCENE: tuple[ScenePart, ...] = (
    ScenePart(1.5, 6.5, "Clock ticks", "clock_tick", -20.0, clock_ticks),
    ScenePart(7.0, 13.0, "Church bells", "church_bells", -12.0, church_bells),
    ScenePart(13.5, 18.5, "Rain", "rain", -16.0, rain),
    ScenePart(19.0, 24.0, "Siren", "siren", -14.0, siren),
    ScenePart(24.5, 28.0, "Alarm clock", "clock_alarm", -18.0, alarm_beeps),
    ScenePart(28.5, 33.0, "Engine", "engine", -12.0, engine),
    ScenePart(33.5, 37.0, "Voice", "speech", -17.0, babble),
    ScenePart(37.5, 42.5, "Wind", "wind", -15.0, wind),
)
SCENE_S = 43.5


def demo_scene(seed: int = 0) -> NDArray[np.float32]:
    """The whole scene at 16 kHz, float32 `(n_samples,)`; the same for the same seed. It can be looped."""
    rng = np.random.default_rng(seed)
    scene = room_noise(SCENE_S, rng) * _gain(_NOISE_FLOOR_DBFS)
    for part in SCENE:
        sound = _faded(part.sound(part.end_s - part.start_s, rng))
        first = n_samples_in(part.start_s)
        scene[first : first + len(sound)] += sound * (_gain(part.peak_dbfs) / np.abs(sound).max())
    return scene.astype(np.float32)


def _gain(dbfs: float) -> float:
    return 10 ** (dbfs / 20)


def _faded(sound: Signal) -> Signal:
    n_fade = n_samples_in(_FADE_S)
    ramp = np.linspace(0, 1, n_fade)
    ends = np.ones(len(sound))
    ends[-n_fade:] = ramp[::-1]
    ends[: n_fade // 8] = ramp[::8][: n_fade // 8]  # a fast fade-in, so that strokes keep their attack
    return sound * ends
