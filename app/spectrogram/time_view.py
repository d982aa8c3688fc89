"""The range of time in view: following the newest sound, frozen, scrolled or zoomed."""

from __future__ import annotations

from collections.abc import Callable

MIN_SPAN_S, MAX_SPAN_S = 2.0, 600.0
"""The least and the most time in view; all that is available may be more."""
_GAP_SHARE = 0.25
"""How much of the view a gap takes that has just been passed."""


class TimeView:
    """A view `span_s` wide. It follows the newest sound until it is held at `right_s`.

    `first_s` and `last_s` are the ends of the available time; the owner keeps them up to date. `gap_at` answers which
    stretch without sound a moment is in: scrolling does not stay where there is nothing else in view.
    """

    def __init__(self, span_s: float = 10.0) -> None:
        self.span_s = span_s
        self.first_s = 0.0
        self.last_s = 0.0
        self.gap_at: Callable[[float], tuple[float, float] | None] = lambda _: None
        self._held_right_s: float | None = None

    @property
    def is_following(self) -> bool:
        """The right edge is the newest sound."""
        return self._held_right_s is None

    @property
    def right_s(self) -> float:
        """The time at the right edge."""
        return self.last_s if self._held_right_s is None else self._held_right_s

    @property
    def left_s(self) -> float:
        """The time at the left edge."""
        return self.right_s - self.span_s

    def follow(self) -> None:
        """Follow the newest sound."""
        self._held_right_s = None

    def hold(self) -> None:
        """Hold the view where it is."""
        self._held_right_s = self.right_s

    def show_all(self) -> None:
        """Show all of the available time, held."""
        self.span_s = max(self.last_s - self.first_s, 0.1)
        self._held_right_s = self.last_s

    def move(self, by_s: float) -> None:
        """Scroll by seconds (negative: back in time), up to either end, and hold the view there.

        A view in which there would be nothing but a gap, such as an hour without listening, goes on to its far side.
        """
        self._hold_at(self.right_s + by_s)
        gap = self.gap_at(self.right_s - self.span_s / 2)
        if by_s and gap is not None and gap[0] <= self.left_s and self.right_s <= gap[1]:
            self._hold_at(gap[0] + _GAP_SHARE * self.span_s if by_s < 0 else gap[1] + (1 - _GAP_SHARE) * self.span_s)

    def zoom(self, factor: float, anchor_s: float | None = None) -> None:
        """Make the view `factor` times as wide around `anchor_s`; while following, around the right edge."""
        span_s = min(max(self.span_s * factor, MIN_SPAN_S), self._widest_s)
        if self._held_right_s is not None:
            anchor = self.right_s - self.span_s / 2 if anchor_s is None else anchor_s
            self._held_right_s = anchor + (self.right_s - anchor) * span_s / self.span_s
        self.span_s = span_s
        if self._held_right_s is not None:
            self.move(0.0)

    def reveal(self, time_s: float) -> None:
        """Scroll as little as needed to bring a moment into view, and hold the view there."""
        if time_s < self.left_s:
            self.move(time_s - self.left_s)
        elif time_s > self.right_s:
            self.move(time_s - self.right_s)

    def _hold_at(self, right_s: float) -> None:
        lowest = min(self.first_s + self.span_s, self.last_s)
        self._held_right_s = min(max(right_s, lowest), self.last_s)

    @property
    def _widest_s(self) -> float:
        return max(MAX_SPAN_S, self.last_s - self.first_s)


class SmoothEdge:
    """The moment at the right edge: moves evenly although sound arrives in blocks.

    It aims to stay `delay_s` behind the newest sound, is never ahead of it and never moves back. When it falls more
    than `slack_s` behind, it jumps to the newest sound.
    """

    def __init__(self, delay_s: float = 0.06, slack_s: float = 0.6) -> None:
        self._delay_s, self._slack_s = delay_s, slack_s
        self._edge_s = 0.0
        self._at_s: float | None = None

    def reset(self, edge_s: float = 0.0) -> None:
        """Start again at `edge_s`."""
        self._edge_s, self._at_s = edge_s, None

    def advance(self, now_s: float, newest_s: float) -> float:
        """The edge at the monotonic time `now_s`, when the newest sound is at `newest_s`."""
        elapsed_s = 0.0 if self._at_s is None else max(now_s - self._at_s, 0.0)
        self._at_s = now_s
        behind_s = newest_s - self._edge_s
        if behind_s > self._slack_s or behind_s < 0:
            self._edge_s = newest_s
            return self._edge_s
        # Run up to 50 % faster when further behind than delay_s, and up to 50 % slower when closer.
        pace = 1.0 + min(max(2.0 * (behind_s - elapsed_s - self._delay_s), -0.5), 0.5)
        self._edge_s = min(self._edge_s + elapsed_s * pace, newest_s)
        return self._edge_s
