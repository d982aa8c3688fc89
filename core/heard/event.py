"""Defines an event that was heard, and what can be asked of those that are stored."""

from __future__ import annotations

import math
from dataclasses import dataclass

KINDS = ("event", "near_miss")
"""An event, or what almost became one. Stored by their places."""
SORTS = ("time", "length", "label", "peak")


@dataclass(frozen=True, slots=True)
class HeardEvent:
    """One label from onset to offset, in the live sound of one session (one run of the program).

    Raises ValueError for times that run backwards or are not finite, a peak that is no probability, and unknown kinds.
    """

    session: str
    """Which run of the program heard it."""
    label_id: str
    """The label's id in its model."""
    label: str
    """The label's name for people."""
    onset_s: float
    """Where it begins, in stream seconds of its session."""
    offset_s: float | None
    """Where it ends; None while it is open."""
    onset_at: float
    """The same in clock time, seconds since 1970."""
    offset_at: float | None
    """None while it is open."""
    peak: float
    """Its highest probability."""
    model: str
    """The name of the model that heard it."""
    model_hash: str
    """Which weights exactly."""
    input: str
    """The name of the input it was heard through."""
    kind: str = "event"
    """One of KINDS."""
    why: str = ""
    """Why a near miss is no event, such as "0.31 < 0.40"."""
    verdict: str = ""
    """What a person said of the label, "" for nothing yet."""
    note: str = ""
    """What a person wrote."""
    clip: str = ""
    """The path of its sound, where that was kept."""
    is_starred: bool = False
    """Whether a person wants to keep it."""
    id: int = 0
    """Its id in the store; 0 before it is stored. Ids ascend in the order of storing and are never used again."""

    def __post_init__(self) -> None:
        times = (self.onset_s, self.onset_at, self.offset_s or 0.0, self.offset_at or 0.0)
        if not all(map(math.isfinite, times)):
            raise ValueError(f"the times {times} of an event are not finite")
        check_end(self.onset_s, self.offset_s, self.peak)
        if (self.offset_s is None) != (self.offset_at is None):
            raise ValueError("an event is open or has ended, in both clocks")
        if self.kind not in KINDS:
            raise ValueError(f"{self.kind!r} is none of {KINDS}")

    @property
    def length_s(self) -> float:
        """From onset to offset; infinite while it is open."""
        return math.inf if self.offset_s is None else self.offset_s - self.onset_s


def check_end(onset_s: float, offset_s: float | None, peak: float) -> None:
    """Raise ValueError for an event that ends before it begins, or whose peak is no probability."""
    if offset_s is not None and not onset_s <= offset_s < math.inf:
        raise ValueError(f"an event from {onset_s} s cannot end at {offset_s} s")
    if not 0 <= peak <= 1:
        raise ValueError(f"the peak {peak} is no probability")


@dataclass(frozen=True, slots=True)
class EventQuery:
    """Which stored events are wanted, and in which order. Raises ValueError for unknown kinds and sorts."""

    labels: tuple[str, ...] = ()
    """Ids of labels; all labels without any."""
    since: float | None = None
    """The earliest onset, seconds since 1970."""
    until: float | None = None
    """Onsets before this, seconds since 1970."""
    text: str = ""
    """Is in the label's name, the note or the input's name, in capitals or not."""
    kinds: tuple[str, ...] = ("event",)
    """Some of KINDS."""
    session: str | None = None
    """None for all."""
    least_peak: float = 0.0
    """The lowest peak."""
    is_starred: bool | None = None
    """None for both."""
    sort: str = "time"
    """One of SORTS: onset in clock time; length (open events are the longest); label's name, then time; peak."""
    is_descending: bool = True
    """Whether the newest, longest, last, highest comes first."""

    def __post_init__(self) -> None:
        if self.sort not in SORTS:
            raise ValueError(f"{self.sort!r} is none of {SORTS}")
        if not set(self.kinds) <= set(KINDS):
            raise ValueError(f"{self.kinds} are not all of {KINDS}")


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where a page of a query ends and the next one begins."""

    keys: tuple[str | float, ...]
    """What the query sorts by, of the page's last event; its id is the last of them."""


@dataclass(frozen=True, slots=True)
class Page:
    """Some events in the order of a query."""

    events: tuple[HeardEvent, ...]
    cursor: Cursor | None
    """For the next page; None after the last one."""
