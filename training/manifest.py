"""From a data folder to labelled clips. Opens no audio; every missing file is reported at once."""

from __future__ import annotations

import csv
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from core.audio.media_file import find_media
from core.errors import UserError
from core.labels import LabelSet


@dataclass(frozen=True, slots=True)
class LabelledClip:
    """One recording. label: index into the manifest's labels. fold: "" where the data has none.
    group: what must stay on one side of a split (a recording, a speaker)."""

    path: Path
    label: int
    fold: str
    group: str


@dataclass(frozen=True, slots=True)
class Split:
    """Clips to train on, clips held out, and how many training clips were left out because a held-out clip is
    of the same recording."""

    train: tuple[LabelledClip, ...]
    test: tuple[LabelledClip, ...]
    n_left_out: int


@dataclass(frozen=True, slots=True)
class Manifest:
    """All clips of a data set, its labels in order, and its licence as stated (by clips)."""

    name: str
    clips: tuple[LabelledClip, ...]
    labels: LabelSet
    licences: tuple[tuple[str, int], ...]

    def split(self, test_folds: tuple[str, ...]) -> Split:
        """Training and held-out clips. A recording with clips on both sides (the published ESC-50 folds have two)
        leaves the training side. Raises UserError for an empty side."""
        test = tuple(clip for clip in self.clips if clip.fold in test_folds)
        held_out = {clip.group for clip in test} - {""}
        others = [clip for clip in self.clips if clip.fold not in test_folds]
        train = tuple(clip for clip in others if clip.group not in held_out)
        if not train or not test:
            folds = ", ".join(sorted({clip.fold or "(none)" for clip in self.clips}))
            raise UserError(
                f"Holding out fold {', '.join(test_folds)} leaves {len(train)} clips to train on, {len(test)} to test.",
                f"{self.name} has the folds {folds}: set test_folds to some of them.",
            )
        return Split(train, test, len(others) - len(train))


def read_manifest(folder: Path) -> Manifest:
    """Read `manifest.csv` (columns path, label, fold_or_split, and where known group, licence), the ESC-50 release
    (`meta/esc50.csv`), or a folder of class folders, each of whose clips gets a fold by its place in the list."""
    if not folder.is_dir():
        raise UserError(f"There is no data folder {folder}.", "Give one with --data.")
    if (folder / "manifest.csv").is_file():
        rows = _read_rows(folder / "manifest.csv", folder, {"path": "path", "label": "label", "fold": "fold_or_split"})
    elif (folder / "meta" / "esc50.csv").is_file():
        names = {"path": "filename", "label": "category", "fold": "fold"}
        rows = _read_rows(folder / "meta" / "esc50.csv", folder / "audio", names)
    else:
        rows = _read_class_folders(folder)
    missing = [row.path for row in rows if not row.path.is_file()]
    if missing:
        raise UserError(
            f"{len(missing)} of {len(rows)} clips are missing ({', '.join(path.name for path in missing[:3])}).",
            f"Get {folder.name} anew, or take their lines out of its list.",
        )
    ids = sorted({row.label for row in rows})
    index = {one: i for i, one in enumerate(ids)}
    clips = tuple(LabelledClip(row.path, index[row.label], row.fold, row.group) for row in rows)
    licences = tuple(Counter(row.licence or "not stated" for row in rows).most_common())
    return Manifest(folder.name, clips, LabelSet.from_ids(ids), licences)


@dataclass(frozen=True, slots=True)
class _Row:
    path: Path
    label: str
    fold: str
    group: str
    licence: str


def _read_rows(path: Path, audio: Path, names: dict[str, str]) -> list[_Row]:
    try:
        with open(path, newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file)
            lacking = [name for name in names.values() if name not in (reader.fieldnames or ())]
            if lacking:
                raise UserError(
                    f"{path.name} has no column {', '.join(lacking)}.", "Add it, or correct its header line."
                )
            lines = list(reader)
    except UnicodeDecodeError as error:
        raise UserError(f"{path.name} is not UTF-8 text.", "Save it as “CSV UTF-8”.") from error
    short = [i for i, line in enumerate(lines, 2) if any(line[name] is None for name in names.values())]
    if short:
        raise UserError(f"line {short[0]} of {path.name} is incomplete.", "Fill in its path, label and fold.")
    rows = [
        _Row(
            audio / line[names["path"]],
            line[names["label"]],
            line[names["fold"]],
            line.get("group") or line.get("src_file") or "",
            line.get("licence") or "",
        )
        for line in lines
    ]
    if not rows:
        raise UserError(f"{path.name} lists no clip.", "Give a list with at least two clips a label.")
    return rows


def _read_class_folders(folder: Path) -> list[_Row]:
    rows = []
    for class_folder in sorted(path for path in folder.iterdir() if path.is_dir()):
        files = find_media([class_folder]).files
        rows += [_Row(file, class_folder.name, str(i % 5 + 1), "", "") for i, file in enumerate(files)]
    if not rows:
        raise UserError(
            f"{folder.name} has neither a manifest.csv nor folders of clips.",
            "Put the clips of each class into a folder named after it.",
        )
    return rows
