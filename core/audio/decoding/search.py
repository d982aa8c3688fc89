"""Finds audio and video files among the paths that someone dropped or typed."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from core.audio.decoding.open import refuse_unreadable
from core.errors import UserError
from core.file_names import shown

_AUDIO = (
    "wav wave w64 rf64 flac mp3 mp2 ogg oga opus spx m4a m4b aac ac3 aiff aif aifc wma caf au snd mka amr ape wv tta"
)
_VIDEO = "mp4 m4v mov mkv webm avi wmv flv ogv mpg mpeg ts m2ts mts 3gp 3g2"
MEDIA_SUFFIXES: frozenset[str] = frozenset(f".{suffix}" for suffix in f"{_AUDIO} {_VIDEO}".split())
"""Lower-case suffixes that are looked for in folders. A file that is named itself is tried whatever its suffix."""


_SYSTEM_FILES = frozenset({"thumbs.db", "desktop.ini"})
_ENDINGS_SHOWN = 5


@dataclass(frozen=True, slots=True)
class MediaFound:
    """files: each once, folders searched recursively and sorted. problems: paths without a file, and why. others:
    endings of other files in the folders, in lower case, and how many there are, most frequent first."""

    files: tuple[Path, ...]
    problems: tuple[tuple[Path, UserError], ...]
    others: tuple[tuple[str, int], ...] = ()

    def others_in_words(self) -> str:
        """One line that counts the files that were ignored; "" if there are none."""
        n = sum(count for _, count in self.others)
        endings = ", ".join(f"{ending or 'no ending'} ({count})" for ending, count in self.others[:_ENDINGS_SHOWN])
        more = ", …" if len(self.others) > _ENDINGS_SHOWN else ""
        files = "1 file that is" if n == 1 else f"{n} files that are"
        return f"Left out {files} neither audio nor video: {endings}{more}." if n else ""


def find_media(paths: Iterable[Path | str]) -> MediaFound:
    """The files to read in these files and folders, in the given order. Raises nothing."""
    others: dict[Path, None] = {}
    files: dict[Path, None] = {}
    problems: list[tuple[Path, UserError]] = []
    for path in map(Path, paths):
        if os.path.isdir(path):  # Path.is_dir raises below a closed folder and for names that are too long
            found, left, closed = _search_folder(path)
            others.update(dict.fromkeys(left))
            files.update(dict.fromkeys(found))
            problems += closed
            if not found and not closed:
                problems.append((path, _nothing_in(path)))
            continue
        try:
            refuse_unreadable(path)
            files[path] = None
        except UserError as error:
            problems.append((path, error))
    refused = {path for path, _ in problems}  # a bad file that is also in a named folder is reported once
    endings = Counter(shown(path.suffix.lower()) for path in others if path not in files)
    return MediaFound(
        tuple(path for path in files if path not in refused), tuple(problems), tuple(endings.most_common())
    )


def _search_folder(folder: Path) -> tuple[list[Path], list[Path], list[tuple[Path, UserError]]]:
    """Media files, other files, and folders that cannot be opened."""
    refused: list[tuple[Path, UserError]] = []

    def refuse(error: OSError) -> None:
        path = Path(error.filename or folder)
        refused.append((path, _cannot_search(path, error)))

    files = sorted(_files_below(folder, refuse))
    is_media = [path.suffix.lower() in MEDIA_SUFFIXES for path in files]
    media = [path for path, yes in zip(files, is_media, strict=True) if yes]
    return media, [path for path, yes in zip(files, is_media, strict=True) if not yes], refused


def _files_below(folder: Path, refuse: Callable[[OSError], None]) -> Iterator[Path]:
    for parent, _, names in os.walk(folder, onerror=refuse):  # links to folders are not followed: they may form a loop
        for name in names:
            # macOS leaves "._name" beside each file on foreign drives; other hidden files count only if they are media
            is_hidden = name.startswith("._") or (name.startswith(".") and Path(name).suffix not in MEDIA_SUFFIXES)
            if not is_hidden and name.lower() not in _SYSTEM_FILES:
                yield Path(parent, name)


def _nothing_in(folder: Path) -> UserError:
    return UserError(
        f"The folder “{folder.name or folder}” has no audio or video file.",
        "Choose another folder, or name the file itself if its ending is unusual.",
    )


def _cannot_search(folder: Path, error: OSError) -> UserError:
    return UserError(
        f"The folder “{folder.name or folder}” cannot be searched: {error.strerror or error}.",
        "Allow your account to open it, or copy its files to a folder of your own.",
    )
