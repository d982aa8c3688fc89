"""Turns stored events into the spans of a file.

Formats with clock time keep the seconds of each event's session. In the others all events lie on one time axis, that of
the first event's session: where that session was recorded whole, labels and recording fit each other. Events of later
sessions are placed by the clock.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from core.event_files.main import FORMATS
from core.event_files.models import LabelledSpan
from core.heard.event import HeardEvent


class HeardSpans:
    """The spans of events in order of time, for a format of FORMATS. Events that are open have no span."""

    def __init__(self, format: str, events: Iterable[HeardEvent]) -> None:
        self._has_clock_time, self._events = FORMATS[format].has_clock_time, events
        # The formats of one source hold a label and its times, and no note.
        self._has_notes = FORMATS[format].holds_sources
        self.zero_at: float | None = None
        """Clock time of second 0, once the first span is there; None in formats with clock time."""
        self.n = 0
        """How many spans there were so far."""
        self.n_open = 0
        """How many events were left out so far."""

    def __iter__(self) -> Iterator[LabelledSpan]:
        for event in self._events:
            if event.offset_s is None:
                self.n_open += 1
                continue
            if self.zero_at is None and not self._has_clock_time:
                self.zero_at = event.onset_at - event.onset_s
            self.n += 1
            onset_s = event.onset_s if self.zero_at is None else max(0.0, round(event.onset_at - self.zero_at, 6))
            yield LabelledSpan(
                label=self._label(event),
                onset_s=max(0.0, onset_s),
                offset_s=max(0.0, onset_s) + event.length_s,
                peak=event.peak,
                source=event.input if self._has_clock_time else "",
                note=_note(event),
                label_id=event.label_id,
                onset_at=event.onset_at,
                session=event.session,
                model=event.model,
                verdict=event.verdict,
            )

    def _label(self, event: HeardEvent) -> str:
        label = event.label if event.label.strip() else event.label_id or "?"
        return label if event.kind == "event" or self._has_notes else f"{label} (almost)"


def _note(event: HeardEvent) -> str:
    """What a person wrote; of a near miss first why it is none."""
    why = [f"almost: {event.why}"] if event.kind == "near_miss" else []
    return "; ".join([*why, *([event.note] if event.note else [])])
