"""Several processes under torchrun train as one does, and one that dies takes no work with it."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from core.run.run_folder import STATE_NAME
from rig.waiting import PATIENCE_S
from tests.training.runs import SMALL, save_teacher

pytestmark = pytest.mark.slow

HERE = Path(__file__).parent
REPOSITORY = HERE.parents[2]
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(REPOSITORY), "OMP_NUM_THREADS": "1"}
TORCHRUN = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]


def steps_of(command: list[str]) -> list[dict[str, list[int] | float]]:
    done = subprocess.run(command, env=ENVIRONMENT, capture_output=True, text=True, timeout=PATIENCE_S)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_two_processes_see_the_same_clips_and_lose_the_same(data: Path, tmp_path: Path) -> None:
    teacher = save_teacher(tmp_path / "teacher", "nano-cnn", "sounds", seed=1)
    script = [str(HERE / "shared_steps.py"), str(data), f"teacher={teacher}"]
    alone, both = steps_of([sys.executable, *script]), steps_of([*TORCHRUN, *script])
    assert len(alone) == len(both) == 20
    assert [step["clips"] for step in alone] == [step["clips"] for step in both]
    assert [step["loss"] for step in alone] == pytest.approx([step["loss"] for step in both], abs=1e-5)


def test_a_killed_worker_ends_the_run_with_a_message_and_a_state_to_go_on_from(data: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    command = [str(REPOSITORY / "main.py"), "train", "starter", "--data", str(data), "--out", str(out)]
    settings = [setting for setting in SMALL if not setting.startswith(("epochs", "variant"))]
    settings += ["save_every_s=0", "variant=ast-tiny-16"]
    running = subprocess.Popen(
        [*TORCHRUN, *command, "epochs=500", *settings], env=ENVIRONMENT, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    try:
        deadline = time.monotonic() + PATIENCE_S
        while not (out / STATE_NAME).is_file():
            assert running.poll() is None, running.communicate()[1]
            assert time.monotonic() < deadline
            time.sleep(0.05)
        os.kill(_second_worker(running.pid), signal.SIGKILL)
        _, errors = running.communicate(timeout=PATIENCE_S)
    finally:
        running.kill()
    assert running.returncode != 0
    assert re.search(r'"type": "(failed|stopped)"', (out / "log.jsonl").read_text()), errors
    resumed = [sys.executable, *command, "--resume", "epochs=500", "time_budget_min=0", *settings]
    again = subprocess.Popen(resumed, env=ENVIRONMENT, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        assert again.stdout is not None
        started = next(json.loads(line) for line in again.stdout if '"started"' in line)
        assert started["n_epochs"] == 500
        assert any('"step"' in line for line in again.stdout)  # it goes on
    finally:
        again.kill()


def _second_worker(torchrun: int) -> int:
    """The process that torchrun started with local rank 1."""
    children = Path(f"/proc/{torchrun}/task/{torchrun}/children").read_text().split()
    for child in children:
        if "LOCAL_RANK=1" in Path(f"/proc/{child}/environ").read_bytes().decode().split("\0"):
            return int(child)
    raise AssertionError(f"none of {children} is the second worker")
