"""Reads recordings with label files beside them, as Audacity, Raven and `soundmark tag` write them.

Each labelled span is a clip: a part of its recording. Where several spans overlap, a clip has the labels that sound for
half of it or more; of those that sound for less it is unknown whether it has them.
"""

from __future__ import annotations

import math
import os
import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from core.audio.decoding.decode import MEDIA_SUFFIXES, duration_s
from core.errors import UserError
from core.event_files.main import read_labels
from core.event_files.models import LabelledSpan, LineProblem
from core.run.data_report import Finding
from training.data.layouts.clip_parts import Part
from training.data.layouts.clip_rows import ClipListing, ClipRow, deal_folds
from training.text import count

_TABLE_ENDING = ".selections.txt"
_ENDINGS = (".txt", ".csv", ".tsv", ".vtt", ".srt", ".jsonl", ".parquet")
_ENOUGH = 0.5
"""Of a clip's length, for a label to be the clip's; of the recordings below class folders, to have label files."""
_LINES_SHOWN = 50
_TOLERANCE_S = 0.1
"""Headers round."""


@dataclass(slots=True)
class _Below:
    """What lies below a folder: recordings by their label files, and the recordings in all."""

    labelled: dict[Path, tuple[Path, ...]] = field(default_factory=dict[Path, tuple[Path, ...]])
    """From a label file to the recordings that it may be of."""
    recordings: list[Path] = field(default_factory=list[Path])
    n_further: int = 0
    """Label files of recordings that have one already."""


def read_label_files(folder: Path) -> ClipListing | None:
    """Read `NAME.txt` (Audacity), `NAME.Table.1.selections.txt` (Raven), `NAME.csv`, `.tsv`, `.vtt`, `.srt`, `.jsonl`
    or `.parquet` beside `NAME.wav` or another recording; `NAME.wav.txt` too. A Raven table of several recordings, which
    names them, may have any name.

    The group is the recording. Rows that cannot be used are in the notes, by line. None for a folder in which fewer
    than half of the recordings have label files and some lie in folders of classes.
    """
    if not os.path.isdir(folder):
        return None
    below = _look_below(folder)
    if not below.labelled:
        return None
    in_folders = any(path.parent != folder for path in below.recordings)
    if in_folders and len(below.labelled) < _ENOUGH * len(below.recordings):
        return None
    rows, notes = list[ClipRow](), list[Finding]()
    for file, recordings in below.labelled.items():
        of_file, problems = _rows_of(file, recordings)
        rows += of_file
        notes += [_unusable(file, problems)] if problems else []
    if not rows:
        return None
    notes += _left_out(below, rows)
    return ClipListing("label files", deal_folds(rows), notes=tuple(notes))


def _look_below(folder: Path) -> _Below:
    below = _Below()
    for parent, _, names in os.walk(folder):
        media = sorted(name for name in names if os.path.splitext(name)[1].lower() in MEDIA_SUFFIXES)
        below.recordings += [Path(parent, name) for name in media]
        by_stem = {stem: name for name in reversed(media) for stem in (os.path.splitext(name)[0], name)}
        taken = set[str]()
        for name in sorted(names, key=_preference):
            stem = _stem(name)
            if stem is None:
                continue
            recording = by_stem.get(stem)
            if recording is not None and recording in taken:
                below.n_further += 1
            elif recording is not None:
                taken.add(recording)
                below.labelled[Path(parent, name)] = (Path(parent, recording),)
            elif media and name.lower().endswith(_TABLE_ENDING):
                below.labelled[Path(parent, name)] = tuple(Path(parent, one) for one in media)
    return below


def _stem(name: str) -> str | None:
    """The name of the recording that a label file with this name is of, perhaps with its suffix; None for the name of
    no label file."""
    if name.lower().endswith(_TABLE_ENDING):
        return re.sub(r"\.Table\.\d+$", "", name[: -len(_TABLE_ENDING)], flags=re.IGNORECASE)
    stem, ending = os.path.splitext(name)
    return stem if ending.lower() in _ENDINGS else None


def _preference(name: str) -> tuple[int, str]:
    """Which of a recording's label files is read: what people edit, before what programs write."""
    endings = (_TABLE_ENDING, *_ENDINGS)
    return next((place for place, ending in enumerate(endings) if name.lower().endswith(ending)), 99), name


def _rows_of(file: Path, recordings: Sequence[Path]) -> tuple[list[ClipRow], list[LineProblem]]:
    try:
        labels = read_labels(file)
    except UserError as error:  # a text beside a recording need not be labels
        return [], [LineProblem(0, error.problem)]
    problems = list(labels.problems)
    by_recording: dict[Path, list[LabelledSpan]] = {}
    named = {path.name: path for path in recordings}
    for span in labels.spans:
        recording = recordings[0] if len(recordings) == 1 else named.get(os.path.basename(span.source))
        if recording is None:
            problems.append(LineProblem(span.line, f"there is no recording {span.source or 'named'} here"))
        elif span.offset_s > span.onset_s:
            by_recording.setdefault(recording, []).append(span)
        else:
            problems.append(LineProblem(span.line, "it has no length"))
    for recording, spans in by_recording.items():
        by_recording[recording] = _within(spans, _end_s(recording), problems)
    problems.sort(key=lambda problem: problem.line)
    return [row for path, spans in by_recording.items() for row in _clips(path, spans)], problems


def _end_s(recording: Path) -> float:
    """Where a recording ends, by its header; infinite where that does not say."""
    try:
        end_s = duration_s(recording)
    except UserError:
        return math.inf  # a file that cannot be read is reported with the clips
    return math.inf if end_s is None else end_s


def _within(spans: list[LabelledSpan], end_s: float, problems: list[LineProblem]) -> list[LabelledSpan]:
    """The spans that begin before the end of their sound; those that begin or end after it become problems."""
    for span in spans:
        if span.onset_s >= end_s:
            text = f"it begins at {span.onset_s:g} s, and the sound ends at {end_s:g} s"
            problems.append(LineProblem(span.line, text))
        elif span.offset_s > end_s + _TOLERANCE_S:
            text = f"it ends at {span.offset_s:g} s, after the sound; it is used up to {end_s:g} s"
            problems.append(LineProblem(span.line, text))
    return [span for span in spans if span.onset_s < end_s]


def _clips(path: Path, spans: list[LabelledSpan]) -> Iterator[ClipRow]:
    """A clip for each span, in order of time."""
    if not spans:
        return
    spans.sort(key=lambda span: span.onset_s)
    onsets = [span.onset_s for span in spans]
    reach = max(span.offset_s - span.onset_s for span in spans)
    for span in spans:
        # What overlaps begins before this one's end, and at most the longest span before its onset.
        near = spans[bisect_left(onsets, span.onset_s - reach) : bisect_left(onsets, span.offset_s)]
        sounding, unknown = dict.fromkeys(_names(span.label)), dict[str, None]()
        for other in near:
            overlap_s = min(span.offset_s, other.offset_s) - max(span.onset_s, other.onset_s)
            if overlap_s > 0:
                is_there = overlap_s >= _ENOUGH * (span.offset_s - span.onset_s)
                (sounding if is_there else unknown).update(dict.fromkeys(_names(other.label)))
        yield ClipRow(
            path=path,
            labels=tuple(sounding),
            group=str(path),
            part=Part(span.onset_s, span.offset_s),
            unknown=tuple(label for label in unknown if label not in sounding),
        )


def _names(label: str) -> tuple[str, ...]:
    """Several labels are separated by `;` or `|`, as in lists of clips."""
    return tuple(name.strip() for name in re.split(r"[;|]", label) if name.strip())


def _unusable(file: Path, problems: Sequence[LineProblem]) -> Finding:
    lines = [f"line {problem.line}: {problem.text}" if problem.line else problem.text for problem in problems]
    more = f"; and {len(lines) - _LINES_SHOWN} more" if len(lines) > _LINES_SHOWN else ""
    what = count(len(lines), "label that cannot be used as it is", "labels that cannot be used as they are")
    text = f"{file.name} has {what}: "
    remedy = "Correct these lines; the others are used."
    return Finding("left_out", "warning", f"{text}{'; '.join(lines[:_LINES_SHOWN])}{more}.", remedy, (str(file),))


def _left_out(below: _Below, rows: Sequence[ClipRow]) -> list[Finding]:
    n_bare = len(below.recordings) - len({row.path for row in rows})
    findings = list[Finding]()
    if n_bare:
        text = f"{count(n_bare, 'recording has', 'recordings have')} no labels, and no part of them is a clip."
        findings.append(Finding("left_out", "note", text, "Nothing to do, if they are not meant for training."))
    if below.n_further:
        text = f"{count(below.n_further, 'label file is', 'label files are')} not read: their recording has another."
        findings.append(Finding("left_out", "note", text, "Keep one label file for each recording."))
    return findings
