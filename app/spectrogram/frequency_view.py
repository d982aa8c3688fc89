"""Which of the picture's rows are in view, from the lowest frequency up. Pure arithmetic."""

from __future__ import annotations

_NARROWEST_ROWS = 8.0


class FrequencyView:
    """A view from row `low` to row `high` of `rows` mel rows; all of them at first."""

    def __init__(self, rows: int = 128) -> None:
        self._rows = float(rows)
        self.low, self.high = 0.0, self._rows

    def zoom(self, factor: float, anchor: float | None = None) -> None:
        """Show `factor` times as many rows, with `anchor` (a row; without: the middle) where it is now."""
        span = self.high - self.low
        wanted = min(max(span * factor, _NARROWEST_ROWS), self._rows)
        fixed = (self.low + self.high) / 2 if anchor is None else min(max(anchor, self.low), self.high)
        self._place(fixed - (fixed - self.low) * wanted / span, wanted)

    def move(self, by_rows: float) -> None:
        """Scroll upwards by rows; stops at both ends."""
        self._place(self.low + by_rows, self.high - self.low)

    def _place(self, low: float, span: float) -> None:
        self.low = min(max(low, 0.0), self._rows - span)
        self.high = self.low + span
