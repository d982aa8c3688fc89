"""Reads a collection: the clips of several data sets in one folder as one listing. See `collection_file`."""

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
    """A clip of a set, with our labels. is_open: nothing is known of it, neither what it holds nor what it does not."""

    row: ClipRow
    is_open: bool


def read_collection(
    folder: Path, collection: Collection, read_listing: ReadListing, licences: Sequence[str] = ()
) -> ClipListing:
    """The rows of all sets below `folder`, in the sets' order; labels are sorted by id, but AudioSet's come first and
    in its own order.

    A group that is a number is taken for a Freesound id and means the same recording in every set; any other gets its
    set's name before it. licences: the kinds that are permitted, none for any; labels of which no clip is left are
    gone. Raises UserError that lists every missing set, or what a set has not that its table names; and where no clip
    has a permitted licence.
    """
    missing = [one.name for one in collection.sets if not os.path.isdir(folder / one.name)]
    if missing:
        problem = f"{folder} lacks {len(missing)} of the {len(collection.sets)} sets of {collection.title}: "
        raise UserError(f"{problem}{', '.join(missing)}.", "Put them there, or take them out of the collection's file.")
    words = Vocabulary(collection)
    there = [_clips_of_set(one, folder / one.name, read_listing, words) for one in collection.sets]
    labels = words.labels(_labels_of(there))
    if licences:
        every = [clip.row.licence for clips in there for clip in clips]
        there = [[clip for clip in clips if is_permitted(clip.row.licence, licences)] for clips in there]
        if not any(there):
            refuse_nothing_left(collection.title, licences, every)
        labels = words.remaining(labels, _labels_of(there))
    pairs = zip(collection.sets, there, strict=True)
    relations = Relations(labels)
    rows = tuple(row for one, clips in pairs for row in _finished(one, clips, relations, words))
    own_vocabulary = collection.vocabulary == "all of audioset"
    layout = f"collection of {len(collection.sets)} sets"
    return ClipListing(layout, rows, labels, has_own_vocabulary=own_vocabulary)


def _labels_of(sets: Sequence[Sequence[_SetClip]]) -> Iterator[str]:
    return (label for clips in sets for clip in clips for label in clip.row.labels)


def _clips_of_set(one: CollectedSet, folder: Path, read_listing: ReadListing, words: Vocabulary) -> list[_SetClip]:
    rows = read_listing(folder).rows
    _refuse_absent(one, folder, rows)
    clips = [clip for row in rows if (clip := _clip(one, folder, row, words)) is not None]
    if one.folds == "as given":
        return clips
    if one.folds == "by group":
        dealt = deal_folds([clip.row for clip in clips])
    else:
        dealt = _test_is_last([clip.row for clip in clips], one.name)
    return [_SetClip(row, clip.is_open) for row, clip in zip(dealt, clips, strict=True)]


def _refuse_absent(one: CollectedSet, folder: Path, rows: Sequence[ClipRow]) -> None:
    theirs = {label for row in rows for label in row.labels or ("",)}
    files = {_name_in(folder, row) for row in rows}
    absent = sorted((one.labels or {}).keys() - theirs) + sorted(one.leave_out - files)
    if absent:
        problem = f"The set {one.name} has none of what the collection names: {', '.join(absent)}."
        raise UserError(problem, "Correct the collection's file, or get the set anew.")
    if one.from_audioset_column and any(row.audioset is None for row in rows):
        problem = f"The set {one.name} has no column audioset in its list."
        raise UserError(problem, "Say in the collection's file what its labels mean.")


def _clip(one: CollectedSet, folder: Path, row: ClipRow, words: Vocabulary) -> _SetClip | None:
    """None for a clip that is not wanted."""
    is_ranked_low = row.yamnet_rank is not None and row.yamnet_rank > (one.most_yamnet_rank or row.yamnet_rank)
    if _name_in(folder, row) in one.leave_out or (is_ranked_low and row.fold != "test"):
        return None
    labels = row.audioset or () if one.from_audioset_column else _our_labels(row.labels, one.labels)
    is_open = labels is None or (one.from_audioset_column and not labels)
    if labels is None and not one.keeps_rest:
        return None
    # A licence has a part for each that has to be granted.
    licence = "; ".join(part for part in (row.licence, one.licence and f"{one.licence} as a whole") if part)
    named = replace(row, group=_own_group(row.group, one.groups_of), licence=licence)
    unknown = words.ids(label.removeprefix(UNKNOWN) for label in labels or () if label.startswith(UNKNOWN))
    return _SetClip(replace(named, labels=words.ids(_present(labels or ())), unknown=unknown), is_open)


def _present(labels: Iterable[str]) -> Iterator[str]:
    return (label for label in labels if not label.startswith(UNKNOWN))


def _test_is_last(rows: Sequence[ClipRow], name: str) -> tuple[ClipRow, ...]:
    """The clips of "test" in the last fold; the groups of "train" are dealt to the others."""
    others = sorted({row.fold or "(none)" for row in rows} - {"train", "test"})
    if others:
        problem = f"The set {name} cannot give folds by split: it has {join_names(others)} beside train and test."
        raise UserError(problem, "Use folds = “as given” or “by group” for it.")
    dealt = iter(deal_folds([row for row in rows if row.fold != "test"], FOLDS[:-1]))
    return tuple(replace(row, fold=FOLDS[-1]) if row.fold == "test" else next(dealt) for row in rows)


def _finished(
    one: CollectedSet, clips: Sequence[_SetClip], relations: Relations, words: Vocabulary
) -> Iterator[ClipRow]:
    targets = frozenset(words.ids(label for ours in (one.labels or {}).values() for label in _present(ours)))
    for clip in clips:
        row = replace(clip.row, licence=f"{one.name}: {clip.row.licence or 'not stated'}")
        if clip.is_open:
            yield relations.all_unknown(row)
        else:
            yield relations.of(row, targets if one.excludes_others else frozenset())


def _name_in(folder: Path, row: ClipRow) -> str:
    return row.path.relative_to(folder).as_posix() if row.path.is_relative_to(folder) else str(row.path)


def _own_group(group: str, name: str) -> str:
    return group if group.isdigit() or not group else f"{name}/{group}"


def _our_labels(theirs: tuple[str, ...], table: dict[str, tuple[str, ...]] | None) -> tuple[str, ...] | None:
    """Ours in their order; None where the table knows none of theirs."""
    if table is None:
        return theirs
    known = [table[label] for label in theirs or ("",) if label in table]
    return tuple(dict.fromkeys(label for labels in known for label in labels)) if known else None
