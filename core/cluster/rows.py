"""Turns a file's scores into rows of Parquet: windows, rows of 100 ms, or events. Each file has row groups of its own.

pyarrow is imported when it is used.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Sequence
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.cluster.models import Kind, TaggingOrder
from core.event_files.handlers import parquet as event_parquet
from core.event_files.models import LabelledSpan
from core.file_names import shown
from core.inference.edges.file_events import FileEvents
from core.inference.edges.finders import USUAL_EDGES
from core.inference.file_tagging import tag_files
from core.inference.files.together import TaggedFiles
from core.inference.frame_rows import ROW_FRAMES, ROW_S
from core.inference.frame_tagging import tag_files_frames
from core.inference.results import EventChange, FrameScores, TagScores

if TYPE_CHECKING:
    from core.inference.tagger import Tagger

GROUP_ROWS, _BATCH_ROWS = 50_000, 2_000
_SCORES = (
    *(("source", "string"), ("index", "int64"), ("start_s", "float64"), ("end_s", "float64")),
    *(("label", "string"), ("p", "float64"), ("name", "string")),
)


def schema_of(kind: Kind) -> Any:
    """The columns of a table, a pyarrow schema: those that `tag` writes as CSV, with the name of every label; those of
    other tables of events for events."""
    if kind == "events":
        return event_parquet.schema()
    arrow: Any = import_module("pyarrow")
    return arrow.schema([(name, getattr(arrow, kind_of_value)()) for name, kind_of_value in _SCORES])


class PartWriter:
    """Makes a part in memory; at most a row group is there uncompressed."""

    def __init__(self, kind: Kind) -> None:
        self._schema, self._file = schema_of(kind), io.BytesIO()
        self._parquet: Any = import_module("pyarrow.parquet")
        self._writer: Any = None
        self.n_groups = self.n_rows = 0
        """Written so far."""

    def write(self, batches: Iterable[Any]) -> None:
        """Write the rows of one file, which come as record batches, as whole row groups. If an error ends them, those
        before it are written first, and stay."""
        waiting: list[Any] = []
        n_waiting = 0
        try:
            for batch in batches:
                waiting.append(batch)
                n_waiting += batch.num_rows
                if n_waiting >= GROUP_ROWS:
                    self._write_group(waiting)
                    waiting, n_waiting = [], 0
        finally:
            if n_waiting:
                self._write_group(waiting)

    def finish(self) -> bytes:
        """The part; empty without rows."""
        if self._writer is None:
            return b""
        self._writer.close()
        return self._file.getvalue()

    def _write_group(self, batches: list[Any]) -> None:
        if self._writer is None:
            self._writer = self._parquet.ParquetWriter(self._file, self._schema, compression="zstd")
        table: Any = import_module("pyarrow").Table.from_batches(batches, self._schema)
        self._writer.write_table(table, row_group_size=table.num_rows)
        self.n_groups += 1
        self.n_rows += table.num_rows


def tagged_files(paths: Sequence[Path], tagger: Tagger, order: TaggingOrder) -> TaggedFiles[Any]:
    """Files whose windows go through the model together, as what the order asks for."""
    begin = tag_files if order.kind == "windows" else tag_files_frames
    return begin(paths, tagger, window_s=order.window_s, hop_s=order.hop_s)


def rows_of_file(source: str, results: Iterable[Any], tagger: Tagger, order: TaggingOrder) -> Iterator[Any]:
    """Rows as record batches, of what the files of `tagged_files` give; raises what these raise, after the rows before
    it."""
    make = _events if order.kind == "events" else _scores
    return make(shown(source), results, tagger, order)


def _scores(source: str, results: Iterable[Any], tagger: Tagger, order: TaggingOrder) -> Iterator[Any]:
    rows = _ScoreRows(source, tagger, order)
    damage: Exception | None = None
    try:
        for index, scores in enumerate(results) if order.kind == "windows" else _windows_of_rows(results):
            rows.add(index, scores)
            if rows.n >= _BATCH_ROWS:
                yield rows.take()
    except Exception as error:  # whatever it is, the rows before it come first
        damage = error
    if rows.n:
        yield rows.take()
    if damage is not None:
        raise damage


class _ScoreRows:
    """Collects rows of a source, column by column."""

    def __init__(self, source: str, tagger: Tagger, order: TaggingOrder) -> None:
        self._source, self._labels, self._top_k = source, tagger.labels, order.top_k
        self._schema, self._record_batch = schema_of(order.kind), import_module("pyarrow").RecordBatch
        self._columns: dict[str, list[Any]] = {name: [] for name, _ in _SCORES}

    @property
    def n(self) -> int:
        return len(self._columns["p"])

    def add(self, index: int, scores: TagScores) -> None:
        ranking = self._labels.ranked(scores.probabilities, self._top_k)
        same = {"source": self._source, "index": index, "start_s": scores.start_s, "end_s": scores.end_s}
        for name, value in same.items():
            self._columns[name] += [value] * len(ranking)
        self._columns["label"] += [label.id for label, _ in ranking]
        self._columns["p"] += [p for _, p in ranking]
        self._columns["name"] += [label.name for label, _ in ranking]

    def take(self) -> Any:
        batch = self._record_batch.from_pydict(self._columns, schema=self._schema)
        self._columns = {name: [] for name, _ in _SCORES}
        return batch


def _windows_of_rows(results: Iterable[FrameScores]) -> Iterator[tuple[int, TagScores]]:
    """Each row of 100 ms as a window; its index is its place."""
    for scores in results:
        for centre_s, probabilities in zip(scores.times_s, scores.probabilities, strict=True):
            index = round(float(centre_s) / ROW_S - 0.5)
            yield index, TagScores(probabilities, index * ROW_FRAMES, (index + 1) * ROW_FRAMES)


def _events(source: str, results: Iterable[FrameScores], tagger: Tagger, order: TaggingOrder) -> Iterator[Any]:
    """In order of their onsets, which are known at the end: at most one file's events are in memory."""
    events = FileEvents(tagger.labels, order.parents, order.edges or USUAL_EDGES)
    changes: list[EventChange] = []
    damage: Exception | None = None
    try:
        for scores in results:
            changes += events.push(scores)
    except Exception as error:  # as above
        damage = error
    changes += events.finish()
    spans = sorted((_span(source, change, tagger) for change in changes), key=lambda one: (one.onset_s, one.offset_s))
    if spans:
        yield event_parquet.batch(spans)
    if damage is not None:
        raise damage


def _span(source: str, change: EventChange, tagger: Tagger) -> LabelledSpan:
    label = tagger.labels[change.label]
    assert change.offset_s is not None, "FileEvents gives events that have ended"
    return LabelledSpan(
        label=label.name,
        onset_s=max(0.0, change.onset_s),
        offset_s=change.offset_s,
        peak=min(1.0, change.peak),
        source=source,
        label_id=label.id,
        model=tagger.name,
    )
