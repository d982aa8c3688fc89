"""Synthesises everyday sounds, for a demo without recordings.

Each sound is a function of its length in seconds and a random generator; it returns `(n_samples,)` at 16 kHz, at any
level.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from core.audio.demo.waveforms import (
    SAMPLE_RATE,
    Signal,
    band,
    convolved,
    n_samples_in,
    phase_of,
    shaped,
    smoothed,
    struck,
    times,
    unit_rms,
    wander,
    with_echo,
)

# Ratio to the strike note, loudness, seconds until inaudible: a church bell's hum, prime, minor third, fifth, …
_BELL_PARTIALS = np.array(
    [
        (0.50, 0.45, 18.0),
        (1.00, 0.60, 11.0),
        (1.20, 0.90, 9.0),
        (1.50, 0.30, 6.0),
        (2.00, 1.00, 6.5),
        (2.51, 0.30, 3.6),
        (2.67, 0.35, 3.2),
        (3.01, 0.50, 3.4),
        (4.17, 0.40, 2.2),
        (5.43, 0.25, 1.5),
        (6.80, 0.15, 1.0),
        (8.21, 0.08, 0.7),
    ]
)


def clock_ticks(duration_s: float, rng: Generator) -> Signal:
    """A wall clock: tick and tock, each a click of the escapement and a second, softer one."""
    beats = np.zeros(n_samples_in(duration_s))
    for beat, begin_s in enumerate(np.arange(0.1, duration_s - 0.1, 0.5)):
        loudness = (1.0 if beat % 2 else 0.8) * rng.uniform(0.9, 1.1)
        for delay_s, share in ((0.0, 1.0), (0.022 + rng.uniform(0, 0.002), 0.45)):
            beats[n_samples_in(begin_s + delay_s)] += loudness * share
    click = struck([1900, 3150, 4700, 6200, 420], [1.0, 0.8, 0.7, 0.4, 0.35], [0.06, 0.045, 0.035, 0.03, 0.12], 0.15)
    return convolved(beats, click * (1 + 0.3 * rng.standard_normal(len(click))))


def church_bells(duration_s: float, rng: Generator) -> Signal:
    """Three bells rung in turn, each with partials that die away at their own speed and beat slightly."""
    sound = np.zeros(n_samples_in(duration_s))
    notes_hz = (523.3, 466.2, 392.0)
    for stroke, begin_s in enumerate(np.arange(0.0, duration_s - 0.3, 0.85)):
        note = _bell(notes_hz[stroke % 3], duration_s - begin_s, rng) * rng.uniform(0.8, 1.0)
        begin = len(sound) - len(note)
        sound[begin:] += note
    return with_echo(sound, ((0.043, 0.3), (0.091, 0.22), (0.157, 0.15)))


def _bell(note_hz: float, duration_s: float, rng: Generator) -> NDArray[np.float64]:
    ratios, gains, decays_s = _BELL_PARTIALS.T
    beating = rng.uniform(0.3, 1.2, len(ratios))
    tone = struck(ratios * note_hz, gains, decays_s, duration_s)
    tone += struck(ratios * note_hz + beating, 0.5 * gains, decays_s, duration_s)
    attack = struck([2600, 4100, 5900], [0.2, 0.2, 0.1], [0.04, 0.03, 0.02], duration_s)
    return tone + attack


def siren(duration_s: float, rng: Generator) -> Signal:
    """A wailing siren driving past: up fast, down slowly, a little overdriven, with echoes of the street."""
    time_s = times(duration_s)
    phase = time_s / 2.6 + rng.uniform(0, 1)
    rise = phase % 1.0
    height = np.where(rise < 0.4, rise / 0.4, (1 - rise) / 0.6)
    hz = 620 * 2 ** (1.25 * np.sin(0.5 * np.pi * height))
    tone = np.tanh(2.2 * np.sin(phase_of(hz))) + 0.25 * np.sin(2 * phase_of(hz))
    nearness = 0.35 + 0.65 * np.exp(-(((time_s - 0.55 * duration_s) / (0.35 * duration_s)) ** 2))
    return with_echo(tone * nearness, ((0.061, 0.35), (0.137, 0.25), (0.231, 0.18), (0.390, 0.1)))


def alarm_beeps(duration_s: float, rng: Generator) -> Signal:
    """A digital alarm clock: four short beeps a second, from a small piezo disc."""
    time_s = times(duration_s)
    pitch_hz = 2048 * rng.uniform(0.98, 1.02)
    tone = sum(gain * np.sin(2 * np.pi * n * pitch_hz * time_s) for n, gain in ((1, 1.0), (2, 0.25), (3, 0.45)))
    within_s = time_s % 1.0
    is_on = (within_s < 0.5) & (within_s % 0.125 < 0.0625)
    return tone * smoothed(is_on.astype(float), 0.002)


def rain(duration_s: float, rng: Generator) -> Signal:
    """Steady rain: the hiss of distant drops, and distinct near ones."""
    n_samples = n_samples_in(duration_s)
    hiss = shaped(rng.standard_normal(n_samples), lambda hz: band(hz, 500, 7500, 1.0) / (1 + hz / 4000))
    drops = (rng.random(n_samples) < 350 / SAMPLE_RATE) * rng.lognormal(0.0, 0.6, n_samples)
    drops *= rng.choice((-1.0, 1.0), n_samples)
    splash = struck([1100, 2300, 3700, 5600], [0.4, 0.8, 1.0, 0.8], [0.02, 0.012, 0.008, 0.006], 0.03)
    return unit_rms(hiss) + np.tanh(0.9 * unit_rms(convolved(drops, splash)) / 3) * 3


def wind(duration_s: float, rng: Generator) -> Signal:
    """Gusts: a low rumble, and a whistle that rises in pitch and loudness with the gust."""
    n_samples = n_samples_in(duration_s)
    gust = wander(n_samples, 0.45, rng)
    white = rng.standard_normal(n_samples)
    edges_hz = np.geomspace(60, 3200, 9)
    sound = np.zeros(n_samples)
    for low_hz, high_hz in pairwise(edges_hz):
        stripe = unit_rms(shaped(white, lambda hz, a=low_hz, b=high_hz: band(hz, a, b, 2.0)))
        threshold = np.log(low_hz / 60) / np.log(3200 / 60)  # the higher, the stronger the gust must be
        loudness = 1 / (1 + np.exp(-8 * (gust + 0.25 * wander(n_samples, 2.0, rng) - threshold)))
        sound += stripe * loudness * (100 / low_hz) ** 0.45
    whistle_hz = 380 + 420 * gust + 25 * wander(n_samples, 4.0, rng)
    whistle = np.sin(phase_of(whistle_hz) + 2.0 * wander(n_samples, 30.0, rng))
    return unit_rms(sound) + 0.25 * whistle * np.clip(gust - 0.3, 0, None) ** 1.5


def engine(duration_s: float, rng: Generator) -> Signal:
    """A four-cylinder engine idling, then revved once: harmonics of half the firing rate, slightly uneven."""
    n_samples = n_samples_in(duration_s)
    time_s = times(duration_s)
    revving = np.exp(-(((time_s - 0.6 * duration_s) / (0.16 * duration_s)) ** 2))
    firing_hz = 27 + 38 * revving + 0.8 * wander(n_samples, 9.0, rng)
    phase = 0.5 * phase_of(firing_hz)
    sound = np.zeros(n_samples)
    for order in range(1, 60):
        hz = 0.5 * order * firing_hz
        gain = (1.0 if order % 4 == 0 else 0.75 if order % 2 == 0 else 0.3) / (1 + (hz / 180) ** 1.1)
        gain = gain * (1 + 1.2 * np.exp(-(((hz - 420) / 160) ** 2)))
        sound += gain * np.sin(order * phase + rng.uniform(0, 2 * np.pi)) * (1 + 0.25 * wander(n_samples, 14.0, rng))
    hiss = unit_rms(shaped(rng.standard_normal(n_samples), lambda hz: band(hz, 200, 5000, 1.0) / (1 + hz / 700)))
    strokes = 0.4 + 0.6 * np.clip(np.sin(2 * phase), 0, 1) ** 2
    return (unit_rms(sound) + 0.35 * hiss * strokes) * (0.6 + 0.9 * revving)


def room_noise(duration_s: float, rng: Generator) -> Signal:
    """The faint noise of a quiet room and its microphone."""
    white = rng.standard_normal(n_samples_in(duration_s))
    return unit_rms(shaped(white, lambda hz: 1 / (1 + hz / 300) ** 0.7))
