"""The plan of a training run: its recipe, data, output folder and settings, also read back from its folder."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from core.errors import UserError
from core.run.run_folder import RUN_NAME, STATE_NAME, RunDescription, has_state, read_description

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
    def description(self) -> RunDescription:
        """The plan as the run's folder describes it."""
        return RunDescription(self.recipe, str(self.data), self.settings)

    @property
    def arguments(self) -> list[str]:
        """The arguments of the command `train`."""
        paths = ["--data", str(self.data), "--out", str(self.out)]
        resume = ["--resume"] if self.resumes else []
        return [self.recipe, *paths, *resume, "--control", *self.settings]


def read_plan(folder: Path) -> TrainingPlan:
    """The plan that resumes the run in `folder`. Raises UserError when there is none."""
    if not has_state(folder):
        raise UserError(
            f"“{folder.name}” contains no training run to resume.",
            f"Choose the output folder of a run, which contains {RUN_NAME} and {STATE_NAME}.",
        )
    description = read_description(folder)
    return TrainingPlan(description.recipe, Path(description.data), folder, description.settings, resumes=True)
