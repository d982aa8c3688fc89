"""Loads a study from a TOML file and validates the settings of all its cells.

A study's file is in training/studies or anywhere else:

    title = "Stems"
    summary = "One sentence for the list."
    recipe = "starter"            # every cell is `soundmark train RECIPE SETTINGS`
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

from pathlib import Path
from typing import Any

from core.errors import UsageError, UserError
from core.foreign_text import parse_toml
from training.study.plan import PaperFigure, Study, StudyRow, rows_named

STUDIES = Path(__file__).parents[1] / "studies"


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
        needs=rows_named(settings),
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
