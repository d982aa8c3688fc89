"""A study as data: a TOML file becomes rows, folds and seeds, and each combination of them a cell. Runs nothing.

A study lies in training/studies or anywhere:

    title = "Stems"
    summary = "One sentence for the list."
    recipe = "starter"            # every cell is `main.py train RECIPE SETTINGS`
    metric = "accuracy"           # what the table compares, a figure of the finished run
    folds = ["1", "2"]            # each held out in turn (test_folds); none leaves the recipe's
    seeds = [1, 2]
    [settings]                    # the same for every row
    epochs = 10
    [[rows]]
    name = "patch"
    settings = { variant = "ast-tiny-16" }
    paper = { value = 0.887, spread = 0.007, source = "Gong et al., arXiv:2104.01778", note = "with ImageNet weights" }
"""

from __future__ import annotations

import hashlib
import json
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.errors import UsageError, UserError
from training.config import DEFAULTS, load_recipe

STUDIES = Path(__file__).parent / "studies"
RECIPES_OWN = ""
"""In place of a fold, where the recipe decides what is held out."""
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
    """A line of the table. settings: `KEY=VALUE` on top of the study's."""

    name: str
    settings: tuple[str, ...]
    paper: PaperFigure | None


@dataclass(frozen=True, slots=True)
class Cell:
    """One run. settings: all of it, `KEY=VALUE`; digest: of what decides its result, so that a change is noticed."""

    name: str
    row: str
    fold: str
    seed: int
    recipe: str
    settings: tuple[str, ...]
    digest: str


@dataclass(frozen=True, slots=True)
class Study:
    """The whole grid. folds: held out in turn; metric: a key of a finished run's figures."""

    name: str
    title: str
    summary: str
    recipe: str
    metric: str
    folds: tuple[str, ...]
    seeds: tuple[int, ...]
    settings: tuple[str, ...]
    rows: tuple[StudyRow, ...]

    def cells(self) -> Iterator[Cell]:
        """Row after row within fold and seed: a study that is broken off has compared all rows on some folds."""
        for seed in self.seeds:
            for fold in self.folds or (RECIPES_OWN,):
                for row in self.rows:
                    of_fold = () if fold == RECIPES_OWN else (f"test_folds={fold}",)
                    settings = (*self.settings, *row.settings, *of_fold, f"seed={seed}")
                    digest = _digest(self.recipe, settings)
                    name = f"{row.name}-seed{seed}" if fold == RECIPES_OWN else f"{row.name}-fold{fold}-seed{seed}"
                    yield Cell(name, row.name, fold, seed, self.recipe, settings, digest)


def _digest(recipe: str, settings: tuple[str, ...]) -> str:
    """Of the settings that differ from the defaults: one that a later version brings changes nothing."""
    config = load_recipe(recipe, list(settings)).to_dict()
    changed = {
        key: value for key, value in config.items() if value != DEFAULTS.get(key) and key not in _NO_RESULT_CHANGES
    }
    return hashlib.sha256(json.dumps(changed, sort_keys=True).encode()).hexdigest()[:16]


def study_names() -> tuple[str, ...]:
    """Those that ship."""
    return tuple(sorted(path.stem for path in STUDIES.glob("*.toml")))


def load_study(study: str) -> Study:
    """Read a study by its name or the path of a .toml file; its cells' settings are checked too. Raises UserError."""
    path = Path(study) if study.endswith(".toml") else STUDIES / f"{study}.toml"
    if not path.is_file():
        problem = f"There is no study {study!r}."
        raise UsageError(problem, f"Choose one of {', '.join(study_names())}, or give the path of a .toml file.")
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
        loaded = Study(
            name=path.stem,
            title=str(raw["title"]),
            summary=str(raw.get("summary", "")),
            recipe=_recipe(str(raw["recipe"]), path),
            metric=str(raw.get("metric", "accuracy")),
            folds=tuple(str(fold) for fold in raw.get("folds", ())),
            seeds=tuple(int(seed) for seed in raw.get("seeds", (0,))),
            settings=_settings(raw.get("settings", {})),
            rows=tuple(_row(one) for one in raw["rows"]),
        )
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UserError(f"{path.name} is not valid TOML ({error}).", "Correct that line.") from error
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        remedy = "A study has title, recipe and [[rows]] with name and settings."
        raise UserError(f"{path.name} is no study ({error!r}).", remedy) from error
    names = [row.name for row in loaded.rows]
    if not names or len(set(names)) < len(names) or not loaded.seeds:
        raise UserError(f"{path.name} has no rows, no seeds, or two rows of one name.", "Give every row its own name.")
    for _cell in loaded.cells():
        pass  # each reads its recipe and settings, and so refuses what contradicts itself before anything runs
    return loaded


def _recipe(recipe: str, study: Path) -> str:
    return str((study.parent / recipe).absolute()) if recipe.endswith(".toml") else recipe


def _row(raw: dict[str, Any]) -> StudyRow:
    paper = raw.get("paper")
    return StudyRow(str(raw["name"]), _settings(raw.get("settings", {})), PaperFigure(**paper) if paper else None)


def _settings(raw: dict[str, Any]) -> tuple[str, ...]:
    """A TOML table as the command line's `KEY=VALUE`."""
    return tuple(f"{key}={_word(value)}" for key, value in raw.items())


def _word(value: Any) -> str:
    if isinstance(value, list):
        return ",".join(_word(one) for one in value)
    return str(value).lower() if isinstance(value, bool) else str(value)
