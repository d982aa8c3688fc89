"""The events of a file: from its scores, from the kept list, or from a file of labels."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from app.spectrogram.boxes.event_boxes import implied_ids, without_implied
from app.spectrogram.history.event_history import TimelineEvent
from app.spectrogram.history.model_scores import ModelScores
from core.event_files.models import LabelledSpan
from core.inference.results import EventChange

_JOINED_S = 0.05
"""Windows closer together than this are one event."""


def events_of(model: ModelScores) -> list[TimelineEvent]:
    """Where each label stays at or above its threshold, as precisely as its windows say; by onset."""
    starts, stops = model.scores.starts_s, model.scores.stops_s
    found: list[TimelineEvent] = []
    if not len(starts):
        return found
    peaks = model.scores.peaks(-1.0, float("inf"))
    for place in np.flatnonzero(peaks >= model.thresholds).tolist():
        values, label = model.scores.values(place), model.labels[place]
        rows = np.flatnonzero(values >= model.thresholds[place])
        is_new = np.append(True, (np.diff(rows) > 1) | (starts[rows[1:]] > stops[rows[:-1]] + _JOINED_S))
        for run in np.split(rows, np.flatnonzero(is_new)[1:]):
            times = float(starts[run[0]]), float(stops[run[-1]])
            found.append(TimelineEvent(label.id, label.name, *times, float(values[run].max()), model.model))
    found.sort(key=lambda event: event.onset_s)
    specific = set(without_implied(found, implied_ids(model.labels), 0.0))
    return [event if event in specific else replace(event, is_implied=True) for event in found]


def events_from_changes(
    changes: Iterable[EventChange], implied: Container[int], models: Sequence[ModelScores]
) -> list[TimelineEvent]:
    """Events that a model, the first of `models`, found in a file, and that have ended; none without a model.

    implied: the ids of those that more specific ones cover.
    """
    return [
        TimelineEvent(
            label_id=model.labels[change.label].id,
            name=model.labels[change.label].name,
            onset_s=max(change.onset_s, 0.0),
            offset_s=change.offset_s,
            peak=min(change.peak, 1.0),
            model=model.model,
            is_implied=change.id in implied,
        )
        for model in models[:1]
        for change in changes
    ]


def spans_of(path: Path, events: Iterable[TimelineEvent]) -> Iterator[LabelledSpan]:
    """Events of a file as labelled spans, by onset."""
    for event in sorted(events, key=lambda event: event.onset_s):
        if event.offset_s is not None:
            yield LabelledSpan(
                label=event.name,
                onset_s=round(event.onset_s, 3),
                offset_s=round(event.offset_s, 3),
                peak=event.peak or None,
                low_hz=event.low_hz,
                high_hz=event.high_hz,
                source=str(path),
                label_id=event.label_id,
                model=event.model,
            )


def events_from_labels(name: str, spans: Iterable[LabelledSpan]) -> list[TimelineEvent]:
    """The spans of a file of labels called `name`, as events."""
    return [
        TimelineEvent(
            span.label_id or span.label,
            span.label,
            span.onset_s,
            span.offset_s,
            span.peak or 0.0,
            name,
            span.low_hz,
            span.high_hz,
        )
        for span in spans
    ]
