"""A study as data: a TOML file becomes rows, folds and seeds, and each combination of them a cell. Runs nothing.

A study lies in training/studies or anywhere:

    title = "Stems"
    summary = "One sentence for the list."
    recipe = "starter"            # every cell is `main.py train RECIPE SETTINGS`
    metric = "accuracy"           # what the table compares, a figure of the finished run
    folds = ["1", "2"]            # each held out in turn (test_folds); none leaves the recipe's
    seeds = [1, 2]
    base = "patch"                # the row that the table compares all others with, run against run
    [settings]                    # the same for every row
    epochs = 10
    [[rows]]
    name = "patch"
    recipe = "esc50-scratch"      # where it is not the study's
    settings = { variant = "ast-tiny-16", teacher = "cell:cnn" }
    paper = { value = 0.887, spread = 0.007, source = "Gong et al., arXiv:2104.01778", note = "with ImageNet weights" }
    [[rows]]
    name = "cnn"
    seed = 1                      # one run a fold, whatever the study's seeds are: what all of them begin with
    [[rows]]
    name = "patch, unmerged"      # another figure of the runs of a row above: none of its own
    of = "patch"
    metric = "accuracy_unmerged"

`cell:NAME` in `teacher` or `init` is the checkpoint that the row NAME makes on the same fold with the same seed, or
with the only seed that it has; that cell runs first. A study with `kind = "merging"` has other entries and trains
nothing: see `merging_plan`.
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
"""In place of a fold, where the recipe decides what is held out."""
CELL = "cell:"
"""In front of a row's name: the checkpoint that this row makes."""
_TAKE_CHECKPOINTS = ("init", "teacher")
_NO_RESULT_CHANGES = frozenset(("name", "title", "summary", "licence", "limits", "workers", "threads", "save_every_s"))


@dataclass(frozen=True, slots=True)
class PaperFigure:
    """A published figure beside ours. spread: its standard deviation as published, None without one. note: what is
    not the same there."""

    value: float
    source: str
    spread: float | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class StudyRow:
    """A line of the table. recipe: its own, or the study's. settings: `KEY=VALUE`, the study's and then its own. needs:
    the rows whose checkpoints it takes. of: the row whose runs it shows, "" for its own. metric: its own, "" for the
    study's. seed: its only one, or None for all of the study's."""

    name: str
    recipe: str
    settings: tuple[str, ...]
    paper: PaperFigure | None
    needs: tuple[str, ...]
    of: str
    metric: str
    seed: int | None = None

    @property
    def init(self) -> str | None:
        """What its runs begin with, by the name that the study has for it; None where its recipe says that."""
        return _last(self.settings).get("init")


@dataclass(frozen=True, slots=True)
class Cell:
    """One run. settings: all of it, `KEY=VALUE`; needs: the cells whose checkpoints it takes, by the names of their
    rows; digest: of what decides its result but the clips, so that a change is noticed, in a cell that it needs too;
    data: the identity of its clips (`folder.identity_of`), "" where it is unknown."""

    name: str
    row: str
    fold: str
    seed: int
    recipe: str
    settings: tuple[str, ...]
    needs: dict[str, Cell]
    digest: str
    data: str = ""

    def settings_with(self, checkpoint_of: Callable[[Cell], Path]) -> tuple[str, ...]:
        """The settings with folders in place of `cell:NAME`."""
        return _with_cells(self.settings, {row: str(checkpoint_of(cell)) for row, cell in self.needs.items()})


@dataclass(frozen=True, slots=True)
class Study:
    """The whole grid. folds: held out in turn; metric: a key of a finished run's figures; base: the row that others are
    compared with, or ""; identity: what a collection's clips are known by."""

    name: str
    title: str
    summary: str
    metric: str
    folds: tuple[str, ...]
    seeds: tuple[int, ...]
    rows: tuple[StudyRow, ...]
    base: str = ""
    identity: Callable[[str], str] = lambda collection: ""

    def metric_of(self, row: str) -> str:
        """The figure that the row of this name shows."""
        return next(one.metric for one in self.rows if one.name == row) or self.metric

    def on(self, identity: Callable[[str], str]) -> Study:
        """The same grid, whose cells know what clips they are on."""
        return replace(self, identity=identity)

    def cells(self) -> Iterator[Cell]:
        """Row after row within fold and seed, each behind those it needs: a study that is broken off has compared all
        rows on some folds."""
        seen = set[str]()  # a row of one seed comes by once for each of the study's
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
    """Those that others need before them, the order kept otherwise. Raises UserError for unknown rows and circles."""
    by_name = {row.name: row for row in rows}
    ordered: dict[str, StudyRow] = {}

    def place(row: StudyRow, above: tuple[str, ...]) -> None:
        if row.name in above:
            circle = " needs ".join((*above[above.index(row.name) :], row.name))
            raise UserError(f"The study goes round in a circle: {circle}.", "Let one of these rows do without.")
        for needed in row.needs:
            if needed not in by_name:
                remedy = f"The rows are {', '.join(by_name)}."
                raise UserError(f"The row {row.name} takes {CELL}{needed}, and there is no row {needed!r}.", remedy)
            if needed not in ordered:
                place(by_name[needed], (*above, row.name))
            if row.seed is not None and by_name[needed].seed is None:
                problem = f"The row {row.name} has one seed and takes {CELL}{needed}, a row with every seed."
                raise UserError(problem, f"Give the row {needed} a seed too, or {row.name} none.")
        ordered[row.name] = row

    for row in rows:
        if row.name not in ordered:
            place(row, ())
    return tuple(ordered.values())


def _rows_named(settings: tuple[str, ...]) -> tuple[str, ...]:
    """The NAMEs of `cell:NAME`; of a setting that is given twice the last one counts."""
    last = _last(settings)
    parts = (part.strip() for key in _TAKE_CHECKPOINTS for part in last.get(key, "").split(","))
    return tuple(dict.fromkeys(part.removeprefix(CELL) for part in parts if part.startswith(CELL)))


def _last(settings: tuple[str, ...]) -> dict[str, str]:
    """What holds, where a setting is given twice."""
    return {key: value for key, _, value in (setting.partition("=") for setting in settings)}


def _with_cells(settings: tuple[str, ...], in_place: dict[str, str]) -> tuple[str, ...]:
    """The settings with `in_place[NAME]` for each `cell:NAME`."""

    def replaced(setting: str) -> str:
        key, _, value = setting.partition("=")
        if key not in _TAKE_CHECKPOINTS:
            return setting
        named = {f"{CELL}{name}": path for name, path in in_place.items()}
        return f"{key}=" + ",".join(named.get(part.strip(), part) for part in value.split(","))

    return tuple(replaced(setting) for setting in settings)


def _config(recipe: str, settings: tuple[str, ...], needs: dict[str, Cell]) -> TrainConfig:
    """All settings. What a cell needs stands there by its digest, not by its row's name."""
    by_content = _with_cells(settings, {row: f"{CELL}{cell.digest}" for row, cell in needs.items()})
    return load_recipe(recipe, list(by_content))


def _digest(config: TrainConfig) -> str:
    """Of the settings that differ from the defaults: one that a later version brings changes nothing.

    The clips are not in it (see `Cell.data`). Nor is what lies behind a path or a model's name, as `starter`, in `init`
    and `teacher`: other weights under the same words change no digest.
    """
    changed = {
        key: value
        for key, value in config.to_dict().items()
        if value != DEFAULTS.get(key) and key not in _NO_RESULT_CHANGES
    }
    return hashlib.sha256(json.dumps(changed, sort_keys=True).encode()).hexdigest()[:16]


def study_names() -> tuple[str, ...]:
    """Those that ship."""
    return tuple(sorted(path.stem for path in STUDIES.glob("*.toml")))


def read_study_file(study: str) -> tuple[Path, dict[str, Any]]:
    """What the file of a study says, by its name or the path of a .toml file. Raises UserError."""
    path = Path(study) if study.endswith(".toml") else STUDIES / f"{study}.toml"
    if not path.is_file():
        problem = f"There is no study {study!r}."
        raise UsageError(problem, f"Choose one of {', '.join(study_names())}, or give the path of a .toml file.")
    try:
        return path, parse_toml(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise UserError(f"{path.name} is not valid TOML ({error}).", "Correct that line.") from error


def load_study(study: str) -> Study:
    """A study that trains, by name or path; its cells' settings are checked too. Raises UserError."""
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
            rows=tuple(_row(one, recipe, settings, path) for one in raw["rows"]),
            base=str(raw.get("base", "")),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        remedy = "A study has title, recipe and [[rows]] with name and settings."
        raise UserError(f"{path.name} is no study ({error!r}).", remedy) from error
    names = [row.name for row in loaded.rows]
    if not names or len(set(names)) < len(names) or not loaded.seeds:
        raise UserError(f"{path.name} has no rows, no seeds, or two rows of one name.", "Give every row its own name.")
    if loaded.base and loaded.base not in names:
        problem = f"{path.name} compares its rows with {loaded.base!r}, and has no such row."
        raise UserError(problem, "Name one of its rows after `base`, or leave that out.")
    shown = {row.of for row in loaded.rows if row.of}
    if strangers := shown - {row.name for row in loaded.rows if not row.of}:
        problem = f"{path.name} shows runs of {', '.join(sorted(strangers))}, a row that runs nothing."
        raise UserError(problem, "Name a row with runs of its own after `of`.")
    for _ in loaded.cells():
        pass  # each reads its recipe and settings, and so refuses what contradicts itself before anything runs
    return loaded


def _recipe(recipe: str, study: Path) -> str:
    return str((study.parent / recipe).absolute()) if recipe.endswith(".toml") else recipe


def _row(raw: dict[str, Any], recipe: str, shared: tuple[str, ...], study: Path) -> StudyRow:
    if "of" in raw and {"settings", "seed", "recipe"} & raw.keys():
        problem = f"The row {raw['name']} of {study.name} shows the runs of {raw['of']}, and has none of its own."
        raise UserError(problem, "Give it name, of and metric alone.")
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
        return ",".join(_word(one) for one in value)
    return str(value).lower() if isinstance(value, bool) else str(value)
