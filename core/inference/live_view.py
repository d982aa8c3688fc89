"""How a model is read live: context, hop, what counts as now, and when it is an event."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.audio.log_mel import FRAMES_PER_SECOND
from core.bounds import check_number
from core.errors import UsageError
from core.inference.events import DETECTED_FROM, EventRules

LONGEST_CONTEXT_S = 10.24
SHORTEST_HOP_S = 0.01


@dataclass(frozen=True, slots=True)
class LiveView:
    """How a model is read live: which sound it gets, how often, and when its answer is an event."""

    context_s: float
    """The newest sound that the model gets, at its true length, 0.16 to 10.24."""
    hop_s: float
    """From one window to the next, 0.01 to 10.24."""
    newest_s: float
    """What counts as now. With a frame head: the maximum over this much of its rows. Without: a second window."""
    starts_from: float | None = None
    """The probability that an event must reach; None for the model's threshold of each label."""
    lasts_share: float = 0.5
    """An event lasts while the probability is not below this share of what it had to reach, 0 to 1."""
    shortest_s: float = 0.0
    """Shorter events are left out, 0 to 60."""
    joined_s: float = 0.0
    """Events of a label with at most this much between them are one, 0 to 60."""

    def __post_init__(self) -> None:
        check_number("context_s", self.context_s, 0.16, LONGEST_CONTEXT_S)
        check_number("hop_s", self.hop_s, SHORTEST_HOP_S, LONGEST_CONTEXT_S)
        check_number("newest_s", self.newest_s, 0.1, self.context_s)
        check_number("lasts_share", self.lasts_share, 0.0, 1.0)
        if self.starts_from is not None:
            check_number("starts_from", self.starts_from, 0.0, 1.0)

    @property
    def context(self) -> int:
        """Frames of `context_s`."""
        return round(self.context_s * FRAMES_PER_SECOND)

    @property
    def hop(self) -> int:
        """Frames of `hop_s`."""
        return round(self.hop_s * FRAMES_PER_SECOND)

    @property
    def newest(self) -> int:
        """Frames of `newest_s`."""
        return round(self.newest_s * FRAMES_PER_SECOND)

    @property
    def shortest_window(self) -> int:
        """Frames that the stream must have before the first window: a second, or what counts as now."""
        return min(FRAMES_PER_SECOND, self.newest)

    def rules(self, thresholds: NDArray[np.float32]) -> EventRules:
        """When this view's probabilities are an event; `thresholds` of the model, `(labels,)`."""
        starts_from = thresholds if self.starts_from is None else np.full(len(thresholds), self.starts_from, np.float32)
        return EventRules(
            starts_from=starts_from,
            lasts_from=(starts_from * np.float32(self.lasts_share)).astype(np.float32),
            shortest_s=self.shortest_s,
            joined_s=self.joined_s,
            held_s=max(0.0, self.newest_s - self.hop_s),
        )


FRAME_VIEW = LiveView(context_s=2.56, hop_s=0.25, newest_s=0.5, starts_from=DETECTED_FROM)
"""For a frame head. A long context keeps what is over: old sounds reach new frames through the attention."""
TWO_WINDOWS = LiveView(context_s=10.24, hop_s=0.5, newest_s=2.0)
"""Without a frame head: the long window says what it is, the short one whether it still sounds."""


def check_hop(hop_s: float | None) -> None:
    """Raises UsageError for a hop that cannot be; None is the model's own."""
    if hop_s is not None and not SHORTEST_HOP_S <= hop_s <= LONGEST_CONTEXT_S:
        raise UsageError(
            f"--hop-s cannot be {hop_s:g}.",
            f"It must be between {SHORTEST_HOP_S} and {LONGEST_CONTEXT_S} seconds; without it the model's own is used.",
        )
