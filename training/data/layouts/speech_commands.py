"""Reads Speech Commands as published (Warden, arXiv:1804.03209): folders of words and two lists."""

from __future__ import annotations

import os
from pathlib import Path

from core.errors import UserError
from core.file_names import shown
from training.data.layouts.clip_rows import ClipListing, ClipRow

_LISTS = {"validation": "validation_list.txt", "testing": "testing_list.txt"}


def read_speech_commands(folder: Path) -> ClipListing | None:
    """Read each folder as a class, except those that begin with an underscore (`_background_noise_`): V2 has 35.

    The lists (lines such as `bed/0a7c2a8d_nohash_0.wav`) give the folds "validation" and "testing"; all other clips are
    "training". The group is the speaker, the name before `_nohash_`. Listed clips that do not exist have a row too.
    """
    if not all(os.path.isfile(folder / name) for name in _LISTS.values()):
        return None
    fold_of = {clip: fold for fold, name in _LISTS.items() for clip in _listed(folder / name)}
    clips = {
        f"{path.parent.name}/{path.name}": path
        for word in sorted(path for path in folder.iterdir() if path.is_dir() and not path.name.startswith(("_", ".")))
        for path in sorted(word.glob("*.wav"))
    }
    words = {name.split("/")[0] for name in clips}
    listed_only = {clip: folder / clip for clip in fold_of if clip not in clips and clip.split("/")[0] in words}
    rows = [
        ClipRow(path, (shown(path.parent.name),), fold_of.get(name, "training"), path.stem.split("_nohash_")[0])
        for name, path in (clips | listed_only).items()
    ]
    if not rows:
        raise UserError(f"{folder.name} has the lists of Speech Commands but no clip.", "Unpack the archive there.")
    return ClipListing("Speech Commands", tuple(rows))


def _listed(path: Path) -> list[str]:
    try:
        return [line.strip() for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{path.name} cannot be read ({error}).", "Download that list again.") from error
