"""The file of a collection: several data sets in one folder as one, and what their labels mean.

A collection is a TOML file, in training/collections or anywhere:

    title = "Starter"
    vocabulary = "of the clips" # or "audioset", or "all of audioset": see below
    [names]                     # optional: what people read in place of a label's id
    hi_hat = "Hi-hat"
    [parents]                   # optional: labels right above a label, in place of those that AudioSet puts there
    kettle = ["Domestic sounds, home sounds"]
    [sets.NAME]                 # a folder below the data folder, in any layout
    folds = "as given"          # or "by group": groups are dealt whole to folds 1 to 5
                                # or "by split": test becomes fold 5, groups of the rest are dealt to folds 1 to 4
    labels = "as they are"      # or "audioset", or a table [sets.NAME.labels] with THEIR_LABEL = "our_label"
    rest = "left out"           # or "unknown": clips of labels that the table has not are of nobody knows what
    leave_out = ["audio/a.wav"] # optional: single clips
    groups_of = "OTHER_SET"     # optional: both sets name their groups (speakers, recordings) alike
    licence = "CC BY-NC 3.0"    # optional: of the set as a whole, beside that of each clip
    excludes_others = true      # optional: a clip with one label of the table has none of the others
    most_yamnet_rank = 60       # optional, with "by split": clips to train on that YAMNet ranks worse are left out

In the table, a list gives a clip several labels, "?label" says that nobody knows whether it has that one, "" makes it a
clip of nothing known (a negative), and clips of labels that are not in it are left out.

With `vocabulary = "audioset"`, a label that is written as AudioSet names it ("Dog") is that one: its id is AudioSet's,
and its parents are those of AudioSet's ontology. Own ids beside them are lower-case words with underscores. What a
clip's labels imply (a dog is an animal) it has too, as labels of its own; whatever else stands above or below them is
unknown of it, neither present nor absent. `labels = "audioset"` takes the labels from the list's column `audioset`
(names with `|` between them); of a clip with an empty cell there all labels are unknown. With "all of audioset" the
rest of its 527 labels are there too, for a teacher to teach.
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
"""Stands in a table before a label that a clip may have or not."""
VOCABULARIES = ("of the clips", "audioset", "all of audioset")
FOLDS_OF_A_SET = ("as given", "by group", "by split")
_SET_KEYS = (*("labels", "folds", "leave_out", "rest", "groups_of", "licence", "excludes_others", "most_yamnet_rank"),)


@dataclass(frozen=True, slots=True)
class CollectedSet:
    """One set of a collection, see the module."""

    name: str
    """Its folder's."""
    labels: dict[str, tuple[str, ...]] | None = None
    """Their label to ours; None takes all as they are."""
    from_audioset_column: bool = False
    """Labels are those of the list's column `audioset`."""
    folds: str = "as given"
    """One of FOLDS_OF_A_SET."""
    leave_out: frozenset[str] = frozenset()
    """Single clips, as paths below the set's folder."""
    keeps_rest: bool = False
    """Whether clips of labels that the table has not stay, as clips of nobody knows what."""
    groups_of: str = ""
    """The set whose groups have the same names; its own name unless it says otherwise."""
    licence: str = ""
    """Of the set as a whole."""
    excludes_others: bool = False
    """Whether a clip with one label of the table has none of the others."""
    most_yamnet_rank: int | None = None
    """Of clips to train on."""


@dataclass(frozen=True, slots=True)
class Collection:
    """Sets that are joined, and the words for their labels."""

    title: str
    """What the joined data are called."""
    sets: tuple[CollectedSet, ...]
    """In the order of their clips."""
    names: dict[str, str]
    """Label ids to what people read."""
    parents: dict[str, tuple[str, ...]]
    """Labels to those right above them, in place of those that AudioSet puts there; by name or id."""
    vocabulary: str
    """One of VOCABULARIES."""


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
    vocabulary = raw.get("vocabulary", VOCABULARIES[0])
    _refuse_unless(vocabulary in VOCABULARIES, f"{path.name} has the vocabulary {vocabulary!r}.", _among(VOCABULARIES))
    return Collection(
        title=str(raw.get("title", path.stem)),
        sets=tuple(_collected_set(*one, path.name) for one in sets.items()),
        names={key: str(value) for key, value in _table(raw, "names", path.name).items()},
        parents={key: _parents(key, value, path.name) for key, value in _table(raw, "parents", path.name).items()},
        vocabulary=vocabulary,
    )


def _table(raw: Mapping[str, Any], name: str, file: str) -> dict[str, Any]:
    found = raw.get(name, {})
    _refuse_unless(isinstance(found, dict), f"{file} has {name} that are no table.", f"Write a table [{name}].")
    return {str(key): value for key, value in found.items()}


def _parents(label: str, value: Any, file: str) -> tuple[str, ...]:
    is_right = isinstance(value, list) and all(isinstance(one, str) and one for one in value)
    _refuse_unless(is_right, f"{file} does not say what stands above {label}.", "Give it a list of labels.")
    return tuple(value)


def _collected_set(name: str, raw: dict[str, Any], file: str) -> CollectedSet:
    unknown = sorted(raw.keys() - set(_SET_KEYS))
    what = f"{file} gives the set {name} {', '.join(unknown)}, which no set has."
    _refuse_unless(not unknown, what, f"A set has {', '.join(_SET_KEYS)}.")
    folds, rest, labels = raw.get("folds", "as given"), raw.get("rest", "left out"), raw.get("labels", "as they are")
    leave_out, rank = raw.get("leave_out", []), raw.get("most_yamnet_rank")
    is_right = isinstance(leave_out, list) and all(isinstance(one, str) for one in leave_out)
    what = f"{file} does not say what to leave out of the set {name}."
    _refuse_unless(is_right, what, "Give leave_out a list of texts.")
    what = f"{file} gives the set {name} the folds {folds!r}."
    _refuse_unless(folds in FOLDS_OF_A_SET, what, _among(FOLDS_OF_A_SET))
    what = f"{file} does not say what becomes of the rest of the set {name}."
    _refuse_unless(rest in ("left out", "unknown"), what, _among(("left out", "unknown")))
    what = f"{file} gives the set {name} a most_yamnet_rank of {rank!r}."
    is_rank = rank is None or (isinstance(rank, int) and rank > 0 and folds == "by split")
    _refuse_unless(is_rank, what, "Give it a number from 1 on, and the set folds = “by split”.")
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
    is_right = isinstance(labels, dict) and all(_is_target(one) for one in labels.values())
    remedy = "Give the table [sets.NAME.labels] of their labels to ours (a name, a list of names or “”)."
    _refuse_unless(is_right, f"{file} does not say what the labels of the set {name} mean.", remedy)
    return {key: ((one,) if one else ()) if isinstance(one, str) else tuple(one) for key, one in labels.items()}


def _is_target(value: Any) -> bool:
    return isinstance(value, str) or (isinstance(value, list) and all(isinstance(one, str) and one for one in value))


def _among(words: tuple[str, ...]) -> str:
    return f"Use {', '.join(f'“{word}”' for word in words[:-1])} or “{words[-1]}”."


def _refuse_unless(is_right: bool, problem: str, remedy: str) -> None:
    if not is_right:
        raise UserError(problem, remedy)
