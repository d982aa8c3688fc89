"""Saves events as a file in any of the formats of core."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from PySide6.QtWidgets import QFileDialog, QWidget

from app.events.writer import Store
from core.event_files.main import FORMATS, write_events
from core.event_files.models import LabelledSpan
from core.heard.event import EventQuery, HeardEvent


def ask_export(parent: QWidget) -> tuple[Path, str] | None:
    """Where to save, and in which of FORMATS; None when cancelled."""
    kinds = {f"{kind.title} (*{kind.suffix})": name for name, kind in FORMATS.items()}
    name, kind = QFileDialog.getSaveFileName(parent, "Export events", "events", ";;".join(kinds))
    return chosen_file(name, kinds.get(kind, "")) if name else None


def chosen_file(name: str, kind: str) -> tuple[Path, str]:
    """The file and its format: that of its suffix, or of the chosen kind of file, whose suffix is then appended."""
    by_suffix = sorted(FORMATS.items(), key=lambda entry: -len(entry[1].suffix))
    suffix_of = next((key for key, entry in by_suffix if name.endswith(entry.suffix)), None)
    if suffix_of is not None and (not kind or name.endswith(FORMATS[kind].suffix)):
        return Path(name), kind or suffix_of
    chosen = kind or "csv"
    return Path(name + FORMATS[chosen].suffix), chosen


def export_query(store: Store, query: EventQuery, path: Path, kind: str) -> int:
    """Write all events that a query wants, in constant memory; returns their number. Raises UserError."""
    found = store.iterate(replace(query, sort="time", is_descending=False))
    return write_events(kind, spans_of(found), path)


def export_events(events: Iterable[HeardEvent], path: Path, kind: str) -> int:
    """Write these events; returns their number. Raises UserError."""
    return write_events(kind, spans_of(sorted(events, key=lambda event: event.onset_at)), path)


def spans_of(events: Iterable[HeardEvent]) -> Iterator[LabelledSpan]:
    """Events by onset as labelled spans; without those that still last.

    Times count from the beginning of the session that heard the first one, so that those of one session are the times
    of its sound.
    """
    start_at: float | None = None
    for event in events:
        if event.offset_s is None:
            continue
        start_at = event.onset_at - event.onset_s if start_at is None else start_at
        onset_s = max(event.onset_at - start_at, 0.0)
        yield LabelledSpan(
            label=event.label,
            onset_s=round(onset_s, 3),
            offset_s=round(onset_s + event.length_s, 3),
            peak=event.peak,
            note=event.note or event.why,
            label_id=event.label_id,
            onset_at=event.onset_at,
            session=event.session,
            model=event.model,
            verdict=event.verdict,
        )
