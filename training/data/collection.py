"""Reads the clips of a collection of data sets into one listing; `collection_file` describes the format."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from core.errors import UserError
from training.data.collection_file import UNKNOWN, CollectedSet, Collection
from training.data.layouts.clip_rows import FOLDS, ClipListing, ClipRow, deal_folds
from training.data.licences import is_permitted, refuse_nothing_left
from training.data.vocabulary import Relations, Vocabulary
from training.text import join_names

ReadListing = Callable[[Path], ClipListing]


@dataclass(frozen=True, slots=True)
class _SetClip:
    """A clip of a data set."""

    row: ClipRow
    """With labels of the collection."""
    is_unknown: bool
    """Whether nothing is known of its labels."""


def read_collection(
    folder: Path, collection: Collection, read_listing: ReadListing, licences: Sequence[str] = ()
) -> ClipListing:
    """The rows of all data sets below `folder`, in the order of the sets; labels are sorted by id, AudioSet's first and
    in its order.

    A group that is a number is taken for a Freesound id, which means the same recording in every set; any other group
    gets the name of its set as a prefix. licences: the permitted kinds, empty for any; labels without permitted clips
    are removed. Raises UserError for missing sets, for labels or files that a set lacks, and if no clip has a permitted
    licence.
    """
    missing = [wanted.name for wanted in collection.sets if not os.path.isdir(folder / wanted.name)]
    if missing:
        problem = f"{folder} lacks {len(missing)} of the {len(collection.sets)} sets of {collection.title}: "
        raise UserError(f"{problem}{', '.join(missing)}.", "Put them there, or remove them from the collection's file.")
    vocabulary = Vocabulary(collection)
    by_set = [_clips_of_set(wanted, folder / wanted.name, read_listing, vocabulary) for wanted in collection.sets]
    labels = vocabulary.labels(_labels_of(by_set))
    if licences:
        all_licences = [clip.row.licence for clips in by_set for clip in clips]
        by_set = [[clip for clip in clips if is_permitted(clip.row.licence, licences)] for clips in by_set]
        if not any(by_set):
            refuse_nothing_left(collection.title, licences, all_licences)
        labels = vocabulary.remaining(labels, _labels_of(by_set))
    pairs = zip(collection.sets, by_set, strict=True)
    relations = Relations(labels)
    rows = tuple(row for wanted, clips in pairs for row in _finished(wanted, clips, relations, vocabulary))
    own_vocabulary = collection.vocabulary == "all of audioset"
    layout = f"collection of {len(collection.sets)} sets"
    return ClipListing(layout, rows, labels, has_own_vocabulary=own_vocabulary)


def _labels_of(sets: Sequence[Sequence[_SetClip]]) -> Iterator[str]:
    return (label for clips in sets for clip in clips for label in clip.row.labels)


def _clips_of_set(
    collected: CollectedSet, folder: Path, read_listing: ReadListing, vocabulary: Vocabulary
) -> list[_SetClip]:
    rows = read_listing(folder).rows
    _refuse_absent(collected, folder, rows)
    clips = [clip for row in rows if (clip := _clip(collected, folder, row, vocabulary)) is not None]
    if collected.folds == "as given":
        return clips
    if collected.folds == "by group":
        rows = deal_folds([clip.row for clip in clips])
    else:
        rows = _test_is_last([clip.row for clip in clips], collected.name)
    return [_SetClip(row, clip.is_unknown) for row, clip in zip(rows, clips, strict=True)]


def _refuse_absent(collected: CollectedSet, folder: Path, rows: Sequence[ClipRow]) -> None:
    """Raise UserError for labels, files and columns that the collection mentions and the data set lacks."""
    labels = {label for row in rows for label in row.labels or ("",)}
    files = {_relative_name(folder, row) for row in rows}
    absent = sorted((collected.labels or {}).keys() - labels) + sorted(collected.leave_out - files)
    if absent:
        problem = f"The set {collected.name} lacks labels or files that the collection mentions: {', '.join(absent)}."
        raise UserError(problem, "Correct the collection's file, or download the set again.")
    if collected.from_audioset_column and any(row.audioset is None for row in rows):
        problem = f"The list of the set {collected.name} has no column audioset."
        raise UserError(problem, "Add a table of its labels to the collection's file.")


def _clip(collected: CollectedSet, folder: Path, row: ClipRow, vocabulary: Vocabulary) -> _SetClip | None:
    """The clip with labels of the collection; None if it is to be left out."""
    lowest_rank = collected.most_yamnet_rank or row.yamnet_rank
    is_ranked_low = row.yamnet_rank is not None and lowest_rank is not None and row.yamnet_rank > lowest_rank
    if _relative_name(folder, row) in collected.leave_out or (is_ranked_low and row.fold != "test"):
        return None
    labels = row.audioset or () if collected.from_audioset_column else _mapped_labels(row.labels, collected.labels)
    is_unknown = labels is None or (collected.from_audioset_column and not labels)
    if labels is None and not collected.keeps_rest:
        return None
    of_set = collected.licence and f"{collected.licence} as a whole"
    converted = replace(
        row,
        group=_unique_group(row.group, collected.groups_of),
        licence="; ".join(part for part in (row.licence, of_set) if part),  # both apply
        labels=vocabulary.ids(_present(labels or ())),
        unknown=vocabulary.ids(label.removeprefix(UNKNOWN) for label in labels or () if label.startswith(UNKNOWN)),
    )
    return _SetClip(converted, is_unknown)


def _present(labels: Iterable[str]) -> Iterator[str]:
    """The labels that are not marked as unknown."""
    return (label for label in labels if not label.startswith(UNKNOWN))


def _test_is_last(rows: Sequence[ClipRow], name: str) -> tuple[ClipRow, ...]:
    """Put the clips of "test" into the last fold, and assign the groups of "train" to the others."""
    others = sorted({row.fold or "(none)" for row in rows} - {"train", "test"})
    if others:
        problem = f"The set {name} cannot have folds by split: besides train and test it has {join_names(others)}."
        raise UserError(problem, "Use folds = “as given” or “by group” for it.")
    assigned = iter(deal_folds([row for row in rows if row.fold != "test"], FOLDS[:-1]))
    return tuple(replace(row, fold=FOLDS[-1]) if row.fold == "test" else next(assigned) for row in rows)


def _finished(
    collected: CollectedSet, clips: Sequence[_SetClip], relations: Relations, vocabulary: Vocabulary
) -> Iterator[ClipRow]:
    """Yield the rows of a data set, with the labels that their labels imply."""
    tables = (collected.labels or {}).values()
    targets = frozenset(vocabulary.ids(label for labels in tables for label in _present(labels)))
    for clip in clips:
        row = replace(clip.row, licence=f"{collected.name}: {clip.row.licence or 'not stated'}")
        if clip.is_unknown:
            yield relations.all_unknown(row)
        else:
            yield relations.of(row, targets if collected.excludes_others else frozenset())


def _relative_name(folder: Path, row: ClipRow) -> str:
    return row.path.relative_to(folder).as_posix() if row.path.is_relative_to(folder) else str(row.path)


def _unique_group(group: str, set_name: str) -> str:
    return group if group.isdigit() or not group else f"{set_name}/{group}"


def _mapped_labels(labels: tuple[str, ...], table: dict[str, tuple[str, ...]] | None) -> tuple[str, ...] | None:
    """A clip's labels in the collection, in order; None where the table has none of its labels."""
    if table is None:
        return labels
    known = [table[label] for label in labels or ("",) if label in table]
    return tuple(dict.fromkeys(label for labels in known for label in labels)) if known else None
