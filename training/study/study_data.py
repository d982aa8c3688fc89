"""What a study's clips are known by, so that a ledger of other clips does not count. Trains nothing."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable
from functools import cache
from pathlib import Path

from core.errors import UserError
from training.data.manifest import Manifest, read_manifest


def identities(data: Path | None) -> Callable[[str], str]:
    """For each collection ("" for none): the identity of its clips in `data`, "" where they are not given or cannot be
    read, which a run of them tells in its own words. Each is read once."""

    @cache
    def identity(collection: str) -> str:
        if data is None:
            return ""
        try:
            return identity_of(read_manifest(data, collection), data)
        except UserError:
            return ""

    return identity


def identity_of(manifest: Manifest, data: Path) -> str:
    """Of the labels in order, and of each clip's name below `data`, its labels and its fold: the same wherever the
    folder lies. What sounds in the files is not in it."""
    folder = data.parent if os.path.isfile(data) else data
    clips = sorted(
        [f"{_name(clip.path, folder)}{clip.part.words()}", sorted(clip.labels), clip.fold] for clip in manifest.clips
    )
    told = json.dumps([[label.id for label in manifest.labels], clips])
    return hashlib.sha256(told.encode()).hexdigest()[:16]


def _name(path: Path, folder: Path) -> str:
    return path.relative_to(folder).as_posix() if path.is_relative_to(folder) else path.name
