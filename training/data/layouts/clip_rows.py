"""What any data layout comes down to: rows of clips with the ids of their labels. Opens no audio, knows no layout."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from core.file_names import name_bytes
from core.labels import LabelSet
from core.run.data_report import Finding
from training.data.layouts.clip_parts import WHOLE, Part

FOLDS = ("1", "2", "3", "4", "5")
"""The folds that clips are dealt to where their data has none."""


@dataclass(frozen=True, slots=True)
class ClipRow:
    """One clip as its list has it. fold, group, licence: "" where the data does not say."""

    path: Path
    """Of its file."""
    labels: tuple[str, ...]
    """Ids of what it holds; none for a clip of nothing known, such as the noise of a room."""
    fold: str = ""
    """Or the name of its side of a split."""
    group: str = ""
    """A recording, a speaker: clips of one group belong on one side of a split."""
    licence: str = ""
    """In words; with a `;` between parts that all have to be granted."""
    part: Part = WHOLE
    """Of the file."""
    unknown: tuple[str, ...] = ()
    """Ids of labels that it may have or not: nobody says so. It has none of the labels that are neither here nor in
    `labels`."""
    audioset: tuple[str, ...] | None = None
    """AudioSet's names of what it holds; None where its list has no such column."""
    yamnet_rank: int | None = None
    """The best place of these names among the scores of the tagger YAMNet, from 1; None where its list has none."""


@dataclass(frozen=True, slots=True)
class ClipListing:
    """All rows of a data set, also those whose file is not there. layout: how it was read, in words. labels: the label
    set where the data fixes one; has_own_vocabulary: that one is published with the data, whatever clips there are.

    missing: names of listed clips that are not on the disk, in the layouts where that is no error; they have no row.
    notes: what was done to read the data that its owner should know.
    """

    layout: str
    rows: tuple[ClipRow, ...]
    labels: LabelSet | None = None
    missing: tuple[str, ...] = ()
    has_own_vocabulary: bool = False
    notes: tuple[Finding, ...] = ()


def name_digest(name: str) -> str:
    """A number that is the same on every machine and says nothing of a name's place in a list."""
    return hashlib.sha256(name_bytes(name)).hexdigest()


def deal_folds(rows: Sequence[ClipRow], folds: Sequence[str] = FOLDS) -> tuple[ClipRow, ...]:
    """The same rows with folds dealt anew: groups stay whole, and each label is spread as evenly as its groups allow.

    Groups come in the order of their names' digests, label by label (a group's is its first clip's first), and go to
    the fold with the fewest clips of that label, then with the fewest of all. A row without a group is its own.
    """
    by_label: dict[str, dict[str, int]] = defaultdict(dict)
    home: dict[str, str] = {}
    for row in sorted(rows, key=lambda row: str(row.path)):
        group = _group_of(row)
        label = home.setdefault(group, row.labels[0] if row.labels else "")
        by_label[label][group] = by_label[label].get(group, 0) + 1
    total: Counter[str] = Counter()
    fold_of: dict[str, str] = {}
    for _, groups in sorted(by_label.items()):
        of_label: Counter[str] = Counter()
        for group in sorted(groups, key=name_digest):
            fold = min(folds, key=lambda fold: (of_label[fold], total[fold], fold))
            fold_of[group] = fold
            of_label[fold] += groups[group]
            total[fold] += groups[group]
    return tuple(replace(row, fold=fold_of[_group_of(row)]) for row in rows)


def united_by_file(rows: Sequence[ClipRow]) -> tuple[ClipRow, ...]:
    """The same rows; groups that share a file have become one, named as the first of them: parts of one file are of one
    recording, whatever their list says."""
    joined: dict[str, str] = {}

    def root(group: str) -> str:
        while group in joined:
            group = joined[group]
        return group

    of_file: dict[Path, str] = {}
    for row in rows:
        mine, theirs = root(_group_of(row)), root(of_file.setdefault(row.path, _group_of(row)))
        if mine != theirs:
            joined[mine] = theirs
    roots = [root(_group_of(row)) for row in rows]
    return tuple(
        row if one == _group_of(row) else replace(row, group=one) for row, one in zip(rows, roots, strict=True)
    )


def _group_of(row: ClipRow) -> str:
    return row.group or str(row.path)
