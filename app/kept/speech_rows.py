"""Remembers in which of the last minutes there may have been speech, by every row of scores."""

from __future__ import annotations

from collections import deque

from core.inference.results import TagScores
from core.label_tree import label_tree
from core.labels import LabelSet

SPEECH_THRESHOLD = 0.1
"""Far below that of a tag: better a clip too few than one with words in it."""
_SPEECH_ID = "/m/09x0r"
_MOST_ROWS = 30_000
_SLACK_S = 0.15


class SpeechRows:
    """The highest probability of Speech and of all below it, a row a window of the live sound."""

    def __init__(self) -> None:
        self._rows: deque[tuple[float, float, float]] = deque(maxlen=_MOST_ROWS)

    @property
    def end_s(self) -> float:
        """How far the live sound has been tagged."""
        return self._rows[-1][1] if self._rows else 0.0

    def append(self, scores: TagScores, labels: LabelSet) -> None:
        """Take a row. A model that does not know speech says nothing about it."""
        speech = speech_labels(labels)
        if speech and len(scores.probabilities) == len(labels):
            self._rows.append((scores.start_s, scores.end_s, float(scores.probabilities[speech].max())))

    def is_free_of_speech(self, start_s: float, stop_s: float) -> bool:
        """Whether every moment from start_s to stop_s was tagged, and no row of it has any sign of speech."""
        rows = [row for row in self._rows if row[0] < stop_s and row[1] > start_s]
        if any(speech >= SPEECH_THRESHOLD for _, _, speech in rows):
            return False
        reached_s = start_s
        for row_start_s, row_stop_s, _ in sorted(rows):
            if row_start_s > reached_s + _SLACK_S:
                return False
            reached_s = max(reached_s, row_stop_s)
        return reached_s >= stop_s - _SLACK_S


def speech_labels(labels: LabelSet) -> list[int]:
    """The places of Speech and of everything below it; empty for a model that does not know speech."""
    found = [label.index for label in labels if label.id == _SPEECH_ID or label.name.casefold() == "speech"]
    below = label_tree(labels).below
    return sorted({*found, *(child for index in found for child in below[index])})
