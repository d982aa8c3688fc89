"""What a training run is asked to do, and how it is found again in its folder. Runs nothing and knows no widgets."""

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
"""The recipe offered first, and the one that goes on from its result."""

StartKind = Literal["recipe", "scratch", "starter", "checkpoint", "timm"]
START_CHOICES: dict[StartKind, str] = {
    "recipe": "What the recipe says",
    "scratch": "Scratch (random weights)",
    "starter": "The starter model",
    "checkpoint": "A checkpoint folder",
    "timm": "ImageNet weights of a timm model",
}


@dataclass(frozen=True, slots=True)
class Start:
    """The weights that a run starts from. text: the folder or the timm name, for the kinds that need one."""

    kind: StartKind = "recipe"
    text: str = ""

    @property
    def settings(self) -> tuple[str, ...]:
        """`KEY=VALUE` for the command; nothing where the recipe decides."""
        words = {"scratch": "", "starter": "starter", "checkpoint": self.text, "timm": f"timm:{self.text}"}
        return () if self.kind == "recipe" else (f"init={words[self.kind]}",)


@dataclass(frozen=True, slots=True)
class TrainingPlan:
    """One run. settings: `KEY=VALUE`, changes to the recipe. resumes: go on with what is in `out`."""

    recipe: str
    data: Path
    out: Path
    settings: tuple[str, ...] = ()
    resumes: bool = False

    @property
    def arguments(self) -> list[str]:
        """What stands after `main.py train`."""
        going_on = ["--resume"] if self.resumes else []
        places = ["--data", str(self.data), "--out", str(self.out)]
        return [self.recipe, *places, *going_on, "--control", *self.settings]


def read_plan(folder: Path) -> TrainingPlan:
    """How to go on with the run in `folder`. Raises UserError where there is none."""
    if not (folder / STATE_NAME).is_file():
        raise UserError(
            f"“{folder.name}” holds no training run that can go on.",
            f"Choose the output folder of a run: it holds {RUN_NAME} and {STATE_NAME}.",
        )
    return _read_run(folder)


def _read_run(folder: Path) -> TrainingPlan:
    try:
        raw = parse_json((folder / RUN_NAME).read_text(encoding="utf-8"))
        settings = tuple(str(one) for one in raw.get("settings", ()))
        return TrainingPlan(str(raw["recipe"]), Path(raw["data"]), folder, settings, resumes=True)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise UserError(
            f"“{folder.name}” does not say which recipe and data its run has.",
            f"Its {RUN_NAME} is missing or damaged: go on with it in the terminal, by main.py train --resume.",
        ) from error


@dataclass(frozen=True, slots=True)
class Results:
    """What a finished run left: its evaluation, its checkpoint and its plan, each where there is one."""

    report: Path
    checkpoint: Path | None = None
    plan: TrainingPlan | None = None


def find_results(chosen: Path) -> Results:
    """The results in a run's folder, a checkpoint's folder, or beside an evaluation file. Raises UserError."""
    near = chosen.parent if chosen.is_file() else chosen
    candidates = [chosen] if chosen.is_file() else [near / REPORT_NAME, near / CHECKPOINT_NAME / REPORT_NAME]
    report = next((one for one in candidates if one.is_file()), None)
    if report is None:
        raise UserError(
            f"There are no results in “{chosen.name}”.",
            f"Choose the output folder of a finished run, or its {REPORT_NAME}.",
        )
    places = [report.parent / CHECKPOINT_NAME, report.parent]
    checkpoint = next((one for one in places if (one / "model.safetensors").is_file()), None)
    run = next((one for one in (report.parent, report.parent.parent) if (one / RUN_NAME).is_file()), None)
    return Results(report, checkpoint, _plan_or_none(run))


def _plan_or_none(folder: Path | None) -> TrainingPlan | None:
    try:
        return None if folder is None else _read_run(folder)
    except UserError:
        return None


@dataclass(frozen=True, slots=True)
class Recipe:
    """A recipe. title, summary: for people; minutes: how long it usually takes, where that is known."""

    name: str
    title: str
    summary: str
    minutes: float | None = None


def parse_recipes(text: str) -> tuple[Recipe, ...]:
    """The list in a JSON text, the quick one for a few clips first. Raises UserError."""
    try:
        recipes = [_recipe(row) for row in json.loads(text)]
    except (ValueError, KeyError, TypeError) as error:
        raise UserError("The list of recipes cannot be read.", "The log file has the details.") from error
    order = {FEW_CLIPS: 0, FINE_TUNE: 1}
    return tuple(sorted(recipes, key=lambda one: order.get(one.name, 2)))


def _recipe(row: dict[str, Any]) -> Recipe:
    minutes = row.get("minutes")
    return Recipe(str(row["name"]), str(row["title"]), str(row["summary"]), None if minutes is None else float(minutes))
