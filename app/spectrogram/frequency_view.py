"""The range of mel rows in view: zooming and scrolling in frequency."""

from __future__ import annotations

_NARROWEST_ROWS = 8.0


class FrequencyView:
    """Shows the mel rows from `low` to `high`; at first all `rows` of them."""

    def __init__(self, rows: int = 128) -> None:
        self._rows = float(rows)
        self.low, self.high = 0.0, self._rows

    def zoom(self, factor: float, anchor: float | None = None) -> None:
        """Show `factor` times as many rows; the row `anchor`, by default the middle, stays in place."""
        span = self.high - self.low
        wanted = min(max(span * factor, _NARROWEST_ROWS), self._rows)
        fixed = (self.low + self.high) / 2 if anchor is None else min(max(anchor, self.low), self.high)
        self._place(fixed - (fixed - self.low) * wanted / span, wanted)

    def move(self, by_rows: float) -> None:
        """Scroll upwards by `by_rows`, up to either end."""
        self._place(self.low + by_rows, self.high - self.low)

    def _place(self, low: float, span: float) -> None:
        self.low = min(max(low, 0.0), self._rows - span)
        self.high = self.low + span
