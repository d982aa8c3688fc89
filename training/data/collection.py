"""Several data sets in one folder as one: which of their labels mean what, and which fold their clips are of.

A collection is a TOML file, in training/collections or anywhere:

    title = "Starter"
    [names]                     # optional: what people read in place of a label's id
    hi_hat = "Hi-hat"
    [sets.NAME]                 # a folder below the data folder, in any layout
    folds = "as given"          # or "by group": groups are dealt whole to folds 1 to 5
    labels = "as they are"      # or a table [sets.NAME.labels] with THEIR_LABEL = "our_label"
    leave_out = ["audio/a.wav"] # optional: single clips

In the table, a list gives a clip several labels, "" makes it a clip of nothing known (a negative), and clips of labels
that are not in it are left out.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from core.errors import UsageError, UserError
from core.foreign_text import parse_toml
from core.labels import Label, LabelSet
from training.data.layouts.clip_rows import ClipListing, ClipRow, deal_folds

COLLECTIONS = Path(__file__).parents[1] / "collections"

ReadListing = Callable[[Path], ClipListing]


@dataclass(frozen=True, slots=True)
class CollectedSet:
    """One set of a collection. labels: their label to ours; None takes all as they are. by_group: see the module."""

    name: str
    labels: dict[str, tuple[str, ...]] | None
    by_group: bool
    leave_out: frozenset[str]


@dataclass(frozen=True, slots=True)
class Collection:
    """title: what the joined data are called. names: label ids to what people read."""

    title: str
    sets: tuple[CollectedSet, ...]
    names: dict[str, str]


def load_collection(collection: str) -> Collection:
    """Read a collection by name (training/collections) or by the path of a .toml file. Raises UserError."""
    path = Path(collection) if collection.endswith(".toml") else COLLECTIONS / f"{collection}.toml"
    if not os.path.isfile(path):
        known = ", ".join(sorted(one.stem for one in COLLECTIONS.glob("*.toml")))
        problem = f"There is no collection {collection!r}."
        raise UsageError(problem, f"Choose one of {known}, or give the path of a .toml file.")
    try:
        raw = parse_toml(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise UserError(f"{path.name} is not valid TOML ({error}).", "Correct that line.") from error
    sets = raw.get("sets")
    if not isinstance(sets, dict) or not sets or not all(isinstance(one, dict) for one in sets.values()):
        raise UserError(f"{path.name} names no data set.", "Add a table [sets.NAME] for each of them.")
    named = raw.get("names", {})
    if not isinstance(named, dict):
        raise UserError(f"{path.name} has names that are no table.", "Write a table [names] of id = name.")
    names = {str(key): str(value) for key, value in named.items()}
    return Collection(
        str(raw.get("title", path.stem)), tuple(_collected_set(*one, path.name) for one in sets.items()), names
    )


def _collected_set(name: str, raw: dict[str, Any], file: str) -> CollectedSet:
    unknown = sorted(raw.keys() - {"labels", "folds", "leave_out"})
    if unknown:
        problem = f"{file} gives the set {name} {', '.join(unknown)}, which no set has."
        raise UserError(problem, "A set has labels, folds and leave_out.")
    folds, labels = raw.get("folds", "as given"), raw.get("labels", "as they are")
    leave_out = raw.get("leave_out", [])
    if not isinstance(leave_out, list) or not all(isinstance(one, str) for one in leave_out):
        raise UserError(f"{file} does not say what to leave out of the set {name}.", "Give leave_out a list of texts.")
    if folds not in ("as given", "by group"):
        raise UserError(f"{file} gives the set {name} the folds {folds!r}.", "Use “as given” or “by group”.")
    if labels == "as they are":
        return CollectedSet(name, None, folds == "by group", frozenset(leave_out))
    if not isinstance(labels, dict) or not all(_is_target(one) for one in labels.values()):
        remedy = "Give the table [sets.NAME.labels] of their labels to ours (a name, a list of names or “”)."
        raise UserError(f"{file} does not say what the labels of the set {name} mean.", remedy)
    ours = {key: ((one,) if one else ()) if isinstance(one, str) else tuple(one) for key, one in labels.items()}
    return CollectedSet(name, ours, folds == "by group", frozenset(leave_out))


def _is_target(value: Any) -> bool:
    return isinstance(value, str) or (isinstance(value, list) and all(isinstance(one, str) and one for one in value))


def read_collection(folder: Path, collection: Collection, read_listing: ReadListing) -> ClipListing:
    """The rows of all sets below `folder`, in the sets' order; labels are sorted by id.

    A group that is a number is taken for a Freesound id and means the same recording in every set; any other gets its
    set's name before it. Raises UserError that lists every missing set, or what a set has not that its table names.
    """
    missing = [one.name for one in collection.sets if not os.path.isdir(folder / one.name)]
    if missing:
        problem = f"{folder} lacks {len(missing)} of the {len(collection.sets)} sets of {collection.title}: "
        raise UserError(f"{problem}{', '.join(missing)}.", "Put them there, or take them out of the collection's file.")
    rows = [row for one in collection.sets for row in _rows_of_set(one, folder / one.name, read_listing)]
    ids = sorted({label for row in rows for label in row.labels})
    plain = LabelSet.from_ids(ids)
    labels = LabelSet(tuple(Label(one.index, one.id, collection.names.get(one.id, one.name)) for one in plain))
    unknown = sorted(collection.names.keys() - set(ids))
    if unknown:
        raise UserError(f"{collection.title} names labels that no clip has: {', '.join(unknown)}.", "Correct [names].")
    return ClipListing(f"collection of {len(collection.sets)} sets", tuple(rows), labels)


def _rows_of_set(one: CollectedSet, folder: Path, read_listing: ReadListing) -> Iterator[ClipRow]:
    rows = read_listing(folder).rows
    theirs = {label for row in rows for label in row.labels or ("",)}
    files = {_name_in(folder, row) for row in rows}
    absent = sorted((one.labels or {}).keys() - theirs) + sorted(one.leave_out - files)
    if absent:
        problem = f"The set {one.name} has none of what the collection names: {', '.join(absent)}."
        raise UserError(problem, "Correct the collection's file, or get the set anew.")
    named = tuple(replace(row, group=_own_group(row.group, one.name)) for row in rows)
    for row in deal_folds(named) if one.by_group else named:
        labels = _our_labels(row.labels, one.labels)
        if labels is not None and _name_in(folder, row) not in one.leave_out:
            yield replace(row, labels=labels, licence=f"{one.name}: {row.licence or 'not stated'}")


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
