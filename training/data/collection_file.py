"""Loads a collection: a file that joins several data sets in one folder, and says what their labels mean.

A collection is a TOML file, in training/collections or anywhere else:

    title = "Starter"
    vocabulary = "of the clips" # or "audioset", or "all of audioset": see below
    [names]                     # optional: displayed names of label ids
    hi_hat = "Hi-hat"
    [parents]                   # optional: the direct parents of a label, in place of those of AudioSet
    kettle = ["Domestic sounds, home sounds"]
    [sets.NAME]                 # a folder below the data folder, in any layout
    folds = "as given"          # or "by group": assign whole groups to folds 1 to 5
                                # or "by split": test becomes fold 5, other groups are assigned to folds 1 to 4
    labels = "as they are"      # or "audioset", or a table [sets.NAME.labels] with THEIR_LABEL = "our_label"
    rest = "left out"           # or "unknown": keep clips whose labels are not in the table, as unknown
    leave_out = ["audio/a.wav"] # optional: files to leave out
    groups_of = "OTHER_SET"     # optional: both sets use the same names of groups (speakers, recordings)
    licence = "CC BY-NC 3.0"    # optional: of the set as a whole, in addition to that of each clip
    excludes_others = true      # optional: a clip with one label of the table has no other of them
    most_yamnet_rank = 60       # optional, with "by split": leave out training clips that YAMNet ranks lower

In the labels table, a list gives a clip several labels, "?label" means that it is unknown whether the clip has that
label, and "" gives it no label (a negative example). Clips whose labels are not in the table are left out.

With `vocabulary = "audioset"`, a name of AudioSet ("Dog") means its label: with AudioSet's id, and with the parents of
AudioSet's ontology. Other ids are lower-case words with underscores. A clip also gets the labels that its own imply (a
dog is an animal); all other labels above or below them are unknown, neither present nor absent. `labels = "audioset"`
takes the labels from the column `audioset` of the list (names separated by `|`); where that is empty, all labels of the
clip are unknown. With "all of audioset", the other ones of its 527 labels are included too, for a teacher to teach.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.errors import UsageError, UserError
from core.foreign_text import parse_toml

COLLECTIONS = Path(__file__).parents[1] / "collections"
UNKNOWN = "?"
"""Before a label in a table: it is unknown whether the clip has it."""
VOCABULARIES = ("of the clips", "audioset", "all of audioset")
FOLDS_OF_A_SET = ("as given", "by group", "by split")
_SET_KEYS = (*("labels", "folds", "leave_out", "rest", "groups_of", "licence", "excludes_others", "most_yamnet_rank"),)


@dataclass(frozen=True, slots=True)
class CollectedSet:
    """One data set of a collection; see the module."""

    name: str
    """Of its folder."""
    labels: dict[str, tuple[str, ...]] | None = None
    """From its labels to those of the collection; None keeps all labels as they are."""
    from_audioset_column: bool = False
    """Whether its labels are those of the column `audioset` of its list."""
    folds: str = "as given"
    """One of FOLDS_OF_A_SET."""
    leave_out: frozenset[str] = frozenset()
    """Paths of files to leave out, relative to its folder."""
    keeps_rest: bool = False
    """Whether clips whose labels are not in the table are kept, with all labels unknown."""
    groups_of: str = ""
    """The data set whose groups have the same names; itself by default."""
    licence: str = ""
    """Of the data set as a whole; "" for none."""
    excludes_others: bool = False
    """Whether a clip with one label of the table has no other of them."""
    most_yamnet_rank: int | None = None
    """The lowest rank of training clips; None for any."""


@dataclass(frozen=True, slots=True)
class Collection:
    """Data sets to join, and the names of their labels."""

    title: str
    """The name of the joined data."""
    sets: tuple[CollectedSet, ...]
    """Their clips are in this order."""
    names: dict[str, str]
    """From label ids to displayed names."""
    parents: dict[str, tuple[str, ...]]
    """From labels to their direct parents, in place of those of AudioSet; by name or id."""
    vocabulary: str
    """One of VOCABULARIES."""


def load_collection(collection: str) -> Collection:
    """Load a collection by its name in training/collections or by the path of a .toml file. Raises UserError."""
    path = Path(collection) if collection.endswith(".toml") else COLLECTIONS / f"{collection}.toml"
    if not os.path.isfile(path):
        known = ", ".join(sorted(path.stem for path in COLLECTIONS.glob("*.toml")))
        problem = f"There is no collection {collection!r}."
        raise UsageError(problem, f"Choose one of {known}, or give the path of a .toml file.")
    try:
        raw = parse_toml(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise UserError(f"{path.name} is not valid TOML ({error}).", "Correct that line.") from error
    sets = raw.get("sets")
    if not isinstance(sets, dict) or not sets or not all(isinstance(described, dict) for described in sets.values()):
        raise UserError(f"{path.name} lists no data set.", "Add a table [sets.NAME] for each of them.")
    vocabulary = raw.get("vocabulary", VOCABULARIES[0])
    _refuse_unless(
        vocabulary in VOCABULARIES, f"{path.name} has the unknown vocabulary {vocabulary!r}.", _among(VOCABULARIES)
    )
    return Collection(
        title=str(raw.get("title", path.stem)),
        sets=tuple(_collected_set(name, described, path.name) for name, described in sets.items()),
        names={key: str(value) for key, value in _table(raw, "names", path.name).items()},
        parents={key: _parents(key, value, path.name) for key, value in _table(raw, "parents", path.name).items()},
        vocabulary=vocabulary,
    )


def _table(raw: Mapping[str, Any], name: str, file: str) -> dict[str, Any]:
    found = raw.get(name, {})
    _refuse_unless(isinstance(found, dict), f"In {file}, {name} is not a table.", f"Write a table [{name}].")
    return {str(key): value for key, value in found.items()}


def _parents(label: str, value: Any, file: str) -> tuple[str, ...]:
    is_right = isinstance(value, list) and all(isinstance(parent, str) and parent for parent in value)
    _refuse_unless(is_right, f"In {file}, the parents of {label} are not a list.", "Write a list of labels.")
    return tuple(value)


def _collected_set(name: str, raw: dict[str, Any], file: str) -> CollectedSet:
    unknown = sorted(raw.keys() - set(_SET_KEYS))
    what = f"In {file}, the set {name} has unknown keys: {', '.join(unknown)}."
    _refuse_unless(not unknown, what, f"A set may have {', '.join(_SET_KEYS)}.")
    folds, rest, labels = raw.get("folds", "as given"), raw.get("rest", "left out"), raw.get("labels", "as they are")
    leave_out, rank = raw.get("leave_out", []), raw.get("most_yamnet_rank")
    is_right = isinstance(leave_out, list) and all(isinstance(path, str) for path in leave_out)
    what = f"In {file}, leave_out of the set {name} is not a list of paths."
    _refuse_unless(is_right, what, 'Write leave_out = ["folder/file.wav"].')
    what = f"In {file}, the set {name} has the unknown folds {folds!r}."
    _refuse_unless(folds in FOLDS_OF_A_SET, what, _among(FOLDS_OF_A_SET))
    what = f"In {file}, the set {name} has the unknown rest {rest!r}."
    _refuse_unless(rest in ("left out", "unknown"), what, _among(("left out", "unknown")))
    what = f"In {file}, the set {name} has the most_yamnet_rank {rank!r}."
    is_rank = rank is None or (isinstance(rank, int) and rank > 0 and folds == "by split")
    _refuse_unless(is_rank, what, "Write a number, 1 or more, and folds = “by split”.")
    return CollectedSet(
        name=name,
        labels=_label_table(name, labels, file),
        from_audioset_column=labels == "audioset",
        folds=folds,
        leave_out=frozenset(leave_out),
        keeps_rest=rest == "unknown",
        groups_of=str(raw.get("groups_of", name)),
        licence=str(raw.get("licence", "")),
        excludes_others=bool(raw.get("excludes_others", False)),
        most_yamnet_rank=rank,
    )


def _label_table(name: str, labels: Any, file: str) -> dict[str, tuple[str, ...]] | None:
    if labels in ("as they are", "audioset"):
        return None
    is_right = isinstance(labels, dict) and all(_is_target(target) for target in labels.values())
    remedy = "Add a table [sets.NAME.labels] from each of its labels to a name, a list of names or “”."
    _refuse_unless(is_right, f"In {file}, the set {name} has no valid table of labels.", remedy)
    return {label: _as_tuple(target) for label, target in labels.items()}


def _is_target(value: Any) -> bool:
    """Whether a value of the labels table is a name, a list of names or ""."""
    return isinstance(value, str) or (isinstance(value, list) and all(isinstance(name, str) and name for name in value))


def _as_tuple(target: str | list[str]) -> tuple[str, ...]:
    if isinstance(target, str):
        return (target,) if target else ()
    return tuple(target)


def _among(words: tuple[str, ...]) -> str:
    return f"Use {', '.join(f'“{word}”' for word in words[:-1])} or “{words[-1]}”."


def _refuse_unless(is_right: bool, problem: str, remedy: str) -> None:
    if not is_right:
        raise UserError(problem, remedy)
