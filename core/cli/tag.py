"""`main.py tag PATH...`: files and folders to tags. Knows no window."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Protocol

from core.cli.terminal.streams import OutputError, ResultStream
from core.cli.window_output import FORMATS, TaggedWindow
from core.errors import UsageError, UserError
from core.unforeseen import unforeseen

if TYPE_CHECKING:
    from core.inference.tagger import Tagger


@dataclass(frozen=True, slots=True)
class ModelOptions:
    """Which model and how: as given on the command line. strides: (mels, frames), None for the model's own. no_pad:
    without zero frames behind short input."""

    model: str | None = None
    merge: str = "auto"
    device: str = "auto"
    precision: str = "auto"
    strides: tuple[int, int] | None = None
    no_pad: bool = False


@dataclass(frozen=True, slots=True)
class TagOptions:
    """What `tag` was asked for; top_k None means all labels, output None means stdout, a length None the usual one.

    frames: rows of 100 ms, or onsets and offsets, in place of windows.
    """

    paths: tuple[Path, ...]
    model: ModelOptions
    format: str = "table"
    output: Path | None = None
    window_s: float | None = None
    hop_s: float | None = None
    top_k: int | None = 5
    frames: bool = False


def run_tag(options: TagOptions) -> int:
    """Tag everything; 1 when a file could not be read, else 0. Raises UserError for wrong options."""
    from core.audio.decoding.decode import find_media, track_note
    from core.inference.file_tagging import lengths_for

    _check_writable(options.output)  # before the model is loaded
    tagger = load_as_asked(options.model)
    lengths_for(tagger, options.window_s, options.hop_s)
    if options.frames:
        tagger.refuse_without_frame_head()
    found = find_media(options.paths)
    _refuse_overwriting(options.output, found.files)
    if found.others:
        print(f"Note: {found.others_in_words()}", file=sys.stderr)
    with _opened(options.output) as file:
        writer = (_FrameByFrame if options.frames else _WindowByWindow)(file, tagger, options)
        for path, error in found.problems:
            writer.error(str(path), error)
        n_errors = len(found.problems)
        for path in found.files:
            try:
                if note := track_note(path):
                    writer.note(str(path), note)
                writer.tag(path)
            except (OutputError, BrokenPipeError):
                raise  # no fault of the file
            except UserError as error:
                n_errors += 1
                writer.error(str(path), error)
            except Exception as error:  # one file's surprise is not the others' end
                n_errors += 1
                writer.error(str(path), unforeseen(path, "tagged", error))
    return 1 if n_errors else 0


def load_as_asked(model: ModelOptions) -> Tagger:
    """The tagger that the command line wants. Raises UserError."""
    from core.inference.tagger import load_tagger

    options = {"device": model.device, "precision": model.precision, "merge": model.merge}
    return load_tagger(model.model, **options, strides=model.strides, no_pad=model.no_pad)


class _FileWriter(Protocol):
    """Tags a file and writes what it finds, as it finds it; `tag` raises UserError."""

    def tag(self, path: Path) -> None: ...
    def error(self, source: str, error: UserError) -> None: ...
    def note(self, source: str, text: str) -> None: ...


class _WindowByWindow:
    def __init__(self, file: IO[str], tagger: Tagger, options: TagOptions) -> None:
        self._writer = FORMATS[options.format](file, tagger.labels, options.top_k)
        self._tagger, self._options = tagger, options
        self.error, self.note = self._writer.error, self._writer.note

    def tag(self, path: Path) -> None:
        from core.inference.file_tagging import tag_file

        windows = tag_file(path, self._tagger, window_s=self._options.window_s, hop_s=self._options.hop_s)
        for index, scores in enumerate(windows):
            self._writer.window(TaggedWindow(str(path), index, scores))


class _FrameByFrame:
    def __init__(self, file: IO[str], tagger: Tagger, options: TagOptions) -> None:
        from core.cli.frame_output import FRAME_FORMATS

        self._writer = FRAME_FORMATS[options.format](file, tagger.labels, options.top_k)
        self._tagger, self._options = tagger, options
        self.error, self.note = self._writer.error, self._writer.note

    def tag(self, path: Path) -> None:
        from core.inference.frame_tagging import tag_file_frames

        options = self._options
        try:
            for scores in tag_file_frames(path, self._tagger, window_s=options.window_s, hop_s=options.hop_s):
                self._writer.frames(str(path), scores)
        finally:
            self._writer.end(str(path))  # what a damaged file held is written before its error


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
def _opened(output: Path | None) -> Iterator[IO[str]]:
    """stdout, or a file; what has been tagged when somebody stops it is in there."""
    if output is None:
        yield sys.stdout
        return
    try:
        file = ResultStream(output, newline="")
    except OSError as error:
        raise UserError(f"{output} cannot be written ({error.strerror}).", "Choose another --output.") from error
    with file:
        yield file
