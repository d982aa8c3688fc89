"""`main.py train RECIPE`: runs a recipe and writes one JSON object a line. Knows no window."""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import IO

from core.errors import UsageError, UserError
from core.training_messages import TrainingFailed, TrainingMessage, to_line
from training.config import TrainConfig, load_recipe

_log = logging.getLogger(__name__)


def run_training(recipe: str, data: Path | None, out: Path | None, overrides: list[str]) -> int:
    """Train to the end; the exit code. Messages go to stdout and, with what came before, to OUT/log.jsonl."""
    try:
        config = load_recipe(recipe, overrides)
        if data is None:
            raise UsageError("No training data is given.", "Give a folder of class folders, or ESC-50's, with --data.")
        out = out or Path("runs") / f"{config.name}-{time.strftime('%Y%m%d-%H%M%S')}"
        log = _open_log(out)
    except UserError as error:
        return _fail(error, _reporter(None))
    with log:
        try:
            return _train(config, data, out, _reporter(log))
        except KeyboardInterrupt:
            words = f"Stopped. Whole epochs are kept; the same command with --out {out} goes on after the last of them."
            print(words, file=sys.stderr)
            return 130


def _train(config: TrainConfig, data: Path, out: Path, report: Callable[[TrainingMessage], None]) -> int:
    # Late: everything before answers wrong usage without loading torch.
    from training import loop

    try:
        loop.train(config, data, out, report)
    except UserError as error:
        return _fail(error, report)
    except Exception as error:  # memory, disk: whoever started the run must hear of it in its own language
        _log.exception("training failed")
        return _fail(UserError(f"Training stopped: {error!r}.", f"Mend that; --out {out} goes on from there."), report)
    return 0


def _open_log(out: Path) -> IO[str]:
    try:
        out.mkdir(parents=True, exist_ok=True)
        return open(out / "log.jsonl", "a", encoding="utf-8")
    except OSError as error:
        raise UserError(f"{out} cannot be used ({error.strerror}).", "Choose another folder with --out.") from error


def _reporter(log: IO[str] | None) -> Callable[[TrainingMessage], None]:
    def report(message: TrainingMessage) -> None:
        line = to_line(message)
        with suppress(BrokenPipeError):  # who started the run has gone; the run and its log go on
            print(line, flush=True)
        if log is not None:
            print(line, file=log, flush=True)

    return report


def _fail(error: UserError, report: Callable[[TrainingMessage], None]) -> int:
    report(TrainingFailed(error.problem, error.remedy))
    print(error, file=sys.stderr)
    return 2 if isinstance(error, UsageError) else 1
