"""Reads AudioSet (Gemmeke et al., ICASSP 2017): the label file, the segment lists, and those clips that exist."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from core.audio.decoding.decode import MEDIA_SUFFIXES
from core.errors import UserError
from core.foreign_text import parse_json
from core.labels import Label, LabelSet
from core.model.checkpoints.known_data_sets import with_audioset_parents
from training.data.layouts.clip_rows import ClipListing, ClipRow
from training.data.layouts.csv_reading import read_cells

_LABEL_FILE = "class_labels_indices.csv"
# "YTID", "YTID_30", "YTID_30.000_40.000", "YTID_30000"; some downloaders put a Y before all names.
_CLIP_NAME = re.compile(r"Y?(?P<id>[A-Za-z0-9_-]{11})(?:_(?P<start>\d+(?:\.\d+)?).*)?")


@dataclass(frozen=True, slots=True)
class _Segment:
    """One line of a list."""

    youtube_id: str
    start_s: float | None
    """None where the list does not say."""
    mids: tuple[str, ...]
    """Ids of its labels, such as `/m/09x0r`."""
    fold: str
    file: str = ""
    """The path of the clip, where the list has one."""


@dataclass(slots=True)
class _ClipsOnDisk:
    """Media files below a folder, by what a list may call them."""

    by_id: dict[str, list[tuple[float | None, str]]] = field(default_factory=dict)
    """From a YouTube id to the start in its file name, if any, and the path."""
    by_name: dict[str, str] = field(default_factory=dict)
    """From a file name to the path."""

    def find(self, segment: _Segment) -> str | None:
        """The path of a segment's file: the listed one, or one named by its id and start (s or ms), or by its id."""
        if segment.file:
            return segment.file if os.path.isfile(segment.file) else self.by_name.get(os.path.basename(segment.file))
        starts = {None, segment.start_s} | ({segment.start_s * 1000} if segment.start_s is not None else set())
        matching = [(start is None, path) for start, path in self.by_id.get(segment.youtube_id, ()) if start in starts]
        return min(matching)[1] if matching else None


def read_audioset(folder: Path) -> ClipListing | None:
    """Read `class_labels_indices.csv` with `*_segments.csv` (as released) or JSON (`{"data": [{"wav", "labels"}]}`).

    Clips may be anywhere below the folder, named by YouTube id, with or without their start. A list with "eval" in its
    name gives the fold "eval", any other "train". Missing clips are counted and not refused, because videos disappear.
    All labels of the file are kept, in its order; the group is the YouTube id.
    """
    if not os.path.isfile(folder / _LABEL_FILE):
        return None
    labels = read_audioset_labels(folder / _LABEL_FILE)
    known = {label.id for label in labels}
    # A folder with both kinds of lists has the same clips in both.
    lists = sorted(folder.glob("*segments*.csv")) or sorted(set(folder.glob("*.json")) - {folder / "ontology.json"})
    if not lists:
        raise UserError(f"{folder.name} has {_LABEL_FILE} but no list of clips.", "Put *_segments.csv beside it.")
    on_disk = _clips_below(folder)
    rows: list[ClipRow] = []
    missing: list[str] = []
    for path in lists:
        for where, segment in _segments_of(path):
            unknown = [mid for mid in segment.mids if mid not in known]
            if unknown:
                problem = f"{where} has the label {unknown[0]}, which is not in {_LABEL_FILE}."
                raise UserError(problem, "Correct one of the files.")
            found = on_disk.find(segment)
            if found is None:
                missing.append(segment.file or segment.youtube_id)
            else:
                rows.append(ClipRow(Path(found), segment.mids, segment.fold, segment.youtube_id))
    if not rows:
        problem = f"None of the {len(missing)} listed clips is below {folder.name}."
        raise UserError(problem, "Put them there, named by their YouTube ids.")
    return ClipListing("AudioSet", tuple(rows), labels, tuple(missing), has_own_vocabulary=True)


def read_audioset_labels(path: Path) -> LabelSet:
    """Read labels from a file with the columns index, mid, display_name, in the order of the indices. Raises
    UserError."""
    rows = dict[int, Label]()
    cells_of = read_cells(path)
    next(cells_of, None)
    for line, cells in cells_of:
        if len(cells) < 3 or not cells[0].isdecimal():
            raise UserError(f"line {line} of {path.name} is incomplete.", "A line is index, mid, display name.")
        rows[int(cells[0])] = Label(int(cells[0]), cells[1], cells[2])
    return with_audioset_parents(LabelSet(tuple(rows[index] for index in sorted(rows))))


def _segments_of(path: Path) -> Iterator[tuple[str, _Segment]]:
    """Yield (place in the list, segment) for every line of a list."""
    fold = "eval" if "eval" in path.stem.lower() else "train"
    if path.suffix == ".json":
        yield from _json_segments(path, fold)
        return
    for line, cells in read_cells(path):
        if cells[0].startswith("#"):
            continue
        where = f"line {line} of {path.name}"
        try:
            youtube_id, start, _, mids = cells[:4] if not any(cells[4:]) else cells  # spreadsheets add empty columns
            yield where, _Segment(youtube_id, float(start), tuple(mids.split(",")), fold)
        except ValueError as error:
            remedy = "A line is YTID, start_seconds, end_seconds, positive_labels in quotes."
            raise UserError(f"{where} is not a segment.", remedy) from error


def _json_segments(path: Path, fold: str) -> Iterator[tuple[str, _Segment]]:
    try:
        data = parse_json(path.read_text(encoding="utf-8"))["data"]
        entries = [(str(entry["wav"]), tuple(str(entry["labels"]).split(","))) for entry in data]
    except (OSError, ValueError, KeyError, TypeError) as error:
        remedy = 'It should read {"data": [{"wav": …, "labels": "/m/…,/m/…"}, …]}.'
        raise UserError(f"{path.name} is not a list of clips.", remedy) from error
    for i, (wav, mids) in enumerate(entries, 1):
        name = _CLIP_NAME.fullmatch(Path(wav).stem)
        file = wav if os.path.isabs(wav) else str(path.parent / wav)
        yield f"clip {i} of {path.name}", _Segment(name["id"] if name else Path(wav).stem, None, mids, fold, file)


def _clips_below(folder: Path) -> _ClipsOnDisk:
    clips = _ClipsOnDisk()
    for parent, _, names in os.walk(folder):
        for name in sorted(names):
            stem, suffix = os.path.splitext(name)
            if suffix.lower() not in MEDIA_SUFFIXES:
                continue
            path = os.path.join(parent, name)
            clips.by_name.setdefault(name, path)
            parts = _CLIP_NAME.fullmatch(stem)
            if parts:
                start = float(parts["start"]) if parts["start"] else None
                clips.by_id.setdefault(parts["id"], []).append((start, path))
    return clips
