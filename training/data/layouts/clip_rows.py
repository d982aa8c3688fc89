"""Defines what every data layout is read into, rows of clips with the ids of their labels, and assigns folds."""

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
"""Assigned to clips whose data has no folds."""


@dataclass(frozen=True, slots=True)
class ClipRow:
    """One clip as its list describes it. fold, group, licence: "" where the data does not say."""

    path: Path
    """Of its file."""
    labels: tuple[str, ...]
    """Ids of its labels; none for a negative example, such as the noise of a room."""
    fold: str = ""
    """Or the name of a side of a split, such as "test"."""
    group: str = ""
    """Such as a recording or a speaker: all clips of a group belong on one side of a split."""
    licence: str = ""
    """As stated; parts separated by `;` apply together."""
    part: Part = WHOLE
    """Of the file."""
    unknown: tuple[str, ...] = ()
    """Ids of labels of which it is unknown whether it has them. It does not have the labels that are neither here nor
    in `labels`."""
    audioset: tuple[str, ...] | None = None
    """AudioSet's names of its sounds; None where its list has no such column."""
    yamnet_rank: int | None = None
    """The best rank of these names among the scores of the tagger YAMNet, from 1; None where its list has none."""


@dataclass(frozen=True, slots=True)
class ClipListing:
    """All rows of a data set."""

    layout: str
    """How it was read, for people."""
    rows: tuple[ClipRow, ...]
    """Including those whose file does not exist."""
    labels: LabelSet | None = None
    """The label set, where the data defines one."""
    missing: tuple[str, ...] = ()
    """Names of listed clips that are not on disk, in layouts where that is not an error; they have no row."""
    has_own_vocabulary: bool = False
    """Whether `labels` is a published list, which may have labels without clips."""
    notes: tuple[Finding, ...] = ()
    """What its owner should know about how the data was read."""


def name_digest(name: str) -> str:
    """A hash of a name, hexadecimal: an order that is the same on every machine and independent of the list."""
    return hashlib.sha256(name_bytes(name)).hexdigest()


def deal_folds(rows: Sequence[ClipRow], folds: Sequence[str] = FOLDS) -> tuple[ClipRow, ...]:
    """Assign folds: groups stay whole, and each label is spread over the folds as evenly as its groups allow.

    Groups are assigned label by label (a group's label is the first one of its first clip), in the order of their
    digests, each to the fold with the fewest clips of that label, or else with the fewest clips. A row without a group
    is a group by itself.
    """
    by_label: dict[str, dict[str, int]] = defaultdict(dict)
    label_of: dict[str, str] = {}
    for row in sorted(rows, key=lambda row: str(row.path)):
        group = _group_of(row)
        label = label_of.setdefault(group, row.labels[0] if row.labels else "")
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
    """Join groups that share a file, under the name of the first of them: parts of one file are from one recording,
    whatever their list says."""
    joined: dict[str, str] = {}

    def root(group: str) -> str:
        while group in joined:
            group = joined[group]
        return group

    of_file: dict[Path, str] = {}
    for row in rows:
        own, first = root(_group_of(row)), root(of_file.setdefault(row.path, _group_of(row)))
        if own != first:
            joined[own] = first
    roots = [root(_group_of(row)) for row in rows]
    return tuple(
        row if group == _group_of(row) else replace(row, group=group) for row, group in zip(rows, roots, strict=True)
    )


def _group_of(row: ClipRow) -> str:
    return row.group or str(row.path)
