"""From rows of probabilities to onsets and offsets. Knows no model and no sound."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.inference.frame_rows import ROW_S
from core.inference.results import FrameScores

HEARD_FROM, LASTS_FROM = 0.5, 0.25
"""Two thresholds, so that a score which trembles about one of them is one event: it is heard once it has reached the
first, and began and ends where it crosses the second."""


@dataclass(frozen=True, slots=True)
class Event:
    """One label from its onset to its offset, seconds since the stream began; peak: its highest probability."""

    label: int
    onset_s: float
    offset_s: float
    peak: float


class EventTracker:
    """Turns rows into events, each as soon as it has ended, also where rows are missing."""

    def __init__(self, n_labels: int) -> None:
        self._onsets_s = np.full(n_labels, np.nan)
        self._peaks = np.zeros(n_labels, np.float32)
        self._end_s = 0.0

    def push(self, scores: FrameScores) -> list[Event]:
        """The events that end in these rows, by offset and then by label."""
        ended: list[Event] = []
        for centre_s, row in zip(scores.times_s, scores.probabilities, strict=True):
            start_s = float(centre_s) - ROW_S / 2
            if start_s > self._end_s + ROW_S / 2:  # a hole in the sound ends everything
                ended += self.finish()
            lasts = row >= LASTS_FROM
            ended += self._close(~lasts, start_s)
            begins = lasts & np.isnan(self._onsets_s)
            self._onsets_s[begins] = start_s
            self._peaks[lasts] = np.maximum(self._peaks[lasts], row[lasts])
            self._end_s = start_s + ROW_S
        return ended

    def finish(self) -> list[Event]:
        """The events that the end of the stream cuts off; the tracker is then as new."""
        return self._close(np.ones(len(self._peaks), bool), self._end_s)

    def _close(self, over: np.ndarray, offset_s: float) -> list[Event]:
        heard = over & (self._peaks >= HEARD_FROM)
        events = [
            Event(int(i), round(float(self._onsets_s[i]), 3), round(offset_s, 3), float(self._peaks[i]))
            for i in np.flatnonzero(heard)
        ]
        self._onsets_s[over], self._peaks[over] = np.nan, 0.0
        return events
