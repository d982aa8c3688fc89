"""`soundmark tag PATH...` tags files, and the files in folders."""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from core.cli.output.each_file import FileWriter, check_places, check_writable, open_output, places_beside, tag_one
from core.cli.output.window_output import FORMATS, TaggedWindow, implied_labels, print_file_error, print_note
from core.cli.tag_options import CLUSTER_FORMATS, EVENT_FILES, TagOptions, add_options, options_of
from core.cluster.places import USUAL_CORES
from core.errors import UsageError, UserError
from core.event_files.main import FORMATS as EVENT_FORMATS

if TYPE_CHECKING:
    from core.audio.decoding.search import MediaFound
    from core.inference.files.together import TaggedFiles
    from core.inference.tagger import Tagger


__all__ = ["EVENT_FILES", "TagOptions", "add_options", "run", "run_tag"]
_SUFFIXES = {"table": ".txt"} | {name: entry.suffix for name, entry in EVENT_FORMATS.items()}


def run(namespace: argparse.Namespace) -> int:
    """Run `tag` with the options of `add_options`."""
    return run_tag(options_of(namespace))


def run_tag(options: TagOptions) -> int:
    """Tag everything; 1 if a file could not be read, else 0. Raises UserError for wrong options."""
    from core.audio.decoding.decode import find_media
    from core.inference.file_tagging import lengths_for

    _check_combination(options)
    if options.output is not None:
        check_writable(options.output)  # before the model is loaded
    found = find_media(options.paths)
    places = _places(options, found.files)
    tagger = options.model.load_tagger()
    lengths_for(tagger, options.window_s, options.hop_s)  # refuses wrong ones
    if options.is_timed:
        tagger.require_frame_head()
    if places is not None:
        check_places(places, options.output_dir or Path(), options.may_overwrite)
    if found.others:
        print(f"Note: {found.others_in_words()}", file=sys.stderr)
    if options.cluster is not None:
        return _tag_on_cluster(options, options.cluster, tagger, found)
    with _begin(options, tagger, found.files) as files:
        status = _write_all(_Job(options, tagger, files), found, places)
    tagger.make_missing_graphs()
    return status


def _write_all(job: _Job, found: MediaFound, places: dict[Path, Path] | None) -> int:
    options = job.options
    if options.format in EVENT_FILES:
        return _write_event_files(job, found, places)
    if places is not None:
        return _tag_all(_EachBeside(job, places), found)
    with open_output(options.output) as file:
        return _tag_all(_make_writer(file, job), found)


@dataclass(frozen=True, slots=True)
class _Job:
    """What the writers of a command share."""

    options: TagOptions
    tagger: Tagger
    files: TaggedFiles[Any]
    """All files: TagScores, or FrameScores for what is timed."""


def _begin(options: TagOptions, tagger: Tagger, paths: tuple[Path, ...]) -> TaggedFiles[Any]:
    from core.inference.file_tagging import tag_files
    from core.inference.frame_tagging import tag_files_frames

    begin = tag_files_frames if options.is_timed else tag_files
    return begin(paths, tagger, window_s=options.window_s, hop_s=options.hop_s)


def _tag_all(writer: FileWriter, found: MediaFound) -> int:
    for path, error in found.problems:
        writer.error(str(path), error)
    n_errors = len(found.problems) + sum(not tag_one(path, writer) for path in found.files)
    return 1 if n_errors else 0


def _write_event_files(job: _Job, found: MediaFound, places: dict[Path, Path] | None) -> int:
    from core.cli.output.event_files import FileSpans, write_each, write_one
    from core.inference.edges.file_events import FileEvents

    options, tagger = job.options, job.tagger
    events = FileEvents(tagger.labels, options.parents, options.edges)
    spans = FileSpans(tagger, events, job.files)
    for path, error in found.problems:
        spans.error(str(path), error)
    if places is not None:
        write_each(options.format, spans, places)
    else:
        write_one(options.format, spans.of_all(found.files), options.output)
    return 1 if found.problems or spans.n_errors else 0


def _tag_on_cluster(options: TagOptions, address: str, tagger: Tagger, found: MediaFound) -> int:
    from core.cli.output.archive_table import ArchiveOptions, tag_archive
    from core.cluster.models import Start, TaggingOrder

    assert options.output is not None, "_check_combination refuses that"
    model = options.model.from_anywhere()
    order = TaggingOrder(
        load_tagger=model.load_tagger,
        kind="frames" if options.frames else "events" if options.is_timed else "windows",
        window_s=options.window_s,
        hop_s=options.hop_s,
        top_k=options.top_k,
        parents=options.parents,
        edges=options.edges,
    )
    archive = ArchiveOptions(
        address=address,
        table=options.output,
        cores_each=options.worker_cores or USUAL_CORES,
        model={"merge": model.merge, "strides": model.strides, "precision": model.precision, "padding": model.padding},
        begin_again=options.may_overwrite,
    )
    return tag_archive(archive, Start(order, tagger.weights_hash, ()), found)


def _make_writer(file: IO[str], job: _Job) -> FileWriter:
    return (_FrameTagging if job.options.is_timed else _WindowTagging)(file, job)


class _WindowTagging:
    def __init__(self, file: IO[str], job: _Job) -> None:
        self._writer = FORMATS[job.options.format](file, job.tagger.labels, job.options.top_k)
        self._job = job
        self.error, self.note = self._writer.error, self._writer.note

    def tag(self, path: Path) -> None:
        tagger, options = self._job.tagger, self._job.options
        for index, scores in enumerate(self._job.files.of(path)):
            implied = None if options.parents else implied_labels(scores, tagger.labels, tagger.thresholds)
            self._writer.window(TaggedWindow(str(path), index, scores, implied=implied))


class _FrameTagging:
    def __init__(self, file: IO[str], job: _Job) -> None:
        from core.cli.output.frame_output import EVENT_FORMATS, FRAME_FORMATS
        from core.inference.edges.file_events import FileEvents

        options, tagger = job.options, job.tagger
        formats = EVENT_FORMATS if options.events else FRAME_FORMATS
        events = FileEvents(tagger.labels, options.parents, options.edges)
        self._writer = formats[options.format](file, tagger.labels, options.top_k, events)
        self._job = job
        self.error, self.note = self._writer.error, self._writer.note

    def tag(self, path: Path) -> None:
        try:
            for scores in self._job.files.of(path):
                self._writer.frames(str(path), scores)
        finally:
            self._writer.end(str(path))  # what a damaged file held comes before its error


class _EachBeside:
    """Writes each file's results to its place, and errors to standard error."""

    def __init__(self, job: _Job, places: dict[Path, Path]) -> None:
        self._job, self._places = job, places

    def tag(self, path: Path) -> None:
        with open_output(self._places[path]) as file:
            _make_writer(file, self._job).tag(path)

    def error(self, source: str, error: UserError) -> None:
        print_file_error(source, error, sys.stderr)

    def note(self, source: str, text: str) -> None:
        print_note(source, text)


def _check_combination(options: TagOptions) -> None:
    if options.output is not None and options.output_dir is not None:
        raise UsageError("--output and --output-dir exclude each other.", "Give one of them.")
    if options.cluster is None and options.worker_cores is not None:
        raise UsageError("--worker-cores is for the workers of a cluster.", "Add --cluster local, or leave it out.")
    if options.cluster is not None and (options.output is None or options.format not in CLUSTER_FORMATS):
        problem = "--cluster writes one Parquet table."
        raise UsageError(problem, "Name it with --output FILE, without --output-dir; --format can only be parquet.")
    if options.frames and options.format in EVENT_FILES:
        problem = f"--format {options.format} writes events, not rows of 100 ms."
        raise UsageError(problem, "Leave --frames out, or choose csv or jsonl.")


def _places(options: TagOptions, files: tuple[Path, ...]) -> dict[Path, Path] | None:
    """Where the results of each file go; None for one place for all. Raises UsageError."""
    if options.output_dir is not None:
        return places_beside(options.paths, files, options.output_dir, _SUFFIXES[options.format])
    _refuse_overwriting(options.output, files)
    if options.format in EVENT_FILES:
        from core.cli.output.event_files import check_one_output

        check_one_output(options.format, len(files), options.output)
    return None


def _refuse_overwriting(output: Path | None, files: tuple[Path, ...]) -> None:
    if output is not None and output.resolve() in {path.resolve() for path in files}:
        raise UsageError(f"{output} is one of the files to tag.", "Choose another --output.")
