"""Searches paths and folders for files to tag and for files of labels, on a pool thread."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from app.runtime.core_api import FoundMedia
from app.style import formatting
from core.errors import UserError
from core.event_files.main import read_labels
from core.event_files.models import LabelFile

_MOST_SHOWN = 5
LABEL_SUFFIXES = (".txt", ".csv", ".tsv", ".jsonl", ".vtt", ".srt", ".parquet")


@dataclass(frozen=True, slots=True)
class FoundFiles:
    """What is there to tag and to show."""

    media: FoundMedia
    """Audio and video files."""
    stamps: dict[Path, tuple[int, int]] = field(default_factory=dict[Path, tuple[int, int]])
    """Size in bytes and time of the last change in ns of each file."""
    labels: tuple[LabelFile, ...] = ()
    """Files of labels."""
    label_problems: tuple[UserError, ...] = ()
    """Files of labels that cannot be read."""


def search(paths: Sequence[Path], find_media: Callable[[Sequence[Path]], FoundMedia]) -> FoundFiles:
    """Search. Files of labels are those that were given themselves; in a folder they are left alone."""
    named = [path for path in paths if path.suffix.lower() in LABEL_SUFFIXES and not path.is_dir()]
    media = find_media([path for path in paths if path not in named])
    labels, problems = list[LabelFile](), list[UserError]()
    for path in named:
        try:
            labels.append(read_labels(path))
        except UserError as error:
            problems.append(error)
    return FoundFiles(media, {path: stamp_of(path) for path in media.files}, tuple(labels), tuple(problems))


def stamp_of(path: Path) -> tuple[int, int]:
    """Size in bytes and time of the last change in ns; zeros for a file that is not there."""
    try:
        found = path.stat()
    except OSError:
        return 0, 0
    return found.st_size, found.st_mtime_ns


def belongs_to(labels: Path, sound: Path) -> bool:
    """Whether a file of labels has the name of a sound in the same folder: `a.txt`, `a.wav.csv` and `a.Table.1.txt`
    belong to `a.wav`."""
    name = labels.name
    return labels.parent == sound.parent and name.startswith((f"{sound.stem}.", f"{sound.name}."))


def no_sound_of(labels: LabelFile) -> UserError:
    """That a file of labels has no sound in the list."""
    problem = f"{labels.path.name} belongs to no file in the list."
    return UserError(problem, "Add the sound first; the labels have its name and lie beside it.")


def problems_in_words(labels: LabelFile) -> str:
    """What cannot be used of a file of labels, by line."""
    shown = "; ".join(f"line {problem.line}: {problem.text}" for problem in labels.problems[:_MOST_SHOWN])
    more = len(labels.problems) - _MOST_SHOWN
    return f"{labels.path.name}: {shown}{f'; and {more} more' if more > 0 else ''}."


def unchanged_in_words(number: int) -> str:
    """That files were left as they are; "" for none."""
    if not number:
        return ""
    return f"{formatting.count(number, 'file')} in the list already, unchanged. Press Tag again to tag one once more."
