"""`main.py tag PATH...`: files and folders to tags. Knows no window."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from core.cli.output import FORMATS, TaggedWindow
from core.errors import UsageError, UserError

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ModelOptions:
    """Which model and how: as given on the command line."""

    model: str | None = None
    merge: str = "auto"
    device: str = "auto"
    precision: str = "auto"


@dataclass(frozen=True, slots=True)
class TagOptions:
    """What `tag` was asked for; top_k None means all labels, output None means stdout."""

    paths: tuple[Path, ...]
    model: ModelOptions
    format: str = "table"
    output: Path | None = None
    window_s: float = 10.24
    hop_s: float = 5.0
    top_k: int | None = 5


def run_tag(options: TagOptions) -> int:
    """Tag everything; 1 when a file could not be read, else 0. Raises UserError for wrong options."""
    from core.audio.media_file import find_media
    from core.inference.file_tagging import frames_of, tag_file
    from core.inference.tagger import load_tagger

    _check_writable(options.output)  # before the model is loaded
    model = options.model
    tagger = load_tagger(model.model, device=model.device, precision=model.precision, merge=model.merge)
    frames_of(options.window_s, options.hop_s, tagger.window_frames)
    found = find_media(options.paths)
    _refuse_overwriting(options.output, found.files)
    with _opened(options.output) as file:
        writer = FORMATS[options.format](file, tagger.labels, options.top_k)
        for path, error in found.problems:
            writer.error(str(path), error)
        n_errors = len(found.problems)
        for path in found.files:
            try:
                windows = tag_file(path, tagger, window_s=options.window_s, hop_s=options.hop_s)
                for index, scores in enumerate(windows):
                    writer.window(TaggedWindow(str(path), index, scores))
            except UserError as error:
                n_errors += 1
                writer.error(str(path), error)
            except (OSError, RuntimeError, ValueError) as error:  # one file's surprise is not the others' end
                n_errors += 1
                _log.exception("tagging %s failed", path)
                writer.error(
                    str(path), UserError(f"{path.name} could not be tagged: {error!r}.", "Please report this.")
                )
    return 1 if n_errors else 0


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
        file = open(output, "w", encoding="utf-8", errors="backslashreplace", newline="")  # noqa: SIM115
    except OSError as error:
        raise UserError(f"{output} cannot be written ({error.strerror}).", "Choose another --output.") from error
    with file:
        yield file
