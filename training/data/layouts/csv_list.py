"""Reads lists of clips as CSV: a folder's manifest.csv, that of ESC-50, or any table with a path and a label column.

A list may say which part of a file a clip is, in the columns `start_s` and `end_s` (seconds; an empty cell means the
beginning or end of the file). Parts of one file are from one recording, whatever groups the list assigns.
"""

from __future__ import annotations

import math
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from core.errors import UserError
from core.run.data_report import Finding
from training.data.layouts.clip_parts import Part
from training.data.layouts.clip_rows import ClipListing, ClipRow, deal_folds, united_by_file
from training.data.layouts.csv_reading import read_cells
from training.data.layouts.listed_files import ListedFiles
from training.text import count


@dataclass(frozen=True, slots=True)
class _Columns:
    """The names that each column may have; the first one present is used."""

    path: tuple[str, ...]
    """Required."""
    label: tuple[str, ...]
    """Required."""
    fold: tuple[str, ...]
    """Required if `needs_fold`."""
    group: tuple[str, ...] = ("group", "src_file", "source", "speaker")
    """Optional, as are all that follow."""
    licence: tuple[str, ...] = ("licence", "license")
    start: tuple[str, ...] = ("start_s",)
    end: tuple[str, ...] = ("end_s",)
    audioset: tuple[str, ...] = ("audioset",)
    yamnet_rank: tuple[str, ...] = ("yamnet_rank",)
    needs_fold: bool = True
    commas_separate_labels: bool = False
    """Whether commas separate labels in a cell without `;` and `|`."""


_MANIFEST = _Columns(("path",), ("label",), ("fold_or_split",))
_ESC50 = _Columns(("filename",), ("category",), ("fold",))
_ANY = _Columns(
    ("path", "file", "filename", "file_name", "fname"),
    ("label", "labels", "category", "class"),
    ("fold_or_split", "fold", "split"),
    needs_fold=False,
    commas_separate_labels=True,
)


def read_manifest_csv(folder: Path) -> ClipListing | None:
    """Read `manifest.csv` in the folder: columns path, label, fold_or_split and, optionally, group and licence.

    Several labels are separated by `;` or `|`; a clip without labels is a negative example. The columns audioset
    (AudioSet's names, separated by `|`) and yamnet_rank are for collections.
    """
    return _read_list(folder / "manifest.csv", folder, _MANIFEST, "manifest.csv")


def read_esc50(folder: Path) -> ClipListing | None:
    """Read ESC-50 as published: `meta/esc50.csv` (filename, fold, category, src_file) beside `audio/`."""
    return _read_list(folder / "meta" / "esc50.csv", folder / "audio", _ESC50, "ESC-50")


def read_any_csv(path: Path) -> ClipListing | None:
    """Read a CSV file that is given itself: a column of paths relative to its folder, and a column of labels.

    Several labels are separated by `;` or `|`, or by commas in a cell that has neither. Without a column of folds, the
    clips are assigned to five folds, and those of one group (source, speaker) stay together.
    """
    if path.suffix.lower() not in (".csv", ".tsv"):
        return None
    return _read_list(path, path.parent, _ANY, "CSV list")


def _read_list(path: Path, audio: Path, columns: _Columns, layout: str) -> ClipListing | None:
    if not os.path.isfile(path):
        return None
    files = ListedFiles(audio)
    rows = united_by_file(tuple(_rows(path, files, columns)))
    if not rows:
        raise UserError(f"{path.name} lists no clips.", "Give a list with at least two clips per label.")
    notes = (_note_on_backslashes(path.name, files.n_backslashed),) if files.n_backslashed else ()
    return ClipListing(layout, rows if any(row.fold for row in rows) else deal_folds(rows), notes=notes)


def _note_on_backslashes(file: str, n_clips: int) -> Finding:
    text = f"{file} was written on Windows: the backslashes of {count(n_clips, 'clip', 'clips')} are read as slashes."
    return Finding("note", "note", text, "Nothing to do.")


def _rows(path: Path, files: ListedFiles, columns: _Columns) -> Iterator[ClipRow]:
    cells_of = read_cells(path)
    _, header = next(cells_of, (1, []))
    places = _places(path.name, [name.strip() for name in header], columns)
    for line, cells in cells_of:
        file, label, fold, group, licence, start, end, audioset, rank = (
            None if place is None else cells[place].strip() if place < len(cells) else "" for place in places
        )
        is_complete = all(place is None or place < len(cells) for place in places[:3])
        if not file or label is None or not is_complete:
            raise UserError(f"line {line} of {path.name} is incomplete.", "Fill in its path, label and fold.")
        where = f"line {line} of {path.name}"
        part = _part(start, end, where)
        yield ClipRow(
            path=files.find(file),
            labels=_split_labels(label, columns.commas_separate_labels),
            fold=fold or "",
            group=group or ("" if part.is_whole else file),
            licence=licence or "",
            part=part,
            audioset=None if audioset is None else tuple(name for name in audioset.split("|") if name),
            yamnet_rank=_rank(rank, where),
        )


def _rank(rank: str | None, where: str) -> int | None:
    if rank and not rank.isdecimal():
        problem = f"{where} has a yamnet_rank that is not a whole number."
        raise UserError(problem, "Write a number, 1 or more, or leave it empty.")
    return int(rank) if rank else None


def _part(start: str | None, end: str | None, where: str) -> Part:
    """The part of the file that a line describes. Raises UserError for an impossible one."""
    try:
        part = Part(float(start or 0), float(end) if end else None)
    except ValueError as error:
        raise UserError(
            f"{where} has a start_s or end_s that is not a number.", "Write seconds, such as 2.5."
        ) from error
    if not 0 <= part.start_s < (math.inf if part.end_s is None else part.end_s) or part.end_s == math.inf:
        problem = f"{where} describes a part{part.describe()}, which is impossible."
        raise UserError(
            problem, "Write seconds, 0 or more, with start_s less than end_s; an empty end_s is the file's end."
        )
    return part


def _places(file: str, header: list[str], columns: _Columns) -> list[int | None]:
    """The index of each column, in order; None where it is missing. Raises UserError for missing required columns."""
    wanted = (
        *(columns.path, columns.label, columns.fold, columns.group, columns.licence),
        *(columns.start, columns.end, columns.audioset, columns.yamnet_rank),
    )
    lower = [name.lower() for name in header]
    places = [next((lower.index(name) for name in names if name in lower), None) for names in wanted]
    n_needed = 3 if columns.needs_fold else 2
    lacking = [" or ".join(names) for names, place in zip(wanted[:n_needed], places, strict=False) if place is None]
    if lacking:
        raise UserError(f"{file} has no column {', '.join(lacking)}.", "Add it, or correct its header line.")
    return places


def _split_labels(cell: str, by_comma: bool) -> tuple[str, ...]:
    separator = r"[;|]" if re.search(r"[;|]", cell) or not by_comma else ","
    return tuple(dict.fromkeys(part.strip() for part in re.split(separator, cell) if part.strip()))
