"""Names and reads what a training run keeps in its folder: run.json, log.jsonl, state.pt, checkpoint/, evaluation.json.

The training process writes these files; the window, a study and `--resume` find them again.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from core.atomic_write import atomic_write
from core.errors import UserError
from core.file_names import json_text
from core.foreign_text import parse_json
from core.run.messages import TrainingMessage, from_line

RUN_NAME = "run.json"
"""What the run was asked to do: a RunDescription."""
LOG_NAME = "log.jsonl"
"""Every message of the run, one a line; a resumed run appends."""
STATE_NAME = "state.pt"
"""Where the run resumes from."""
CHECKPOINT_NAME = "checkpoint"
"""The folder of the trained model."""
REPORT_NAME = "evaluation.json"
"""The EvaluationReport, in the checkpoint's folder; where `evaluate --out` wrote it, anywhere."""
TENSORBOARD_NAME = "tensorboard"
"""The folder of curves for TensorBoard."""
_WEIGHTS_NAME = "model.safetensors"


@dataclass(frozen=True, slots=True)
class RunDescription:
    """What a run was asked to do, so that it can be resumed without being told again."""

    recipe: str
    data: str
    settings: tuple[str, ...] = ()


def read_description(folder: Path) -> RunDescription:
    """Read what the run in `folder` was started with. Raises UserError."""
    try:
        raw = parse_json((folder / RUN_NAME).read_text(encoding="utf-8"))
        return RunDescription(str(raw["recipe"]), str(raw["data"]), tuple(map(str, raw.get("settings", ()))))
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise UserError(
            f"{folder} holds no training run that can be resumed.",
            f"Choose the output folder of a run: it holds {RUN_NAME}, with the run's recipe and data.",
        ) from error


def write_description(folder: Path, description: RunDescription) -> None:
    """Write it whole or not at all."""
    atomic_write(folder / RUN_NAME, json_text(asdict(description), indent=1).encode())


def has_state(folder: Path) -> bool:
    """Whether the run in `folder` has saved a state to resume from."""
    return (folder / STATE_NAME).is_file()


def read_log(folder: Path) -> Iterator[TrainingMessage]:
    """Read every message of the run in `folder`, from all its parts; lines that a crash cut short are left out."""
    with suppress(OSError), (folder / LOG_NAME).open(encoding="utf-8", errors="replace") as log:
        for line in log:
            try:
                message = from_line(line)
            except UserError:
                continue
            yield message


@dataclass(frozen=True, slots=True)
class Results:
    """What a finished run left behind."""

    report: Path
    """The EvaluationReport's file."""
    checkpoint: Path | None = None
    """The folder of its model, where there is one."""
    folder: Path | None = None
    """The run's own folder, where the report lies in one."""
    description: RunDescription | None = None
    """What the run was asked to do, where that can be read."""


def find_results(chosen: Path) -> Results:
    """Find the results in a run's folder, in a checkpoint's folder, or beside an evaluation file. Raises UserError."""
    near = chosen.parent if chosen.is_file() else chosen
    candidates = [chosen] if chosen.is_file() else [near / REPORT_NAME, near / CHECKPOINT_NAME / REPORT_NAME]
    report = next((path for path in candidates if path.is_file()), None)
    if report is None:
        raise UserError(
            f"There are no results in “{chosen.name}”.",
            f"Choose the output folder of a finished run, or its {REPORT_NAME}.",
        )
    checkpoints = [report.parent / CHECKPOINT_NAME, report.parent]
    checkpoint = next((folder for folder in checkpoints if (folder / _WEIGHTS_NAME).is_file()), None)
    near_folders = (report.parent, report.parent.parent)
    run_folder = next((folder for folder in near_folders if (folder / RUN_NAME).is_file()), None)
    return Results(report, checkpoint, run_folder, _description_or_none(run_folder))


def _description_or_none(folder: Path | None) -> RunDescription | None:
    try:
        return None if folder is None else read_description(folder)
    except UserError:
        return None
