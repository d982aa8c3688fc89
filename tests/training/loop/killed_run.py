"""Trains in child processes, kills each of them (SIGKILL) after a random time, and lets the last one finish.

    killed_run.py DATA OUT N_KILLS SEED SETTING...

Prints the steps at which the kills left the state file. One process imports torch; its children are forks of it.
"""

from __future__ import annotations

import os
import random
import signal
import sys
import time
from pathlib import Path

import torch

from core.run.run_folder import STATE_NAME
from tests.training.runs import small
from training.loop.runner import train


def main(data: Path, out: Path, n_kills: int, seed: int, settings: list[str]) -> None:
    rng = random.Random(seed)
    began = time.monotonic()
    _wait(_start(data, out / "whole", settings))
    seconds = time.monotonic() - began
    for _ in range(n_kills):
        child = _start(data, out / "broken", settings)
        # Ten of them get about as far as the end: each has its own start-up to do.
        time.sleep(rng.uniform(0.0, 0.35 * seconds))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        print(_step(out / "broken" / STATE_NAME), flush=True)
    _wait(_start(data, out / "broken", settings))


def _start(data: Path, out: Path, settings: list[str]) -> int:
    child = os.fork()
    if child == 0:
        train(small(*settings), data, out, lambda _message: None, resume=True)
        os._exit(0)
    return child


def _wait(child: int) -> None:
    _, status = os.waitpid(child, 0)
    assert status == 0, f"a run ended with {status}"


def _step(path: Path) -> int:
    return torch.load(path, weights_only=True)["step"] if path.is_file() else 0


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]), sys.argv[5:])
