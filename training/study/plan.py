"""Reads a study from a TOML file: rows, folds and seeds. Each combination of them is a cell, which is one run.

A study's file is in training/studies or anywhere else:

    title = "Stems"
    summary = "One sentence for the list."
    recipe = "starter"            # every cell is `main.py train RECIPE SETTINGS`
    metric = "accuracy"           # the figure of finished runs that the table compares
    folds = ["1", "2"]            # each held out in turn (test_folds); without folds, the recipe's are held out
    seeds = [1, 2]
    base = "patch"                # the row that all others are compared with, run by run
    [settings]                    # for every row
    epochs = 10
    [[rows]]
    name = "patch"
    recipe = "esc50-scratch"      # in place of the study's
    settings = { variant = "ast-tiny-16", teacher = "cell:cnn" }
    paper = { value = 0.887, spread = 0.007, source = "Gong et al., arXiv:2104.01778", note = "with ImageNet weights" }
    [[rows]]
    name = "cnn"
    seed = 1                      # one run per fold in place of one per seed: the start of all others, for example
    [[rows]]
    name = "patch, unmerged"      # another figure of another row's runs: it has no runs of its own
    of = "patch"
    metric = "accuracy_unmerged"

`cell:NAME` in `teacher` or `init` is the checkpoint of the row NAME on the same fold and with the same seed, or with
the only seed of that row; its cell runs first. A study with `kind = "merging"` has other entries and trains nothing:
see `merging_plan`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from core.errors import UsageError, UserError
from core.foreign_text import parse_toml
from training.config.recipe import DEFAULTS, TrainConfig, load_recipe

STUDIES = Path(__file__).parents[1] / "studies"
RECIPES_OWN = ""
"""Stands for the fold where the recipe decides what is held out."""
CELL = "cell:"
"""Before a row's name: the checkpoint of that row."""
_TAKE_CHECKPOINTS = ("init", "teacher")
_NO_RESULT_CHANGES = frozenset(("name", "title", "summary", "licence", "limits", "workers", "threads", "save_every_s"))


@dataclass(frozen=True, slots=True)
class PaperFigure:
    """A published figure to compare with.

    spread: its published standard deviation, None without one. note: what differs there.
    """

    value: float
    source: str
    spread: float | None = None
    note: str = ""


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
    data = identity(config.collection)
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


def _rows_named(settings: tuple[str, ...]) -> tuple[str, ...]:
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
        for key, value in config.to_dict().items()
        if value != DEFAULTS.get(key) and key not in _NO_RESULT_CHANGES
    }
    return hashlib.sha256(json.dumps(changed, sort_keys=True).encode()).hexdigest()[:16]


def study_names() -> tuple[str, ...]:
    """The studies that ship."""
    return tuple(sorted(path.stem for path in STUDIES.glob("*.toml")))


def read_study_file(study: str) -> tuple[Path, dict[str, Any]]:
    """The path and contents of a study's file, by its name or the path of a .toml file. Raises UserError."""
    path = Path(study) if study.endswith(".toml") else STUDIES / f"{study}.toml"
    if not path.is_file():
        problem = f"There is no study {study!r}."
        raise UsageError(problem, f"Choose one of {', '.join(study_names())}, or give the path of a .toml file.")
    try:
        return path, parse_toml(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise UserError(f"{path.name} is not valid TOML ({error}).", "Correct that line.") from error


def load_study(study: str) -> Study:
    """Load a study that trains, by name or path, and validate the settings of its cells. Raises UserError."""
    path, raw = read_study_file(study)
    try:
        recipe, settings = _recipe(str(raw["recipe"]), path), _settings(raw.get("settings", {}))
        loaded = Study(
            name=path.stem,
            title=str(raw["title"]),
            summary=str(raw.get("summary", "")),
            metric=str(raw.get("metric", "accuracy")),
            folds=tuple(str(fold) for fold in raw.get("folds", ())),
            seeds=tuple(int(seed) for seed in raw.get("seeds", (0,))),
            rows=tuple(_row(row, recipe, settings, path) for row in raw["rows"]),
            base=str(raw.get("base", "")),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        remedy = "A study needs title, recipe and [[rows]] with name and settings."
        raise UserError(f"{path.name} is not a study ({error!r}).", remedy) from error
    names = [row.name for row in loaded.rows]
    if not names or len(set(names)) < len(names) or not loaded.seeds:
        raise UserError(
            f"{path.name} has no rows, no seeds, or two rows with the same name.", "Give every row its own name."
        )
    if loaded.base and loaded.base not in names:
        problem = f"{path.name} has no row {loaded.base!r}, which `base` names."
        raise UserError(problem, "Set `base` to the name of a row, or leave it out.")
    shown = {row.of for row in loaded.rows if row.of}
    if strangers := shown - {row.name for row in loaded.rows if not row.of}:
        problem = f"{path.name} shows runs of {', '.join(sorted(strangers))}, which is not a row with runs."
        raise UserError(problem, "Set `of` to the name of a row that has its own runs.")
    for _ in loaded.cells():
        pass  # each cell loads and validates its recipe and settings, before anything runs
    return loaded


def _recipe(recipe: str, study: Path) -> str:
    return str((study.parent / recipe).absolute()) if recipe.endswith(".toml") else recipe


def _row(raw: dict[str, Any], recipe: str, shared: tuple[str, ...], study: Path) -> StudyRow:
    if "of" in raw and {"settings", "seed", "recipe"} & raw.keys():
        problem = f"The row {raw['name']} of {study.name} shows the runs of {raw['of']} and has no runs of its own."
        raise UserError(problem, "Give it only name, of and metric.")
    paper = raw.get("paper")
    settings = (*shared, *_settings(raw.get("settings", {})))
    return StudyRow(
        name=str(raw["name"]),
        recipe=_recipe(str(raw["recipe"]), study) if "recipe" in raw else recipe,
        settings=settings,
        paper=PaperFigure(**paper) if paper else None,
        needs=_rows_named(settings),
        of=str(raw.get("of", "")),
        metric=str(raw.get("metric", "")),
        seed=int(raw["seed"]) if "seed" in raw else None,
    )


def _settings(raw: dict[str, Any]) -> tuple[str, ...]:
    """A TOML table as the command line's `KEY=VALUE`."""
    return tuple(f"{key}={_word(value)}" for key, value in raw.items())


def _word(value: Any) -> str:
    if isinstance(value, list):
        return ",".join(_word(part) for part in value)
    return str(value).lower() if isinstance(value, bool) else str(value)
