"""Places decoded frames on their file's clock, so that missing sound becomes a gap.

The clock is the one that a player shows: 0 is the start of the file, whichever track starts there.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from av import AudioStream
from av.container import InputContainer
from numpy.typing import NDArray

LONGEST_FILLED_GAP_S = 10.24
"""Gaps up to this length, the window of the usual model, are filled with silence; after a longer one, windows and
events start again."""

# An encoder's delay, a container's rounding and the jitter of a recorder's clock are not gaps.
JITTER_S = 0.05
# The length of a missing packet; rounding makes smaller differences.
_LOSS_S = 0.01
# A recorder's two clocks may differ a little: it is not a gap until they are this far apart.
_MOST_DRIFT_S = 0.5
# Timestamps that jump back by more than this belong to another recording.
_NEW_CLOCK_S = 0.5
_MP4, _MATROSKA = "mov,mp4,m4a,3gp,3g2,mj2", "matroska,webm"


@dataclass(frozen=True, slots=True)
class DecodedFrame:
    """samples: float32 `(n,)`, mono. begin_s: its timestamp in seconds, None if the file has none."""

    samples: NDArray[np.float32]
    sample_rate: int
    begin_s: float | None

    @property
    def length_s(self) -> float:
        """Seconds of sound."""
        return len(self.samples) / self.sample_rate


@dataclass(frozen=True, slots=True)
class PlacedFrame:
    """start_s: where the frame starts on the file's clock. gap_s: seconds without sound before it, usually 0."""

    samples: NDArray[np.float32]
    sample_rate: int
    start_s: float
    gap_s: float


def clock_zero_s(container: InputContainer, track: AudioStream) -> float:
    """The timestamp, in seconds, at which the file's clock shows 0.

    Usually that is where the earliest track starts. MP4 and Matroska count from 0 even if no track starts there, except
    for fragments of a broadcast, whose header has neither the samples nor the length.
    """
    start_s = (container.start_time or 0) / 1e6
    name = container.format.name
    counts_from_zero = (name == _MP4 and track.frames > 0) or (
        name == _MATROSKA and start_s < (container.duration or 0) / 1e6
    )
    return min(0.0, start_s) if counts_from_zero else start_s


class FileClock:
    """Finds how much sound is missing before each frame. zero_s: the timestamp at which it shows 0.

    Timestamps that go back never remove sound: a small step back is jitter, and a large one is another recording,
    appended to the first.
    """

    def __init__(self, zero_s: float) -> None:
        self.position_s = 0.0
        """Where the next frame starts if nothing is missing before it."""
        self._zero_s = zero_s
        self._offset_s: float | None = None  # a timestamp minus this is a time on the clock
        self._due_s = zero_s  # the timestamp that the next frame should have

    def gap_before(self, begin_s: float | None, length_s: float, next_begin_s: float | None) -> float:
        """Seconds without sound before a frame; afterwards `position_s` is its end.

        next_begin_s: the timestamp of the following frame, None at the end. If it does not confirm a jump, the jump was
        an error in one timestamp.
        """
        if begin_s is not None and self._is_wrong_timestamp(begin_s, begin_s + length_s, next_begin_s):
            begin_s = None
        gap_s = 0.0 if begin_s is None else self._gap_s(begin_s)
        self._due_s = (self._due_s if begin_s is None else begin_s) + length_s
        self.position_s += gap_s + length_s
        return gap_s

    def _gap_s(self, begin_s: float) -> float:
        if self._offset_s is None:
            ahead_s = begin_s - self._zero_s - self.position_s
            self._offset_s = self._zero_s if ahead_s > JITTER_S else begin_s - self.position_s
            return ahead_s if ahead_s > JITTER_S else 0.0
        jump_s = begin_s - self._due_s
        if jump_s < -_NEW_CLOCK_S:
            self._offset_s = begin_s - self.position_s
            return 0.0
        ahead_s = begin_s - self._offset_s - self.position_s
        is_gap = (ahead_s > JITTER_S and jump_s > _LOSS_S) or ahead_s > _MOST_DRIFT_S
        return ahead_s if is_gap else 0.0

    def _is_wrong_timestamp(self, begin_s: float, end_s: float, next_begin_s: float | None) -> bool:
        if next_begin_s is None:
            return False
        if begin_s < self._due_s - _NEW_CLOCK_S:
            return abs(next_begin_s - end_s) > JITTER_S
        return next_begin_s < end_s - JITTER_S


def placed(frames: Iterable[DecodedFrame], clock: FileClock) -> Iterator[PlacedFrame]:
    """The frames on the file's clock, each as soon as the following one is known."""
    held: DecodedFrame | None = None
    for frame in frames:
        if held is not None:
            yield _place(held, clock, frame.begin_s)
        held = frame
    if held is not None:
        yield _place(held, clock, None)


def _place(frame: DecodedFrame, clock: FileClock, next_begin_s: float | None) -> PlacedFrame:
    gap_s = clock.gap_before(frame.begin_s, frame.length_s, next_begin_s)
    return PlacedFrame(frame.samples, frame.sample_rate, clock.position_s - frame.length_s, gap_s)
