"""`main.py train RECIPE`: runs a recipe and writes one JSON object a line. Knows no window."""

from __future__ import annotations

import sys
import time
from pathlib import Path

from core.errors import UserError
from core.training_messages import TrainingFailed, TrainingMessage, to_line
from training.config import load_recipe


def run_training(recipe: str, data: Path | None, out: Path | None, overrides: list[str]) -> int:
    """Train to the end; the exit code. Messages go to stdout and, with what came before, to OUT/log.jsonl."""
    try:
        config = load_recipe(recipe, overrides)
        if data is None:
            raise UserError("No training data is given.", "Give a folder of class folders, or ESC-50's, with --data.")
        out = out or Path("runs") / f"{config.name}-{time.strftime('%Y%m%d-%H%M%S')}"
        out.mkdir(parents=True, exist_ok=True)
        with open(out / "log.jsonl", "a", encoding="utf-8") as log:

            def report(message: TrainingMessage) -> None:
                line = to_line(message)
                print(line, flush=True)
                print(line, file=log, flush=True)

            # Late: everything above answers wrong usage before torch is loaded.
            from training.loop import train

            try:
                train(config, data, out, report)
            except UserError as error:
                report(TrainingFailed(error.problem, error.remedy))
                print(error, file=sys.stderr)
                return 1
    except UserError as error:
        print(to_line(TrainingFailed(error.problem, error.remedy)), flush=True)
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("Stopped. The last whole epoch is kept; the same command goes on from there.", file=sys.stderr)
        return 130
    return 0
