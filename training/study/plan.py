"""Describes a study: a grid of rows, folds and seeds. Each combination is a cell, which is one run.

`loading` reads studies from TOML files and documents their format.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from core.errors import UserError
from training.config.loading import load_recipe
from training.config.recipe import DEFAULTS, TrainConfig

RECIPES_OWN = ""
"""Stands for the fold where the recipe decides what is held out."""
CELL = "cell:"
"""Before a row's name: the checkpoint of that row."""
_TAKE_CHECKPOINTS = ("init", "teacher")
_NO_RESULT_CHANGES = frozenset(("name", "title", "summary", "licence", "limits", "workers", "threads", "save_every_s"))


@dataclass(frozen=True, slots=True)
class PaperFigure:
    """A published figure to compare with."""

    value: float
    source: str
    """The publication."""
    spread: float | None = None
    """Its published standard deviation; None without one."""
    note: str = ""
    """What differs from our runs."""


@dataclass(frozen=True, slots=True)
class StudyRow:
    """A row of the table."""

    name: str
    recipe: str
    """Its own, or the study's."""
    settings: tuple[str, ...]
    """`KEY=VALUE`: the study's, then its own."""
    paper: PaperFigure | None
    needs: tuple[str, ...]
    """The rows whose checkpoints it uses."""
    of: str
    """The row whose runs it shows; "" for its own."""
    metric: str
    """Its own; "" for the study's."""
    seed: int | None = None
    """Its only seed; None for all of the study's."""

    @property
    def init(self) -> str | None:
        """The `init` of its runs as the study spells it; None where it is the recipe's."""
        return _last(self.settings).get("init")


@dataclass(frozen=True, slots=True)
class Cell:
    """One run of a study."""

    name: str
    row: str
    fold: str
    seed: int
    recipe: str
    settings: tuple[str, ...]
    """All of them, `KEY=VALUE`."""
    needs: dict[str, Cell]
    """The cells whose checkpoints it uses, by the names of their rows."""
    digest: str
    """Of everything that determines its result except the clips, the cells that it needs included."""
    data: str = ""
    """The identity of its clips (`folder.identity_of`); "" where it is unknown."""

    def settings_with(self, checkpoint_of: Callable[[Cell], Path]) -> tuple[str, ...]:
        """The settings, with checkpoint folders in place of `cell:NAME`."""
        return _with_cells(self.settings, {row: str(checkpoint_of(cell)) for row, cell in self.needs.items()})


@dataclass(frozen=True, slots=True)
class Study:
    """The whole grid of rows, folds and seeds."""

    name: str
    title: str
    summary: str
    metric: str
    """A key of a finished run's figures."""
    folds: tuple[str, ...]
    """Held out in turn."""
    seeds: tuple[int, ...]
    rows: tuple[StudyRow, ...]
    base: str = ""
    """The row that the others are compared with; "" for none."""
    identity: Callable[[str], str] = lambda collection: ""
    """From a collection to the identity of its clips."""

    def metric_of(self, name: str) -> str:
        """The figure that the row of this name shows."""
        return next(row.metric for row in self.rows if row.name == name) or self.metric

    def on(self, identity: Callable[[str], str]) -> Study:
        """The same grid, with the identity of the clips in each cell."""
        return replace(self, identity=identity)

    def cells(self) -> Iterator[Cell]:
        """All rows of one fold and seed, then of the next; each cell comes after those it needs.

        An interrupted study has thus compared all rows on some folds.
        """
        seen = set[str]()  # a row with one seed is visited once for each of the study's seeds
        for seed in self.seeds:
            for fold in self.folds or (RECIPES_OWN,):
                made: dict[str, Cell] = {}
                for row in _in_order(tuple(row for row in self.rows if not row.of)):
                    needs = {name: made[name] for name in row.needs}
                    cell = _cell(row, fold, seed if row.seed is None else row.seed, needs, self.identity)
                    made[row.name] = cell
                    if cell.name not in seen:
                        seen.add(cell.name)
                        yield cell


def _cell(row: StudyRow, fold: str, seed: int, needs: dict[str, Cell], identity: Callable[[str], str]) -> Cell:
    of_fold = () if fold == RECIPES_OWN else (f"test_folds={fold}",)
    settings = (*row.settings, *of_fold, f"seed={seed}")
    name = f"{row.name}-seed{seed}" if fold == RECIPES_OWN else f"{row.name}-fold{fold}-seed{seed}"
    config = _config(row.recipe, settings, needs)
    data = identity(config.data.collection)
    return Cell(name, row.name, fold, seed, row.recipe, settings, needs, _digest(config), data)


def _in_order(rows: tuple[StudyRow, ...]) -> tuple[StudyRow, ...]:
    """The rows in order, but each after those that it needs. Raises UserError for unknown rows and circles."""
    by_name = {row.name: row for row in rows}
    ordered: dict[str, StudyRow] = {}

    def place(row: StudyRow, above: tuple[str, ...]) -> None:
        if row.name in above:
            circle = " needs ".join((*above[above.index(row.name) :], row.name))
            raise UserError(f"Rows of the study need each other: {circle}.", "Remove one of these `cell:` settings.")
        for needed in row.needs:
            if needed not in by_name:
                remedy = f"The rows are {', '.join(by_name)}."
                raise UserError(f"The row {row.name} uses {CELL}{needed}, and there is no row {needed!r}.", remedy)
            if needed not in ordered:
                place(by_name[needed], (*above, row.name))
            if row.seed is not None and by_name[needed].seed is None:
                problem = f"The row {row.name} has one seed and uses {CELL}{needed}, a row with every seed."
                raise UserError(problem, f"Give the row {needed} a seed too, or remove that of {row.name}.")
        ordered[row.name] = row

    for row in rows:
        if row.name not in ordered:
            place(row, ())
    return tuple(ordered.values())


def rows_named(settings: tuple[str, ...]) -> tuple[str, ...]:
    """The NAMEs in `cell:NAME`; of a setting that is given twice, the last one counts."""
    last = _last(settings)
    parts = (part.strip() for key in _TAKE_CHECKPOINTS for part in last.get(key, "").split(","))
    return tuple(dict.fromkeys(part.removeprefix(CELL) for part in parts if part.startswith(CELL)))


def _last(settings: tuple[str, ...]) -> dict[str, str]:
    """Settings by key; the last value counts."""
    return {key: value for key, _, value in (setting.partition("=") for setting in settings)}


def _with_cells(settings: tuple[str, ...], in_place: dict[str, str]) -> tuple[str, ...]:
    """The settings with `in_place[NAME]` in place of each `cell:NAME`."""

    def replaced(setting: str) -> str:
        key, _, value = setting.partition("=")
        if key not in _TAKE_CHECKPOINTS:
            return setting
        named = {f"{CELL}{name}": path for name, path in in_place.items()}
        return f"{key}=" + ",".join(named.get(part.strip(), part) for part in value.split(","))

    return tuple(replaced(setting) for setting in settings)


def _config(recipe: str, settings: tuple[str, ...], needs: dict[str, Cell]) -> TrainConfig:
    """The complete recipe. The cells that it needs are named by their digests, not by their rows."""
    by_content = _with_cells(settings, {row: f"{CELL}{cell.digest}" for row, cell in needs.items()})
    return load_recipe(recipe, list(by_content))


def _digest(config: TrainConfig) -> str:
    """A hash of the settings that differ from the defaults, so that a setting of a later version does not change it.

    It does not cover the clips (see `Cell.data`), nor the weights behind a path or a model name, such as `starter`, in
    `init` and `teacher`.
    """
    changed = {
        key: value
        for key, value in config.to_flat().items()
        if value != DEFAULTS.get(key) and key not in _NO_RESULT_CHANGES
    }
    return hashlib.sha256(json.dumps(changed, sort_keys=True).encode()).hexdigest()[:16]
