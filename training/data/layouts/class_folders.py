"""Reads a folder of class folders, as people sort clips by hand."""

from __future__ import annotations

import os
import re
from collections import Counter
from dataclasses import replace
from pathlib import Path

from core.audio.decoding.decode import find_media
from core.file_names import shown
from core.run.data_report import Finding
from training.data.layouts.clip_rows import ClipListing, ClipRow, deal_folds

# A number, a take letter or both after a separator: "rec-3", "rec_12b", "rec b", "rec (2)", "rec copy".
_TAKE = re.compile(
    r"(?:[ _.\-]+(?:take|part|copy)?[ _.\-]*(?:\d+[a-z]?|[a-z])|[ _]*\(\d+\)|[ _-]+copy)$", re.IGNORECASE
)


def read_class_folders(folder: Path) -> ClipListing | None:
    """Read every audio or video file below a class folder as a clip of that class, and assign folds 1 to 5.

    Files whose names differ only by a take (`street_1`, `street_2b`, `street copy`) are one group, even in different
    classes. Where all files of a class have the same name apart from the take, or the name of the class (`dog_1` to
    `dog_40` in `dog`), the number is that of the recording, and each file is a group by itself. Files with other
    extensions are counted in a note.
    """
    if not os.path.isdir(folder):
        return None
    rows: list[ClipRow] = []
    class_folders = sorted(path for path in folder.iterdir() if os.path.isdir(path) and path.name[0] not in "._")
    for class_folder in class_folders:
        files = find_media([class_folder]).files
        names = [source_name(path.stem) for path in files]
        counters = {name for name, n in Counter(names).items() if n == len(files) > 1}
        counters |= {name for name in names if _plain(name) == _plain(class_folder.name)}
        rows += [
            ClipRow(path, (shown(class_folder.name),), group="" if name in counters else name)
            for path, name in zip(files, names, strict=True)
        ]
    # "1.wav" in two classes is not a take of one recording: only names that had a take are shared between classes.
    sources = {row.group for row in rows if row.path.stem != row.group}
    grouped = [
        replace(row, group=row.group if row.group in sources - {""} else f"{row.labels[0]}/{row.path.name}")
        for row in rows
    ]
    if not grouped:
        return None
    left_out = find_media(class_folders).others_in_words()
    remedy = "Nothing to do, if none of them is a clip."
    notes = (Finding("left_out", "note", left_out, remedy),) if left_out else ()
    return ClipListing("class folders", deal_folds(grouped), notes=notes)


def source_name(stem: str) -> str:
    """A file's name without its take: "street" for "street_2b" and "street (3)". A name that is only a take stays as it
    is."""
    return _TAKE.sub("", stem) or stem


def _plain(name: str) -> str:
    return re.sub(r"[ _\-]", "", name).lower()
