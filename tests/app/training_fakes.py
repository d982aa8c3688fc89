"""A training command whose answers a test writes, and a report and an evaluation with known contents."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from core.run.data_report import ClassContent, DataReport, Finding
from core.run.evaluation_report import ClassResult, ClipResult, EvaluationReport, Measured
from core.run.messages import (
    TrainingEpoch,
    TrainingFinished,
    TrainingMessage,
    TrainingPreparing,
    TrainingStarted,
    TrainingStep,
    to_line,
)

STAND_IN = Path(__file__).with_name("stand_in_program.py")
PREPARING = TrainingPreparing("Decoding clips", 3, 12)
STARTED = TrainingStarted("few-clips", "out", "cpu", 12, 2, 4, 1)
STEPS = tuple(TrainingStep(1, step, 20, 1.0 / step, 1e-3, 34.0, 90.0) for step in (1, 2, 3))
EPOCH = TrainingEpoch(1, 4, 0.5, 2.0, 75.0, {"accuracy": 0.75, "map": 0.5, "ece": 0.1})
RECIPES = [
    {"name": "esc50", "title": "ESC-50", "summary": "As published.", "minutes": None},
    {"name": "fine-tune", "title": "Fine-tune", "summary": "Every layer.", "minutes": 30},
    {"name": "few-clips", "title": "A few clips", "summary": "A new head.", "minutes": 1},
]
RECIPES_JSON = json.dumps(RECIPES)
REPORT = DataReport(
    "birds",
    "class folders",
    30,
    2.5,
    (ClassContent("wren", 20, 1.5), ClassContent("owl", 10, 1.0)),
    (("1", 15), ("2", 15)),
    (
        Finding("silent", "warning", "2 clips are silent.", "Take them out.", ("/birds/owl/a.wav", "/birds/owl/b.wav")),
        Finding("tiny_class", "note", "owl has 10 clips.", "More would help."),
    ),
)
BAD_REPORT = DataReport(
    "rotten", "class folders", 1, 0.0, (), (), (Finding("empty_class", "error", "wren is empty.", "Fill it."),)
)


class StandIn:
    """What a test tells `stand_in_program.py` to answer. program: the command line before the verb."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.program = (sys.executable, str(STAND_IN), str(folder))
        self._script: dict[str, dict[str, Any]] = {"recipes": {"lines": [RECIPES_JSON]}}
        self.checks(REPORT)

    def checks(self, report: DataReport) -> None:
        """What is found in the data."""
        self._set("check", lines=[report.to_json()])

    def refuses(self, complaint: str) -> None:
        """The data cannot be read."""
        self._set("check", exit=1, complaint=complaint)

    def trains(self, *messages: TrainingMessage, **more: Any) -> None:
        """What a run says; waits=True: then it obeys. exit, complaint: how it ends."""
        self._set("train", lines=[to_line(message) for message in messages], **more)

    @property
    def asked(self) -> list[list[str]]:
        """Every command line so far, from its verb on."""
        path = self._folder / "asked"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []

    @property
    def obeyed(self) -> list[str]:
        """The words that the run has heard."""
        path = self._folder / "obeyed"
        return path.read_text().split() if path.exists() else []

    def _set(self, verb: str, **part: Any) -> None:
        self._script[verb] = part
        (self._folder / "script.json").write_text(json.dumps(self._script), encoding="utf-8")


def evaluation(data: str = "/birds") -> EvaluationReport:
    """Two wrens and two owls, of which one owl is taken for a wren."""
    clips = (
        ClipResult("wren/1.wav", (0,), 0, 0.9, 0.9),
        ClipResult("wren/2.wav", (0,), 0, 0.8, 0.8),
        ClipResult("owl/1.wav", (1,), 1, 0.7, 0.7),
        ClipResult("owl/2.wav", (1,), 0, 0.95, 0.05),
    )
    classes = (
        ClassResult("wren", 2, 0.67, 1.0, 0.8, 0.92, 0.5),
        ClassResult("owl", 2, 1.0, 0.5, 0.67, 0.83, 0.4),
        ClassResult("hen", 0, 0.0, 0.0, 0.0, 0.0, 0.5),
    )
    metrics = {"accuracy": Measured(0.75, 0.3, 0.95), "d_prime": Measured(1.5, 1.0, 2.0)}
    return EvaluationReport("birds", data, "fold 5", "off", ("wren", "owl", "hen"), metrics, classes, clips)


def finish_run(out: Path) -> TrainingFinished:
    """Leave what a finished run leaves in `out`; what it then says."""
    checkpoint = out / "checkpoint"
    checkpoint.mkdir(parents=True)
    (checkpoint / "model.safetensors").write_bytes(b"weights")
    evaluation().save(out / "evaluation.json")
    write_run(out)
    return TrainingFinished(str(checkpoint), {"accuracy": 0.75, "map": 0.8}, str(out / "evaluation.json"))


def write_run(out: Path, recipe: str = "few-clips") -> None:
    """What a run says of itself in its folder."""
    out.mkdir(parents=True, exist_ok=True)
    (out / "run.json").write_text(json.dumps({"recipe": recipe, "data": "/birds", "settings": ["init=starter"]}))
    (out / "state.pt").write_bytes(b"state")
