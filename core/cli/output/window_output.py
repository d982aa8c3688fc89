"""Writes tagged windows as JSON lines, CSV or a table."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import IO, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from core.cli.terminal.streams import print_error
from core.errors import UserError
from core.inference.pacing.models import PaceState
from core.inference.pacing.sentences import pace_sentence
from core.inference.results import EventChange, TagScores
from core.label_tree import label_tree
from core.labels import LabelSet
from core.terminal_text import shown

PARENTS_HELP = "also show what a detected class implies, such as Animal when Dog is detected"


@dataclass(frozen=True, slots=True)
class TaggedWindow:
    """One window of one source."""

    source: str
    """Its name or path."""
    index: int
    """Counts the source's windows from 0."""
    scores: TagScores
    """Of all labels."""
    latency_ms: float | None = None
    """Only of live windows."""
    implied: NDArray[np.bool_] | None = None
    """`(labels,)`: detected labels that a table for people leaves out, because a more specific one implies them."""


class ResultWriter(Protocol):
    """Writes results as they come."""

    def window(self, window: TaggedWindow) -> None:
        """Write the scores of one window."""
        ...

    def event(self, change: EventChange, source: str | None = None) -> None:
        """Write that a sound began or ended; source: the file, None for the live input."""
        ...

    def error(self, source: str, error: UserError) -> None:
        """Write that a source could not be read, or not to its end."""
        ...

    def note(self, source: str, text: str) -> None:
        """Write a remark on a source."""
        ...

    def pace(self, state: PaceState) -> None:
        """Write the pace that listening has from now on."""
        ...

    def summary(self, values: dict[str, float]) -> None:
        """Write the figures of a whole run, by name."""
        ...


def implied_labels(scores: TagScores, labels: LabelSet, thresholds: NDArray[np.float32]) -> NDArray[np.bool_] | None:
    """The detected labels that a more specific detected one implies, `(labels,)`; None where no label has parents."""
    if not any(label.parents for label in labels):
        return None
    detected = scores.probabilities >= thresholds
    return detected & label_tree(labels).implied_by(detected)


def print_file_error(source: str, error: UserError, file: IO[str]) -> None:
    """Print a file's name, and below it what is wrong."""
    print(f"{shown(source)}\n    {shown(error)}", file=file, flush=True)


class JsonLines:
    """Writes one JSON object per line."""

    def __init__(self, file: IO[str], labels: LabelSet, top_k: int | None) -> None:
        self._file, self._labels, self._top_k = file, labels, top_k

    def window(self, window: TaggedWindow) -> None:
        line: dict[str, Any] = {
            "type": "window",
            "source": window.source,
            "index": window.index,
            "start_s": window.scores.start_s,
            "end_s": window.scores.end_s,
            "scores": [
                {"label": label.id, "p": p, **({"name": label.name} if self._labels.has_cryptic_ids else {})}
                for label, p in self._labels.ranked(window.scores.probabilities, self._top_k)
            ],
        }
        if window.latency_ms is not None:
            line["latency_ms"] = round(window.latency_ms, 1)
        self._write(line)

    def event(self, change: EventChange, source: str | None = None) -> None:
        label = self._labels[change.label]
        line: dict[str, Any] = {
            "type": "event",
            "state": "started" if change.offset_s is None else "ended",
            **({} if source is None else {"source": source}),
            "id": change.id,
            "label": label.id,
            **({"name": label.name} if self._labels.has_cryptic_ids else {}),
            "onset_s": change.onset_s,
        }
        peak = round(change.peak, 4)
        line |= {"p": peak} if change.offset_s is None else {"offset_s": change.offset_s, "peak_p": peak}
        self._write({**line, "at_s": change.at_s})

    def error(self, source: str, error: UserError) -> None:
        self._write({"type": "error", "source": source, "problem": error.problem, "remedy": error.remedy})

    def note(self, source: str, text: str) -> None:
        self._write({"type": "note", "source": source, "note": text})

    def pace(self, state: PaceState) -> None:
        setting, share = state.setting, state.share
        self._write(
            {
                "type": "pace",
                "setting": state.place.setting + 1,
                "settings": len(state.ladder.settings),
                "engine": setting.engine,
                "precision": setting.precision,
                "merge": setting.merge.to_word(),
                "hop_s": state.hop_s,
                "share": None if share is None else round(share, 3),
                "is_behind": state.is_behind,
                "sentence": pace_sentence(state),
            }
        )

    def summary(self, values: dict[str, float]) -> None:
        self._write({"type": "summary", **values})

    def _write(self, line: dict[str, Any]) -> None:
        print(json.dumps(line, ensure_ascii=False), file=self._file, flush=True)


class Csv:
    """Writes one row per window and label: source, index, start_s, end_s, label, p; and the name, if the label is an id
    for machines. Errors go to standard error. Control characters in names are escaped on a terminal only."""

    def __init__(self, file: IO[str], labels: LabelSet, top_k: int | None) -> None:
        self._rows, self._labels, self._top_k = csv.writer(file), labels, top_k
        names = ["name"] if labels.has_cryptic_ids else []
        self._rows.writerow(["source", "index", "start_s", "end_s", "label", "p", *names])
        self._file = file

    def window(self, window: TaggedWindow) -> None:
        scores = window.scores
        for label, p in self._labels.ranked(scores.probabilities, self._top_k):
            names = [label.name] if self._labels.has_cryptic_ids else []
            row = [window.source, window.index, scores.start_s, scores.end_s, label.id, p, *names]
            self._rows.writerow(map(shown, row) if self._file.isatty() else row)
        self._file.flush()

    def event(self, change: EventChange, source: str | None = None) -> None:
        del change, source  # CSV has one kind of row

    def error(self, source: str, error: UserError) -> None:
        print_error(f"{source}: {error}")

    def note(self, source: str, text: str) -> None:
        print_note(source, text)

    def pace(self, state: PaceState) -> None:
        del state  # standard error has the sentence

    def summary(self, values: dict[str, float]) -> None:
        del values  # CSV has one kind of row


class Table:
    """Writes a table for people: one line per window, the source above the first."""

    def __init__(self, file: IO[str], labels: LabelSet, top_k: int | None) -> None:
        self._file, self._labels, self._top_k = file, labels, top_k
        self._source: str | None = None

    def window(self, window: TaggedWindow) -> None:
        if window.source != self._source:
            self._source = window.source
            print(shown(window.source), file=self._file)
        scores = window.scores
        ranking = (
            (shown(self._labels.in_words(label)), p)
            for label, p in self._labels.ranked(scores.probabilities, self._top_k, window.implied)
        )
        tags = "  ".join(f"{word} {p:4.0%}" for word, p in ranking)
        mark = "  (warming up)" if scores.is_warming_up else ""
        print(f"{scores.start_s:9.2f} – {scores.end_s:8.2f} s   {tags}{mark}", file=self._file, flush=True)

    def event(self, change: EventChange, source: str | None = None) -> None:
        del change, source  # its windows say it already

    def error(self, source: str, error: UserError) -> None:
        print_file_error(source, error, self._file)

    def note(self, source: str, text: str) -> None:
        print_note(source, text)

    def pace(self, state: PaceState) -> None:
        del state  # standard error has the sentence

    def summary(self, values: dict[str, float]) -> None:
        print("   ".join(f"{name.replace('_', ' ')} {value:g}" for name, value in values.items()), file=self._file)


def print_note(source: str, text: str) -> None:
    """Print on standard error what is neither a result nor an error."""
    print_error(f"{source}: {text}")


FORMATS: dict[str, Callable[[IO[str], LabelSet, int | None], ResultWriter]] = {
    "table": Table,
    "jsonl": JsonLines,
    "csv": Csv,
}
