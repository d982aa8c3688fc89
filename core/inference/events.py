"""Turns rows of probabilities into events with onset and offset."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.inference.frame_rows import ROW_S
from core.inference.results import FrameScores

DETECTED_FROM, LASTS_FROM = 0.5, 0.25
"""Two thresholds (hysteresis), so that a score that flickers around one of them is a single event: an event must reach
the first, and starts and ends where the score crosses the second."""


@dataclass(frozen=True, slots=True)
class Event:
    """One label from onset to offset, seconds since the stream began; peak: its highest probability."""

    label: int
    onset_s: float
    offset_s: float
    peak: float


class EventTracker:
    """Turns rows into events and reports each as soon as it has ended; rows may be missing."""

    def __init__(self, n_labels: int) -> None:
        self._onsets_s = np.full(n_labels, np.nan)
        self._peaks = np.zeros(n_labels, np.float32)
        self._end_s = 0.0

    def push(self, scores: FrameScores) -> list[Event]:
        """The events that end in these rows, by offset and then by label."""
        ended: list[Event] = []
        for centre_s, row in zip(scores.times_s, scores.probabilities, strict=True):
            start_s = float(centre_s) - ROW_S / 2
            if start_s > self._end_s + ROW_S / 2:  # a gap in the sound ends every event
                ended += self.finish()
            lasts = row >= LASTS_FROM
            ended += self._close(~lasts, start_s)
            begins = lasts & np.isnan(self._onsets_s)
            self._onsets_s[begins] = start_s
            self._peaks[lasts] = np.maximum(self._peaks[lasts], row[lasts])
            self._end_s = start_s + ROW_S
        return ended

    def finish(self) -> list[Event]:
        """The events that are cut off by the end of the stream; resets the tracker."""
        return self._close(np.ones(len(self._peaks), bool), self._end_s)

    def _close(self, over: np.ndarray, offset_s: float) -> list[Event]:
        detected = over & (self._peaks >= DETECTED_FROM)
        events = [
            Event(int(i), round(float(self._onsets_s[i]), 3), round(offset_s, 3), float(self._peaks[i]))
            for i in np.flatnonzero(detected)
        ]
        self._onsets_s[over], self._peaks[over] = np.nan, 0.0
        return events
