"""Reads a data folder into a manifest of labelled clips, and splits it for training, validation and testing."""

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
    """A file, or a part of one, with its labels: it has its `labels`, may have its `unknown` ones, and has no other."""

    path: Path
    """Of the file."""
    labels: tuple[int, ...]
    """Indices into the manifest's labels; empty for a negative example, such as the noise of a room."""
    fold: str
    """"" where the data has no folds."""
    group: str
    """What must stay on one side of a split, such as a recording or a speaker; "" if the file is a group by itself."""
    part: Part = WHOLE
    """Of the file."""
    unknown: tuple[int, ...] = ()
    """Indices of labels of which it is unknown whether it has them; none of them is in `labels`. All labels for a clip
    of unknown content."""

    @property
    def name(self) -> str:
        """For people: the file's name and, if it is not the whole file, which part."""
        return f"{self.path.name}{self.part.describe()}"

    @property
    def recording(self) -> str:
        """What a split must keep together: the group, or the file itself."""
        return self.group or str(self.path)


@dataclass(frozen=True, slots=True)
class Split:
    """Which clips are for training, validation and testing."""

    train: tuple[LabelledClip, ...]
    validation: tuple[LabelledClip, ...]
    """They choose the epoch, the calibration and the thresholds."""
    test: tuple[LabelledClip, ...]
    """The held-out clips, which choose nothing."""
    n_left_out: int
    """Clips that are unused, because a clip of the same recording is in the test or validation clips."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """All clips of a data set."""

    name: str
    """Of the data set, for people."""
    clips: tuple[LabelledClip, ...]
    labels: LabelSet
    licences: tuple[tuple[str, int], ...]
    """Each licence that the data states, with the number of its clips, most frequent first."""
    layout: str = "manifest.csv"
    """How the data was read, for people."""
    n_missing: int = 0
    """Listed clips that are not on disk, in layouts where that is not an error."""
    missing: tuple[str, ...] = ()
    """The names of the first few of these."""
    has_own_vocabulary: bool = False
    """Whether the labels are a published list, which may have labels without clips."""
    notes: tuple[Finding, ...] = ()
    """What its owner should know about how the data was read."""

    def split(self, test_folds: AnyOf[str], validation_folds: AnyOf[str] = (), validation_share: float = 0.0) -> Split:
        """Split the clips so that no two sides share a group. Without `test_folds`, nothing is held out.

        A group with clips on several sides (the published ESC-50 folds have four) stays in the test clips, otherwise in
        the validation clips. validation_share: the share of the remaining training clips to validate with, taken from
        each label (a clip's first one) in whole groups, which do not depend on the order of the list. Raises UserError
        for unknown folds and for an empty side.
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
        """Raise UserError for folds that the data does not have; the message lists those that it has."""
        folds = {clip.fold for clip in self.clips}
        unknown = sorted({fold for folds_wanted in wanted for fold in folds_wanted} - folds)
        if unknown:
            known = ", ".join(sorted(fold or "(none)" for fold in folds))
            problem = f"{self.name} has no fold {', '.join(unknown)}."
            raise UserError(problem, f"It has the folds {known}: set test_folds and validation_folds to some of them.")

    def _refuse_empty(self, n_train: int, n_validation: int, n_test: int) -> None:
        raise UserError(
            f"This split of {self.name} leaves {n_train} clips for training, {n_validation} for validation, "
            f"{n_test} for testing.",
            "Hold out fewer folds or a smaller share, or add clips of other recordings.",
        )


def read_manifest(folder: Path, collection: str = "", licences: Sequence[str] = ()) -> Manifest:
    """Read the data in `folder` (or a CSV file) by the first layout that recognises it, see `training.data.layouts`.

    collection: the name or .toml path of a collection, which joins several data sets below the folder. licences: the
    kinds of licences to use clips of, see `training.data.licences`; empty for all. Labels keep the order of the data
    (AudioSet), or else are sorted by id. Raises UserError for missing clips, one for all of them, and
    for labels that look the same.
    """
    manifest, missing = read_present(folder, collection, licences)
    if missing:
        names = join_names([path.name for path in missing], 3)
        place = shown((folder.parent if os.path.isfile(folder) else folder).name)
        raise UserError(
            f"{len(missing)} of {len(missing) + len(manifest.clips)} clips are missing ({names}).",
            f"Put them back into {place}, or remove their lines from its list.",
        )
    if not manifest.has_own_vocabulary:
        refuse(look_alike_findings(manifest.labels))
    return manifest


def read_present(folder: Path, collection: str = "", licences: Sequence[str] = ()) -> tuple[Manifest, tuple[Path, ...]]:
    """As `read_manifest`, but with only the clips whose files exist, and the paths of the missing ones; used to report
    everything that is wrong. The labels are those of the whole list."""
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
    exists = [os.path.isfile(row.path) for row in listing.rows]  # Path.is_file raises for names that are too long
    present = [row for row, is_there in zip(listing.rows, exists, strict=True) if is_there]
    absent = tuple(row.path for row, is_there in zip(listing.rows, exists, strict=True) if not is_there)
    clips = tuple(
        LabelledClip(
            path=row.path,
            labels=tuple(index[label] for label in row.labels),
            fold=row.fold,
            group=row.group,
            part=row.part,
            unknown=tuple(index[label] for label in row.unknown),
        )
        for row in present
    )
    manifest = Manifest(
        name=shown(name),
        clips=clips,
        labels=labels,
        licences=tuple(Counter(row.licence or "not stated" for row in present).most_common()),
        layout=listing.layout,
        n_missing=len(listing.missing),
        missing=listing.missing[:5],
        has_own_vocabulary=listing.has_own_vocabulary,
        notes=listing.notes,
    )
    return manifest, absent


def _without_groups_of(held_out: Sequence[LabelledClip], clips: list[LabelledClip]) -> list[LabelledClip]:
    groups = {clip.recording for clip in held_out}
    return [clip for clip in clips if clip.recording not in groups]


def _share_of_groups(clips: Sequence[LabelledClip], share: float) -> set[str]:
    """Groups with about `share` of the clips of each label; every label keeps at least one group."""
    sizes: dict[int, Counter[str]] = defaultdict(Counter)
    label_of: dict[str, int] = {}
    for clip in sorted(clips, key=lambda clip: str(clip.path)):
        label = label_of.setdefault(clip.recording, clip.labels[0] if clip.labels else -1)
        sizes[label][clip.recording] += 1
    chosen = set[str]()
    for groups in sizes.values():
        wanted = round(share * groups.total())
        for group in sorted(groups, key=name_digest)[:-1]:
            if groups[group] <= wanted:
                chosen.add(group)
                wanted -= groups[group]
    return chosen
