"""The frozen types that cross threads. Knows no model, no device, no Qt."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.errors import UserError


@dataclass(frozen=True, slots=True)
class TagScores:
    """What the model says of one window.

    probabilities: float32 `(labels,)` in [0, 1], in the order of the checkpoint's labels.
    start_frame, end_frame: the log-mel frames that the model saw, counted since the stream began (100 a second).
    is_warming_up: the window was still shorter than the model's, because the stream is young.
    latency_ms: from the window's last sample sounding (as far as the device tells) to these scores; 0 for a file.
    compute_ms: the model's own share of that.
    tokens_in, tokens_out: tokens entering the first block and leaving the last one (fewer when merging).
    """

    probabilities: NDArray[np.float32]
    start_frame: int
    end_frame: int
    is_warming_up: bool = False
    latency_ms: float = 0.0
    compute_ms: float = 0.0
    tokens_in: int = 0
    tokens_out: int = 0

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
    """When the model hears what: one row every 100 ms.

    probabilities: float32 `(n, labels)` in [0, 1], in the order of the checkpoint's labels. times_s: `(n,)`, the
    centre of each row, 0.05, 0.15, … seconds since the stream began.
    """

    probabilities: NDArray[np.float32]
    times_s: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class FrameRun:
    """Log-mel frames that follow each other.

    frames: float32 `(frames, mels)`, natural log, not normalised (silence is -15.94).
    first_frame: index of `frames[0]` since the stream began; a jump from the run before is a gap.
    is_gap: True for frames filled in for lost samples: draw them as a gap.
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
    skipped_windows: int = 0
    dropped_blocks: int = 0
    real_time_factor: float = 0.0
    """Seconds of audio per second of computing, over the last windows; 0 until known."""
    sound_to_screen_ms: float = 0.0
    """Median of the last windows' latency; 0 until known."""


@dataclass(frozen=True, slots=True)
class LiveUpdate:
    """All that happened since the update before: what the window draws.

    runs: new log-mel frames, in order. scores: windows tagged since, in order.
    trouble: what is wrong with the input now, or None. has_ended: the source came to its end, or
    the listener stopped; `failure` then says why, if it was not asked for.
    """

    runs: tuple[FrameRun, ...] = ()
    scores: tuple[TagScores, ...] = ()
    level: Level = Level()
    status: LiveStatus = LiveStatus()
    trouble: UserError | None = None
    has_ended: bool = False
    failure: UserError | None = None
