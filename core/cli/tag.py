"""`soundmark tag PATH...` tags files, and the files in folders."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Protocol

from core.cli.argument_types import positive_number, whole_count
from core.cli.model_options import ModelOptions, add_model_options
from core.cli.terminal.streams import OutputError, ResultStream
from core.cli.window_output import FORMATS, PARENTS_HELP, TaggedWindow, implied_labels
from core.errors import UsageError, UserError
from core.inference.edges.finders import EVENT_FINDERS, USUAL_EDGES
from core.unforeseen import unforeseen

if TYPE_CHECKING:
    from core.inference.tagger import Tagger


@dataclass(frozen=True, slots=True)
class TagOptions:
    """What `tag` was asked to do."""

    paths: tuple[Path, ...]
    """Files, or folders to search."""
    model: ModelOptions
    """Which model, and how it runs."""
    format: str = "table"
    """A key of FORMATS."""
    output: Path | None = None
    """The file for the results; None for standard output."""
    window_s: float | None = None
    """Length of a window; None for the model's own."""
    hop_s: float | None = None
    """From window to window; None for the usual one."""
    top_k: int | None = 5
    """Labels per window; None for all of them."""
    parents: bool = False
    """Also show detected labels in tables, and events, that a more specific one implies."""
    frames: bool = False
    """Rows of 100 ms, or in a table onsets and offsets, instead of windows."""
    events: bool = False
    """Events with onset and offset, instead of windows."""
    edges: str = USUAL_EDGES
    """How onsets and offsets of events are found, a key of EVENT_FINDERS."""


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of `tag`."""
    parser.add_argument("paths", nargs="+", type=Path, metavar="PATH", help="files, or folders to search")
    add_model_options(parser)
    parser.add_argument("--format", choices=("table", "jsonl", "csv"), default="table", help="default: table")
    parser.add_argument("--output", type=Path, metavar="FILE", help="write to this file instead of the terminal")
    window = "window length, up to 30.72 (default: the model's own, usually 10.24)"
    parser.add_argument("--window-s", type=positive_number, metavar="S", help=window)
    hop = "from window to window (default: 5, or the window if that is shorter; with --frames or --events half of it)"
    parser.add_argument("--hop-s", type=positive_number, metavar="S", help=hop)
    frames = "when sounds occur: scores every 100 ms, in a table onsets and offsets"
    when = parser.add_mutually_exclusive_group()
    when.add_argument("--frames", action="store_true", help=frames)
    when.add_argument("--events", action="store_true", help="when sounds occur: onset and offset of each event")
    edges = f"how --events finds onsets and offsets (default: {USUAL_EDGES})"
    parser.add_argument("--edges", choices=tuple(EVENT_FINDERS), default=USUAL_EDGES, help=edges)
    parser.add_argument("--parents", action="store_true", help=PARENTS_HELP)
    how_many = parser.add_mutually_exclusive_group()
    how_many.add_argument("--top-k", type=whole_count, default=5, metavar="K", help="labels per window (default: 5)")
    how_many.add_argument("--all-scores", action="store_true", help="every label of every window")


def run(namespace: argparse.Namespace) -> int:
    """Run `tag` with the options of `add_options`."""
    options = TagOptions(
        paths=tuple(namespace.paths),
        model=ModelOptions.of(namespace, namespace.model),
        format=namespace.format,
        output=namespace.output,
        window_s=namespace.window_s,
        hop_s=namespace.hop_s,
        top_k=None if namespace.all_scores else namespace.top_k,
        parents=namespace.parents,
        frames=namespace.frames,
        events=namespace.events,
        edges=namespace.edges,
    )
    return run_tag(options)


def run_tag(options: TagOptions) -> int:
    """Tag everything; 1 if a file could not be read, else 0. Raises UserError for wrong options."""
    from core.audio.decoding.decode import find_media, track_note
    from core.inference.file_tagging import lengths_for

    _check_writable(options.output)  # before the model is loaded
    tagger = options.model.load_tagger()
    lengths_for(tagger, options.window_s, options.hop_s)  # refuses wrong ones
    if options.frames or options.events:
        tagger.require_frame_head()
    found = find_media(options.paths)
    _refuse_overwriting(options.output, found.files)
    if found.others:
        print(f"Note: {found.others_in_words()}", file=sys.stderr)
    with _open_output(options.output) as file:
        is_timed = options.frames or options.events
        writer: _FileWriter = (_FrameTagging if is_timed else _WindowTagging)(file, tagger, options)
        for path, error in found.problems:
            writer.error(str(path), error)
        n_errors = len(found.problems)
        for path in found.files:
            try:
                if note := track_note(path):
                    writer.note(str(path), note)
                writer.tag(path)
            except (OutputError, BrokenPipeError):
                raise  # not the file's fault
            except UserError as error:
                n_errors += 1
                writer.error(str(path), error)
            except Exception as error:  # an unforeseen error in one file must not end the others
                n_errors += 1
                writer.error(str(path), unforeseen(path, "tagged", error))
    return 1 if n_errors else 0


class _FileWriter(Protocol):
    """Tags files and writes the results as they come; `tag` raises UserError."""

    def tag(self, path: Path) -> None: ...
    def error(self, source: str, error: UserError) -> None: ...
    def note(self, source: str, text: str) -> None: ...


class _WindowTagging:
    def __init__(self, file: IO[str], tagger: Tagger, options: TagOptions) -> None:
        self._writer = FORMATS[options.format](file, tagger.labels, options.top_k)
        self._tagger, self._options = tagger, options
        self.error, self.note = self._writer.error, self._writer.note

    def tag(self, path: Path) -> None:
        from core.inference.file_tagging import tag_file

        tagger, options = self._tagger, self._options
        windows = tag_file(path, tagger, window_s=options.window_s, hop_s=options.hop_s)
        for index, scores in enumerate(windows):
            implied = None if options.parents else implied_labels(scores, tagger.labels, tagger.thresholds)
            self._writer.window(TaggedWindow(str(path), index, scores, implied=implied))


class _FrameTagging:
    def __init__(self, file: IO[str], tagger: Tagger, options: TagOptions) -> None:
        from core.cli.frame_output import EVENT_FORMATS, FRAME_FORMATS, FileEvents

        formats = EVENT_FORMATS if options.events else FRAME_FORMATS
        events = FileEvents(tagger.labels, options.parents, options.edges)
        self._writer = formats[options.format](file, tagger.labels, options.top_k, events)
        self._tagger, self._options = tagger, options
        self.error, self.note = self._writer.error, self._writer.note

    def tag(self, path: Path) -> None:
        from core.inference.frame_tagging import tag_file_frames

        options = self._options
        try:
            for scores in tag_file_frames(path, self._tagger, window_s=options.window_s, hop_s=options.hop_s):
                self._writer.frames(str(path), scores)
        finally:
            self._writer.end(str(path))  # what a damaged file held comes before its error


def _check_writable(output: Path | None) -> None:
    if output is None:
        return
    folder = output.resolve().parent
    if output.is_dir() or not folder.is_dir() or not os.access(folder, os.W_OK):
        raise UsageError(f"{output} cannot be written.", "Choose another --output, in a folder that exists.")


def _refuse_overwriting(output: Path | None, files: tuple[Path, ...]) -> None:
    if output is not None and output.resolve() in {path.resolve() for path in files}:
        raise UsageError(f"{output} is one of the files to tag.", "Choose another --output.")


@contextmanager
def _open_output(output: Path | None) -> Generator[IO[str]]:
    """Standard output, or a file that keeps what was tagged so far when the user stops."""
    if output is None:
        yield sys.stdout
        return
    try:
        file = ResultStream(output, newline="")
    except OSError as error:
        raise UserError(f"{output} cannot be written ({error.strerror}).", "Choose another --output.") from error
    with file:
        yield file
