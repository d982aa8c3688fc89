"""The plan of a training run: its recipe, data, output folder and settings, also read back from its folder."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from core.errors import UserError
from core.foreign_text import parse_json
from core.run.evaluation_report import REPORT_NAME

STATE_NAME, RUN_NAME, LOG_NAME = "state.pt", "run.json", "log.jsonl"
CHECKPOINT_NAME = "checkpoint"
FEW_CLIPS, FINE_TUNE = "few-clips", "fine-tune"
"""The recipe offered first, and the one that continues from its result."""

StartKind = Literal["recipe", "scratch", "starter", "checkpoint", "timm"]
START_CHOICES: dict[StartKind, str] = {
    "recipe": "As in the recipe",
    "scratch": "Scratch (random weights)",
    "starter": "Starter model",
    "checkpoint": "Checkpoint folder",
    "timm": "ImageNet weights of a timm model",
}


@dataclass(frozen=True, slots=True)
class Start:
    """The weights to start from. text: the folder or the timm name, for the kinds that need one."""

    kind: StartKind = "recipe"
    text: str = ""

    @property
    def settings(self) -> tuple[str, ...]:
        """The `KEY=VALUE` arguments of the command; none where the recipe decides."""
        values = {"scratch": "", "starter": "starter", "checkpoint": self.text, "timm": f"timm:{self.text}"}
        return () if self.kind == "recipe" else (f"init={values[self.kind]}",)


@dataclass(frozen=True, slots=True)
class TrainingPlan:
    """One training run."""

    recipe: str
    """The name of the recipe."""
    data: Path
    """The folder or list of clips."""
    out: Path
    """The output folder."""
    settings: tuple[str, ...] = ()
    """`KEY=VALUE` changes to the recipe."""
    resumes: bool = False
    """Resume the run in `out`."""

    @property
    def arguments(self) -> list[str]:
        """The arguments of the command `train`."""
        paths = ["--data", str(self.data), "--out", str(self.out)]
        resume = ["--resume"] if self.resumes else []
        return [self.recipe, *paths, *resume, "--control", *self.settings]


def read_plan(folder: Path) -> TrainingPlan:
    """The plan that resumes the run in `folder`. Raises UserError when there is none."""
    if not (folder / STATE_NAME).is_file():
        raise UserError(
            f"“{folder.name}” contains no training run to resume.",
            f"Choose the output folder of a run, which contains {RUN_NAME} and {STATE_NAME}.",
        )
    return _read_run(folder)


def _read_run(folder: Path) -> TrainingPlan:
    try:
        raw = parse_json((folder / RUN_NAME).read_text(encoding="utf-8"))
        settings = tuple(str(setting) for setting in raw.get("settings", ()))
        return TrainingPlan(str(raw["recipe"]), Path(raw["data"]), folder, settings, resumes=True)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise UserError(
            f"{RUN_NAME} in “{folder.name}” is missing or damaged.",
            "Resume the run in a terminal, with the command train and its option --resume.",
        ) from error


@dataclass(frozen=True, slots=True)
class Results:
    """The results of a run: its evaluation and, where they exist, its checkpoint and its plan."""

    report: Path
    checkpoint: Path | None = None
    plan: TrainingPlan | None = None


def find_results(chosen: Path) -> Results:
    """Find results in a run's folder or a checkpoint's folder, or beside an evaluation file. Raises UserError."""
    near = chosen.parent if chosen.is_file() else chosen
    candidates = [chosen] if chosen.is_file() else [near / REPORT_NAME, near / CHECKPOINT_NAME / REPORT_NAME]
    report = next((path for path in candidates if path.is_file()), None)
    if report is None:
        raise UserError(
            f"“{chosen.name}” contains no results.",
            f"Choose the output folder of a finished run, or its {REPORT_NAME}.",
        )
    places = [report.parent / CHECKPOINT_NAME, report.parent]
    checkpoint = next((folder for folder in places if (folder / "model.safetensors").is_file()), None)
    run = next((folder for folder in (report.parent, report.parent.parent) if (folder / RUN_NAME).is_file()), None)
    return Results(report, checkpoint, _plan_or_none(run))


def _plan_or_none(folder: Path | None) -> TrainingPlan | None:
    try:
        return None if folder is None else _read_run(folder)
    except UserError:
        return None


@dataclass(frozen=True, slots=True)
class Recipe:
    """A recipe. title, summary: texts on screen. minutes: its usual duration, where that is known."""

    name: str
    title: str
    summary: str
    minutes: float | None = None


def parse_recipes(text: str) -> tuple[Recipe, ...]:
    """Parse a JSON list of recipes; the quick one for a few clips comes first. Raises UserError."""
    try:
        recipes = [_recipe(row) for row in json.loads(text)]
    except (ValueError, KeyError, TypeError) as error:
        raise UserError("The list of recipes cannot be read.", "The log file has the details.") from error
    order = {FEW_CLIPS: 0, FINE_TUNE: 1}
    return tuple(sorted(recipes, key=lambda recipe: order.get(recipe.name, 2)))


def _recipe(row: dict[str, Any]) -> Recipe:
    minutes = row.get("minutes")
    return Recipe(str(row["name"]), str(row["title"]), str(row["summary"]), None if minutes is None else float(minutes))
