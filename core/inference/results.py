"""The frozen results that are passed between threads."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.errors import UserError
from core.inference.pacing.models import PaceState

Window = tuple[int, NDArray[np.float32]]
"""The index of its first frame in the stream, and raw log-mel `(n, mels)`."""


@dataclass(frozen=True, slots=True)
class TagScores:
    """The model's output for one window."""

    probabilities: NDArray[np.float32]
    """`(labels,)` in [0, 1], in the order of the checkpoint's labels."""
    start_frame: int
    """The first log-mel frame of the window, counted since the stream began (100 per second)."""
    end_frame: int
    """The frame after the last one of the window."""
    is_warming_up: bool = False
    """Whether the window was still shorter than the model's, because the stream has just begun."""
    latency_ms: float = 0.0
    """From the window's last sample (as far as the device knows) to these scores; 0 for a file."""
    compute_ms: float = 0.0
    """The model's share of the latency."""
    tokens_in: int = 0
    """Tokens entering the first block."""
    tokens_out: int = 0
    """Tokens leaving the last block; fewer when merging."""
    rows: FrameScores | None = None
    """Of a live window of a model with a frame head: when each label sounds in what counts as now."""

    @property
    def start_s(self) -> float:
        """Where the window starts, seconds since the stream began."""
        return self.start_frame / 100

    @property
    def end_s(self) -> float:
        """Where the window ends, seconds since the stream began."""
        return self.end_frame / 100


@dataclass(frozen=True, slots=True)
class FrameScores:
    """When each label sounds: one row every 100 ms."""

    probabilities: NDArray[np.float32]
    """`(n, labels)` in [0, 1], in the order of the checkpoint's labels."""
    times_s: NDArray[np.float64]
    """`(n,)`, the centre of each row, 0.05, 0.15, … seconds since the stream began."""
    heard_s: float = 0.0
    """How much of the stream the model had heard for these rows; 0 if that is not known."""


@dataclass(frozen=True, slots=True)
class EventChange:
    """An event that has just begun, or ended."""

    id: int
    """Counts the events of a stream from 1, in the order in which they began to be shown."""
    label: int
    """Its place among the model's labels."""
    onset_s: float
    """Where it began, seconds since the stream began; the same when it begins and when it ends."""
    peak: float
    """Its highest probability so far."""
    at_s: float
    """How much of the stream had been heard when this became known; never before the sound that it rests on."""
    offset_s: float | None = None
    """Where it ended; None for an event that has begun."""


@dataclass(frozen=True, slots=True)
class FrameRun:
    """Consecutive log-mel frames.

    frames: float32 `(frames, mels)`, natural log, not normalised (silence is -15.94).
    first_frame: index of `frames[0]` since the stream began; a jump from the run before is a gap.
    is_gap: True for frames that fill in lost samples: draw them as a gap.
    """

    frames: NDArray[np.float32]
    first_frame: int
    is_gap: bool = False


@dataclass(frozen=True, slots=True)
class Level:
    """How loud the newest audio is: RMS and peak of the latest samples in dBFS (-120 = digital silence)."""

    rms_dbfs: float = -120.0
    peak_dbfs: float = -120.0
    clipped: bool = False


@dataclass(frozen=True, slots=True)
class LiveStatus:
    """Counts since listening began, for the status bar and the summary line."""

    windows: int = 0
    """Windows tagged."""
    skipped_windows: int = 0
    """Windows that were due but not tagged, because the model was busy."""
    dropped_blocks: int = 0
    """Blocks of sound that were lost because nobody read them in time."""
    real_time_factor: float = 0.0
    """Seconds of audio per second of computing, over the last windows; 0 until known."""
    sound_to_screen_ms: float = 0.0
    """Median of the last windows' latency; 0 until known."""


@dataclass(frozen=True, slots=True)
class LiveUpdate:
    """Everything that happened since the previous update: what the window draws."""

    runs: tuple[FrameRun, ...] = ()
    """New log-mel frames, in order."""
    scores: tuple[TagScores, ...] = ()
    """Newly tagged windows, in order."""
    level: Level = Level()
    """The current input level."""
    status: LiveStatus = LiveStatus()
    """Counts since listening began."""
    trouble: UserError | None = None
    """What is wrong with the input at present; None if nothing is."""
    has_ended: bool = False
    """Whether the source has ended or the listener has stopped."""
    failure: UserError | None = None
    """Why it has ended, if nobody asked for it."""
    events: tuple[EventChange, ...] = ()
    """Events that began or ended, in order."""
    pace: PaceState | None = None
    """The pace in use and how it does; None before there is one."""


def merge_updates(updates: list[LiveUpdate]) -> LiveUpdate:
    """One update with everything that is in `updates`, at least one, in order."""
    newest = updates[-1]
    failure = next((update.failure for update in reversed(updates) if update.failure is not None), None)
    return LiveUpdate(
        runs=tuple(run for update in updates for run in update.runs),
        scores=tuple(scores for update in updates for scores in update.scores),
        events=tuple(change for update in updates for change in update.events),
        level=newest.level,
        status=newest.status,
        trouble=newest.trouble,
        has_ended=any(update.has_ended for update in updates),
        failure=failure,
        pace=newest.pace,
    )
