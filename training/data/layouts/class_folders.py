"""A folder of class folders, as anybody would sort clips by hand."""

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

# A counter, a take letter, or both, set apart from the name: "rec-3", "rec_12b", "rec b", "rec (2)", "rec copy".
_TAKE = re.compile(
    r"(?:[ _.\-]+(?:take|part|copy)?[ _.\-]*(?:\d+[a-z]?|[a-z])|[ _]*\(\d+\)|[ _-]+copy)$", re.IGNORECASE
)


def read_class_folders(folder: Path) -> ClipListing | None:
    """Every audio or video file below a class folder is a clip of that class, folds dealt from 1 to 5.

    Files whose names differ by a take only (`street_1`, `street_2b`, `street copy`) are one group, in whichever class
    they lie. Where all files of a class share one name, or bear the class's own (`dog_1` to `dog_40` in `dog`), the
    number tells recordings apart and each file is a group of its own. Files of other endings are counted in a note.
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
    # "1.wav" in two classes is no take of one recording: a name is shared only where a take was taken off it.
    sources = {row.group for row in rows if row.path.stem != row.group}
    grouped = [
        replace(row, group=row.group if row.group in sources - {""} else f"{row.labels[0]}/{row.path.name}")
        for row in rows
    ]
    if not grouped:
        return None
    left_out = find_media(class_folders).others_in_words()
    remedy = "Nothing need be done, if no clip is among them."
    notes = (Finding("left_out", "note", left_out, remedy),) if left_out else ()
    return ClipListing("class folders", deal_folds(grouped), notes=notes)


def source_name(stem: str) -> str:
    """A file's name without its trailing take: "street_2b" and "street (3)" to "street". What is nothing but a take
    stays as it is."""
    return _TAKE.sub("", stem) or stem


def _plain(name: str) -> str:
    return re.sub(r"[ _\-]", "", name).lower()
