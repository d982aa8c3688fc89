"""Lists of clips as CSV: a folder's own manifest.csv, ESC-50's, or any table with a path and a label column.

A list may say which part of a file a clip is, in the columns `start_s` and `end_s` (seconds; an empty cell means the
file's beginning or end). Parts of one file are of one recording, in whatever groups the list puts them.
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
    """The names that each column may have, the first present is taken; of the others than path, label and fold, any
    may be absent."""

    path: tuple[str, ...]
    label: tuple[str, ...]
    fold: tuple[str, ...]
    group: tuple[str, ...] = ("group", "src_file", "source", "speaker")
    licence: tuple[str, ...] = ("licence", "license")
    start: tuple[str, ...] = ("start_s",)
    end: tuple[str, ...] = ("end_s",)
    audioset: tuple[str, ...] = ("audioset",)
    yamnet_rank: tuple[str, ...] = ("yamnet_rank",)
    needs_fold: bool = True
    commas_part_labels: bool = False


_MANIFEST = _Columns(("path",), ("label",), ("fold_or_split",))
_ESC50 = _Columns(("filename",), ("category",), ("fold",))
_ANY = _Columns(
    ("path", "file", "filename", "file_name", "fname"),
    ("label", "labels", "category", "class"),
    ("fold_or_split", "fold", "split"),
    needs_fold=False,
    commas_part_labels=True,
)


def read_manifest_csv(folder: Path) -> ClipListing | None:
    """`manifest.csv` in the folder: columns path, label, fold_or_split, and where known group, licence.

    Several labels are separated by `;` or `|`; a clip without any is one of nothing known. The columns audioset
    (AudioSet's names of them, `|` between) and yamnet_rank are for collections.
    """
    return _read_list(folder / "manifest.csv", folder, _MANIFEST, "manifest.csv")


def read_esc50(folder: Path) -> ClipListing | None:
    """ESC-50 as published: `meta/esc50.csv` (filename, fold, category, src_file) beside `audio/`."""
    return _read_list(folder / "meta" / "esc50.csv", folder / "audio", _ESC50, "ESC-50")


def read_any_csv(path: Path) -> ClipListing | None:
    """A CSV file given itself: paths as from its own folder, and a column of labels.

    Several labels are separated by `;` or `|`, or, in a cell that has neither, by commas. Without a column of folds
    the clips are dealt to five, and those of one group (source, speaker) stay together.
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
        raise UserError(f"{path.name} lists no clip.", "Give a list with at least two clips a label.")
    notes = (_note_on_backslashes(path.name, files.n_backslashed),) if files.n_backslashed else ()
    return ClipListing(layout, rows if any(row.fold for row in rows) else deal_folds(rows), notes=notes)


def _note_on_backslashes(file: str, n_clips: int) -> Finding:
    text = f"{file} was written on Windows: the backslashes of {count(n_clips, 'clip', 'clips')} are read as slashes."
    return Finding("note", "note", text, "Nothing need be done.")


def _rows(path: Path, files: ListedFiles, columns: _Columns) -> Iterator[ClipRow]:
    cells_of = read_cells(path)
    _, header = next(cells_of, (1, []))
    places = _places(path.name, [name.strip() for name in header], columns)
    for line, cells in cells_of:
        file, label, fold, group, licence, start, end, audioset, rank = (
            None if place is None else cells[place].strip() if place < len(cells) else "" for place in places
        )
        whole = all(place is None or place < len(cells) for place in places[:3])
        if not file or label is None or not whole:
            raise UserError(f"line {line} of {path.name} is incomplete.", "Fill in its path, label and fold.")
        where = f"line {line} of {path.name}"
        part = _part(start, end, where)
        yield ClipRow(
            path=files.find(file),
            labels=_split_labels(label, columns.commas_part_labels),
            fold=fold or "",
            group=group or ("" if part.is_whole else file),
            licence=licence or "",
            part=part,
            audioset=None if audioset is None else tuple(name for name in audioset.split("|") if name),
            yamnet_rank=_rank(rank, where),
        )


def _rank(rank: str | None, where: str) -> int | None:
    if rank and not rank.isdecimal():
        problem = f"{where} has a yamnet_rank that is no whole number."
        raise UserError(problem, "Write one from 1 on, or leave it empty.")
    return int(rank) if rank else None


def _part(start: str | None, end: str | None, where: str) -> Part:
    """Which part of the file a line means. Raises UserError for one that no file has."""
    try:
        part = Part(float(start or 0), float(end) if end else None)
    except ValueError as error:
        raise UserError(f"{where} has a start_s or end_s that is no number.", "Write seconds, such as 2.5.") from error
    if not 0 <= part.start_s < (math.inf if part.end_s is None else part.end_s) or part.end_s == math.inf:
        problem = f"{where} asks for a part{part.words()}, which no file has."
        raise UserError(problem, "Write seconds from 0 on, start_s less than end_s; an empty end_s is the file's end.")
    return part


def _places(file: str, header: list[str], columns: _Columns) -> list[int | None]:
    """Where each of the columns stands in a row, in their order. Raises UserError for those that must be there."""
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
