"""From a data folder to labelled clips and the sides of a split. Opens no audio; layouts read the lists."""

from __future__ import annotations

import os
from collections import Counter, defaultdict
from collections.abc import Collection as AnyOf
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from core.errors import UserError
from core.file_names import shown
from core.labels import LabelSet
from core.run.data_report import Finding
from training.data.collection import read_collection
from training.data.collection_file import load_collection
from training.data.label_rules import look_alike_findings, refuse
from training.data.layouts import read_layout
from training.data.layouts.clip_parts import WHOLE, Part
from training.data.layouts.clip_rows import ClipListing, name_digest
from training.data.licences import is_permitted, refuse_nothing_left, refuse_unknown_kinds
from training.text import join_names


@dataclass(frozen=True, slots=True)
class LabelledClip:
    """A file or a part of one. It has its `labels`, may have its `unknown` ones, and has no other."""

    path: Path
    """Of the file."""
    labels: tuple[int, ...]
    """Indices into the manifest's labels; none for a clip of nothing known, such as the noise of a room."""
    fold: str
    """ "" where the data has none."""
    group: str
    """What must stay on one side of a split (a recording, a speaker); "" is one of its own."""
    part: Part = WHOLE
    """Of the file."""
    unknown: tuple[int, ...] = ()
    """Indices of labels that nobody says it has or has not; none of them is in `labels`. In a clip of nobody knows what
    all of them."""

    @property
    def name(self) -> str:
        """What people know it by: the file's name, and which part of it is meant."""
        return f"{self.path.name}{self.part.words()}"

    @property
    def recording(self) -> str:
        """What no split parts: the group, or the file itself."""
        return self.group or str(self.path)


@dataclass(frozen=True, slots=True)
class Split:
    """Clips to train on, to choose by, and held out; n_left_out: clips on no side, because a clip of the same
    recording is held out (or among those to choose by)."""

    train: tuple[LabelledClip, ...]
    validation: tuple[LabelledClip, ...]
    test: tuple[LabelledClip, ...]
    n_left_out: int


@dataclass(frozen=True, slots=True)
class Manifest:
    """All clips of a data set, its labels in order, and its licences as stated (by clips).

    layout: how the data were read, in words. n_missing: listed clips that are not on the disk, in the layouts where
    that is no error; missing: the first few of their names. has_own_vocabulary: the labels are a published list,
    whatever clips there are. notes: what was done to read the data that its owner should know.
    """

    name: str
    clips: tuple[LabelledClip, ...]
    labels: LabelSet
    licences: tuple[tuple[str, int], ...]
    layout: str = "manifest.csv"
    n_missing: int = 0
    missing: tuple[str, ...] = ()
    has_own_vocabulary: bool = False
    notes: tuple[Finding, ...] = ()

    def split(self, test_folds: AnyOf[str], validation_folds: AnyOf[str] = (), validation_share: float = 0.0) -> Split:
        """Three sides of which no two share a group. Without `test_folds` nothing is held out.

        A group with clips on several sides (the published ESC-50 folds have four) stays on the test side, else on the
        validation side. validation_share: of the remaining training clips, label by label (a clip's first), whole
        groups in the order of their names' digests: the same ones for any order of the list. Raises UserError for
        folds that the data do not have and for an empty side.
        """
        self.refuse_unknown_folds(test_folds, validation_folds)
        test = tuple(clip for clip in self.clips if clip.fold in test_folds)
        rest = _without_groups_of(test, [clip for clip in self.clips if clip.fold not in test_folds])
        validation = tuple(clip for clip in rest if clip.fold in validation_folds)
        train = _without_groups_of(validation, [clip for clip in rest if clip.fold not in validation_folds])
        n_left_out = len(self.clips) - len(test) - len(validation) - len(train)
        if validation_share:
            chosen = _share_of_groups(train, validation_share)
            validation += tuple(clip for clip in train if clip.recording in chosen)
            train = [clip for clip in train if clip.recording not in chosen]
        sides = (train, *((validation,) if validation_folds or validation_share else ()))
        if not all(sides) or (test_folds and not test):
            self._refuse_empty(len(train), len(validation), len(test))
        return Split(tuple(train), validation, test, n_left_out)

    def refuse_unknown_folds(self, *wanted: AnyOf[str]) -> None:
        """Raise UserError that lists the folds there are."""
        folds = {clip.fold for clip in self.clips}
        unknown = sorted({fold for some in wanted for fold in some} - folds)
        if unknown:
            there = ", ".join(sorted(fold or "(none)" for fold in folds))
            problem = f"{self.name} has no fold {', '.join(unknown)}."
            raise UserError(problem, f"It has the folds {there}: set test_folds and validation_folds to some of them.")

    def _refuse_empty(self, n_train: int, n_validation: int, n_test: int) -> None:
        raise UserError(
            f"This split of {self.name} leaves {n_train} clips to train on, {n_validation} to choose by, "
            f"{n_test} to test.",
            "Hold out fewer folds or a smaller share, or add clips of other recordings.",
        )


def read_manifest(folder: Path, collection: str = "", licences: Sequence[str] = ()) -> Manifest:
    """Read the data in `folder` (or a CSV file) by the first layout that recognises it, see `training.data.layouts`.

    collection: name or .toml path of a list that joins several sets below the folder. licences: kinds of them, see
    `training.data.licences`; clips of any other are left out, none takes every clip. Labels keep the order that the
    data give them (AudioSet), else they are sorted by id. Raises UserError, for missing clips one for all of them, and
    for labels that look the same.
    """
    manifest, missing = read_present(folder, collection, licences)
    if missing:
        names = join_names([path.name for path in missing], 3)
        place = shown((folder.parent if os.path.isfile(folder) else folder).name)
        raise UserError(
            f"{len(missing)} of {len(missing) + len(manifest.clips)} clips are missing ({names}).",
            f"Bring them back to {place}, or take their lines out of its list.",
        )
    if not manifest.has_own_vocabulary:
        refuse(look_alike_findings(manifest.labels))
    return manifest


def read_present(folder: Path, collection: str = "", licences: Sequence[str] = ()) -> tuple[Manifest, tuple[Path, ...]]:
    """As `read_manifest`, with the clips whose files are there, and the paths of those whose are not: for who wants
    to tell all that is wrong. The labels are those of the whole list."""
    refuse_unknown_kinds(licences)
    if collection:
        if not os.path.isdir(folder):
            raise UserError(f"There is no data folder {folder}.", "Give one with --data.")
        joined = load_collection(collection)
        return _manifest(joined.title, read_collection(folder, joined, read_layout, licences))
    name = folder.stem if os.path.isfile(folder) else folder.name
    return _manifest(name, _permitted(name, read_layout(folder), licences))


def _permitted(name: str, listing: ClipListing, licences: Sequence[str]) -> ClipListing:
    rows = tuple(row for row in listing.rows if is_permitted(row.licence, licences))
    if licences and not rows:
        refuse_nothing_left(name, licences, (row.licence for row in listing.rows))
    return replace(listing, rows=rows)


def _manifest(name: str, listing: ClipListing) -> tuple[Manifest, tuple[Path, ...]]:
    labels = listing.labels or LabelSet.from_ids(sorted({label for row in listing.rows for label in row.labels}))
    index = {label.id: label.index for label in labels}
    is_there = [os.path.isfile(row.path) for row in listing.rows]  # Path.is_file raises for names that are too long
    there = [row for row, there in zip(listing.rows, is_there, strict=True) if there]
    gone = tuple(row.path for row, there in zip(listing.rows, is_there, strict=True) if not there)
    clips = tuple(
        LabelledClip(
            *(row.path, tuple(index[one] for one in row.labels), row.fold, row.group, row.part),
            unknown=tuple(index[one] for one in row.unknown),
        )
        for row in there
    )
    licences = tuple(Counter(row.licence or "not stated" for row in there).most_common())
    manifest = Manifest(
        *(shown(name), clips, labels, licences, listing.layout, len(listing.missing), listing.missing[:5]),
        has_own_vocabulary=listing.has_own_vocabulary,
        notes=listing.notes,
    )
    return manifest, gone


def _without_groups_of(held_out: Sequence[LabelledClip], clips: list[LabelledClip]) -> list[LabelledClip]:
    groups = {clip.recording for clip in held_out}
    return [clip for clip in clips if clip.recording not in groups]


def _share_of_groups(clips: Sequence[LabelledClip], share: float) -> set[str]:
    """Names of groups that hold about `share` of the clips of each label; no label loses its last group."""
    sizes: dict[int, Counter[str]] = defaultdict(Counter)
    home: dict[str, int] = {}
    for clip in sorted(clips, key=lambda clip: str(clip.path)):
        label = home.setdefault(clip.recording, clip.labels[0] if clip.labels else -1)
        sizes[label][clip.recording] += 1
    chosen = set[str]()
    for groups in sizes.values():
        room = round(share * groups.total())
        for group in sorted(groups, key=name_digest)[:-1]:
            if groups[group] <= room:
                chosen.add(group)
                room -= groups[group]
    return chosen
