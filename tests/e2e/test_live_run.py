"""The benchmark of a live run measures from sounds in a virtual microphone to their tags in the window."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from rig.waiting import PATIENCE_S

REPOSITORY = Path(__file__).resolve().parents[2]


def test_a_few_seconds_are_measured() -> None:
    command = [sys.executable, "benchmarks/live_run.py", "--minutes", "0.2", "--settle-s", "1", "--json"]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, timeout=2 * PATIENCE_S)
    assert done.returncode == 0, done.stderr
    measured = json.loads(done.stdout)
    assert measured["sounds"] == 2, "12 s have room for two"
    assert measured["windows"] > 0
    assert measured["dropped_blocks"] == 0
    window, screen = measured["window_to_screen_ms"], measured["sound_to_screen_ms"]
    assert 0 < measured["window_to_scores_ms"]["median"] <= window["median"] <= window["p95"] <= window["longest"]
    assert 0 < screen["median"] <= screen["p95"]
    assert measured["pace"].startswith("Auto")
