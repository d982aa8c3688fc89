"""How a model is read live: context, hop, what counts as now, and when it is an event."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from core.audio.frame_rate import FRAMES_PER_SECOND
from core.bounds import check_number
from core.errors import UsageError, UserError
from core.inference.events import DETECTED_FROM, EventRules
from core.inference.results import FrameScores

LONGEST_CONTEXT_S = 10.24
SHORTEST_HOP_S = 0.01


@dataclass(frozen=True, slots=True)
class LiveView:
    """How a model is read live: which sound it gets, how often, and when its answer is an event."""

    context_s: float
    """The newest sound that the model gets, with silence in front of a younger stream, 0.16 to 10.24."""
    hop_s: float
    """From one window to the next, 0.01 to 10.24."""
    newest_s: float
    """What counts as now. With a frame head: the maximum over this much of its rows. Without: a second window."""
    starts_from: float | tuple[float, ...] | None = None
    """The probability that an event must reach, for all labels or for each; None for the model's thresholds."""
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
        check_number("shortest_s", self.shortest_s, 0.0, 60.0)
        check_number("joined_s", self.joined_s, 0.0, 60.0)
        each = self.starts_from if isinstance(self.starts_from, tuple) else (self.starts_from,)
        for starts_from in each if self.starts_from is not None else ():
            check_number("starts_from", starts_from, 0.0, 1.0)

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

    def with_hop(self, hop_s: float) -> LiveView:
        """The same with another hop. What counts as now is at least a hop, so that nothing is left out between two
        windows. Raises UserError."""
        return replace(self, hop_s=hop_s, newest_s=max(self.newest_s, min(hop_s, self.context_s)))

    @property
    def shortest_window(self) -> int:
        """Frames that the stream must have before the first window: a second, or what counts as now."""
        return min(FRAMES_PER_SECOND, self.newest)

    def newest_rows(self, rows: FrameScores, end_frame: int) -> FrameScores:
        """The rows of a window that ends with `end_frame` which count as now."""
        is_new = rows.times_s > (end_frame - self.newest) / FRAMES_PER_SECOND
        return replace(rows, probabilities=rows.probabilities[is_new], times_s=rows.times_s[is_new])

    def newest_of(self, rows: FrameScores, end_frame: int) -> NDArray[np.float32]:
        """What sounds now, `(labels,)`: each label's highest probability in the newest rows of a window that ends with
        `end_frame`."""
        return self.newest_rows(rows, end_frame).probabilities.max(axis=0)

    def rules(self, thresholds: NDArray[np.float32]) -> EventRules:
        """When this view's probabilities are an event; `thresholds` of the model, `(labels,)`. Raises UserError if the
        view is of another number of labels."""
        starts_from = thresholds
        if isinstance(self.starts_from, tuple) and len(self.starts_from) != len(thresholds):
            raise UserError(
                f"The live view has {len(self.starts_from)} thresholds for {len(thresholds)} labels.",
                "The checkpoint's config.json is damaged. Copy or download the checkpoint again.",
            )
        if self.starts_from is not None:
            starts_from = np.broadcast_to(np.asarray(self.starts_from, np.float32), thresholds.shape)
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


def live_view_from(values: Mapping[str, Any], has_frame_head: bool) -> LiveView:
    """The view of a model's kind, with the values that its checkpoint brings. Raises UserError."""
    kind = FRAME_VIEW if has_frame_head else TWO_WINDOWS
    unknown = set(values) - {field.name for field in fields(LiveView)}
    if unknown:
        raise UserError(
            f"The checkpoint's live view has unknown values: {', '.join(sorted(unknown))}.",
            "It may come from a newer version of Soundmark. Update Soundmark.",
        )
    each = values.get("starts_from")
    changes = {**values, "starts_from": tuple(cast("list[float]", each))} if isinstance(each, list) else dict(values)
    return replace(kind, **changes)
