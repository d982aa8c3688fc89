"""Notes the onsets of sounds in a stream and the frames of a window, and says how long the one takes to the other."""

from __future__ import annotations

import time
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import islice, takewhile
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from core.audio.block import AudioBlock
from core.audio.sources.source import Source

LOUD, QUIET_FOR_S = 10 ** (-40 / 20), 1.5
"""An onset is the first sample above this after so long below it."""
LONGEST_S = 3.0
"""A sound without a new class until then is missed."""


@dataclass(frozen=True, slots=True)
class Onset:
    """at_s: in the stream. moment_s: `time.monotonic()` when it sounded."""

    at_s: float
    moment_s: float


@dataclass(frozen=True, slots=True)
class Painting:
    """painted_s: `time.monotonic()` after it. shown_s: the end of the scores on show, in the stream. heard: classes."""

    painted_s: float
    shown_s: float
    heard: frozenset[int]


@dataclass(slots=True)
class Followed:
    """What was noted while the window listened."""

    onsets: list[Onset] = field(default_factory=list[Onset])
    blocks: list[tuple[float, float]] = field(default_factory=list[tuple[float, float]])
    """For each block its end in the stream, and when that sounded."""
    input_latencies_s: list[float] = field(default_factory=list[float])
    """For each block how late the input says that it is: it counts as part of all times."""
    windows: list[tuple[float, float]] = field(default_factory=list[tuple[float, float]])
    """For each window its end in the stream, and when the GUI thread took its scores."""
    paintings: list[Painting] = field(default_factory=list[Painting])


class FollowedSource:
    """A source whose onsets are noted as its blocks are read."""

    def __init__(self, source: Source, followed: Followed) -> None:
        self._source, self._followed = source, followed
        self._quiet_from_s = 0.0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._source, name)

    def read(self, timeout_s: float) -> AudioBlock | None:
        """See `Source`."""
        block = self._source.read(timeout_s)
        if block is not None and len(block.samples):
            self._note(block, time.monotonic() - self._source.latency_s)
        return block

    def _note(self, block: AudioBlock, heard_s: float) -> None:
        end_s = block.end_sample / block.sample_rate
        self._followed.blocks.append((end_s, heard_s))
        self._followed.input_latencies_s.append(self._source.latency_s)
        loud = np.flatnonzero(np.abs(block.samples) > LOUD)
        if not len(loud):
            return
        first_s = (block.start_sample + int(loud[0])) / block.sample_rate
        if first_s - self._quiet_from_s >= QUIET_FOR_S:
            self._followed.onsets.append(Onset(first_s, heard_s - (end_s - first_s)))
        self._quiet_from_s = (block.start_sample + int(loud[-1])) / block.sample_rate


def figures_of(followed: Followed, from_s: float) -> dict[str, Any]:
    """What was measured of the stream from a moment of it on."""
    onsets = [onset for onset in followed.onsets if onset.at_s >= from_s]
    ends_s, taken_s = np.array([one for one in followed.windows if one[0] >= from_s]).reshape(-1, 2).T
    block_ends_s, moments_s = np.array(followed.blocks, np.float64).reshape(-1, 2).T
    to_tag = [_to_tag_s(onset, followed.paintings) for onset in onsets]
    named = [latency_s for latency_s in to_tag if latency_s is not None]
    to_screen = _painted_s(followed.paintings, np.array([onset.at_s for onset in onsets]), "right")
    sounded_s = np.interp(ends_s, block_ends_s, moments_s)
    return {
        "input_latency_ms": _summary(np.array(followed.input_latencies_s)),
        "sounds": len(onsets),
        "sounds_without_a_tag": len(onsets) - len(named),
        "sound_to_tag_ms": _summary(np.array(named)),
        "sound_to_screen_ms": _summary(to_screen - [onset.moment_s for onset in onsets]),
        "window_to_scores_ms": _summary(taken_s - sounded_s),
        "window_to_screen_ms": _summary(_painted_s(followed.paintings, ends_s - 1e-3) - sounded_s),
    }


def _to_tag_s(onset: Onset, paintings: Sequence[Painting]) -> float | None:
    """Until the first painted frame with a class that was not there before the sound; None for a missed one."""
    first = bisect_left(paintings, onset.moment_s, key=lambda one: one.painted_s)
    known = paintings[first - 1].heard if first else frozenset[int]()
    after = takewhile(lambda one: one.painted_s <= onset.moment_s + LONGEST_S, islice(paintings, first, None))
    return next((one.painted_s - onset.moment_s for one in after if one.heard - known), None)


def _painted_s(
    paintings: Sequence[Painting], ends_s: NDArray[np.float64], side: Literal["left", "right"] = "left"
) -> NDArray[np.float64]:
    """When scores of windows with these ends ("right": beyond these) or newer ones were painted; else not a number."""
    shown_s = np.maximum.accumulate([one.shown_s for one in paintings]) if paintings else np.zeros(0)
    painted_s = np.array([*(one.painted_s for one in paintings), np.nan])
    return painted_s[np.searchsorted(shown_s, ends_s, side)]


def _summary(latencies_s: NDArray[np.float64]) -> dict[str, int]:
    """Median, 95th percentile and the longest, in ms; nothing where nothing was measured."""
    known = latencies_s[np.isfinite(latencies_s)]
    if not len(known):
        return {}
    found = {"median": np.median(known), "p95": np.percentile(known, 95), "longest": known.max()}
    return {name: round(1000 * float(value)) for name, value in found.items()}
