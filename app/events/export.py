"""Saves events as a file in any of the formats of core."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from PySide6.QtWidgets import QFileDialog, QWidget

from app.events.writer import Store
from core.event_files.heard_spans import HeardSpans
from core.event_files.main import FORMATS, write_events
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
    return _write(store.iterate(replace(query, sort="time", is_descending=False)), path, kind)


def export_events(events: Iterable[HeardEvent], path: Path, kind: str) -> int:
    """Write these events; returns their number. Raises UserError."""
    return _write(sorted(events, key=lambda event: event.onset_at), path, kind)


def _write(events: Iterable[HeardEvent], path: Path, kind: str) -> int:
    return write_events(kind, HeardSpans(kind, events), path)
