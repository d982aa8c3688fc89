"""Lists of clips as CSV: a folder's own manifest.csv, ESC-50's, or any table with a path and a label column."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from core.errors import UserError
from training.clip_listing import ClipListing, ClipRow, deal_folds
from training.layouts.tables import read_cells


@dataclass(frozen=True, slots=True)
class _Columns:
    """The names that each column may have, the first present is taken; only the last three may be absent."""

    path: tuple[str, ...]
    label: tuple[str, ...]
    fold: tuple[str, ...]
    group: tuple[str, ...] = ("group", "src_file", "source", "speaker")
    licence: tuple[str, ...] = ("licence", "license")
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

    Several labels are separated by `;` or `|`; a clip without any is one of nothing known.
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
    rows = tuple(_rows(path, audio, columns))
    if not rows:
        raise UserError(f"{path.name} lists no clip.", "Give a list with at least two clips a label.")
    return ClipListing(layout, rows if any(row.fold for row in rows) else deal_folds(rows))


def _rows(path: Path, audio: Path, columns: _Columns) -> Iterator[ClipRow]:
    cells_of = read_cells(path)
    _, header = next(cells_of, (1, []))
    places = _places(path.name, [name.strip() for name in header], columns)
    for line, cells in cells_of:
        file, label, fold, group, licence = (
            None if place is None else cells[place].strip() if place < len(cells) else "" for place in places
        )
        whole = all(place is None or place < len(cells) for place in places[:3])
        if not file or label is None or not whole:
            raise UserError(f"line {line} of {path.name} is incomplete.", "Fill in its path, label and fold.")
        labels = _split_labels(label, columns.commas_part_labels)
        yield ClipRow(audio / file, labels, fold or "", group or "", licence or "")


def _places(file: str, header: list[str], columns: _Columns) -> list[int | None]:
    """Where path, label, fold, group and licence stand in a row. Raises UserError for those that must be there."""
    wanted = (columns.path, columns.label, columns.fold, columns.group, columns.licence)
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
