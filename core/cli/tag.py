"""`main.py tag PATH...`: files and folders to tags. Knows no window."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from core.cli.output import FORMATS, TaggedWindow
from core.errors import UserError


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

    with _opened(options.output) as file:  # first: a place that cannot be written is told before the model loads
        model = options.model
        tagger = load_tagger(model.model, device=model.device, precision=model.precision, merge=model.merge)
        frames_of(options.window_s, options.hop_s, tagger.window_frames)
        writer = FORMATS[options.format](file, tagger.labels, options.top_k)
        found = find_media(options.paths)
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
    return 1 if n_errors else 0


@contextmanager
def _opened(output: Path | None) -> Iterator[IO[str]]:
    """stdout, or a file; what has been tagged when somebody stops it is in there."""
    if output is None:
        yield sys.stdout
        return
    try:
        file = open(output, "w", encoding="utf-8", newline="")  # noqa: SIM115
    except OSError as error:
        raise UserError(f"{output} cannot be written ({error.strerror}).", "Choose another --output.") from error
    with file:
        yield file
