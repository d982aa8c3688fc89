"""`soundmark export` writes what was heard live, from the event store, to a file of another program."""

from __future__ import annotations

import argparse
import difflib
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from core.cli.output.clock_times import since_time, until_time
from core.cli.output.each_file import check_writable
from core.cli.output.event_files import check_one_output, write_one
from core.cli.terminal.streams import print_error
from core.errors import UsageError, UserError
from core.event_files.heard_spans import HeardSpans
from core.event_files.main import FORMATS
from core.heard.event import EventQuery
from core.heard.folding import folded
from core.heard.store import EventStore, events_file


@dataclass(frozen=True, slots=True)
class ExportOptions:
    """What `export` was asked to do."""

    format: str
    """A key of FORMATS."""
    since: float | None = None
    """The earliest onset, seconds since 1970."""
    until: float | None = None
    """Onsets before this, seconds since 1970."""
    labels: tuple[str, ...] = ()
    """Names or ids; all labels without any."""
    output: Path | None = None
    """None for standard output."""


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of `export`."""
    titles = ", ".join(f"{name} ({entry.title})" for name, entry in FORMATS.items())
    parser.add_argument("--format", choices=tuple(FORMATS), required=True, help=titles)
    times = "such as 2026-11-30, 2026-11-30T15:45, 15:45 (today) or 2h (ago)"
    parser.add_argument("--since", type=since_time, metavar="T", help=f"events from this time on, {times}")
    until = "events before this time; a date alone includes that day"
    parser.add_argument("--until", type=until_time, metavar="T", help=until)
    label = "only events of this class, by its name or id; may be given several times"
    parser.add_argument("--label", action="append", default=[], metavar="L", help=label)
    parser.add_argument("--output", type=Path, metavar="FILE", help="write to this file instead of the terminal")


def run(namespace: argparse.Namespace) -> int:
    """Run `export` with the options of `add_options`."""
    return run_export(
        ExportOptions(
            format=namespace.format,
            since=namespace.since,
            until=namespace.until,
            labels=tuple(namespace.label),
            output=namespace.output,
        )
    )


def run_export(options: ExportOptions, store_file: Path | None = None) -> int:
    """Write the events; always 0. Raises UserError for wrong options, and where nothing was ever stored.

    store_file: None for that of the user's data.
    """
    file = events_file() if store_file is None else store_file
    if options.since is not None and options.until is not None and options.since >= options.until:
        raise UsageError("--since is not before --until.", "Exchange them.")
    check_one_output(options.format, 1, options.output)
    if options.output is not None:
        check_writable(options.output)
    if not file.exists():
        problem = f"No events are stored yet: there is no {file}."
        raise UserError(problem, "Listen with the window first, which stores what it hears.")
    store = EventStore(file)
    try:
        _export(options, store)
    finally:
        store.close()
    return 0


def _export(options: ExportOptions, store: EventStore) -> None:
    query = EventQuery(
        labels=_label_ids(store, options.labels), since=options.since, until=options.until, is_descending=False
    )
    spans = HeardSpans(options.format, store.iterate(query))
    write_one(options.format, spans, options.output)
    n_written = f"{spans.n} event{'' if spans.n == 1 else 's'}"
    print_error(f"Wrote {n_written}{f' to {options.output}' if options.output else ''}.")
    if spans.zero_at is not None:
        zero = datetime.fromtimestamp(spans.zero_at).astimezone()
        print_error(f"0 s is {zero.isoformat(' ', 'milliseconds')}, when the first event's session began.")
    if spans.n_open:
        print_error(f"Left out, because they have not ended: {spans.n_open}.")


def _label_ids(store: EventStore, asked: tuple[str, ...]) -> tuple[str, ...]:
    """Ids of the labels with these names or ids. Raises UsageError for one that no event has."""
    known = store.labels()
    found = list[str]()
    for label in asked:
        ids = [label_id for label_id, name, _ in known if label == label_id or folded(label) == folded(name)]
        if not ids:
            near = difflib.get_close_matches(label, [name for _, name, _ in known], n=3)
            remedy = f"Did you mean {' or '.join(near)}?" if near else "Leave --label out to see all of them."
            raise UsageError(f"No event has the class {label}.", remedy)
        found += ids
    return tuple(found)
