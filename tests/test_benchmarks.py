"""Each benchmark that needs no data runs on a small input and prints its figures. None is held to a time."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from rig.waiting import PATIENCE_S

pytestmark = pytest.mark.slow

REPOSITORY = Path(__file__).resolve().parents[1]


def test_the_smoothness_of_the_window_is_measured() -> None:
    command = [sys.executable, "benchmarks/window_smoothness.py", "--seconds", "1", "--json"]
    command += ["--events", "300", "--files", "2"]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, timeout=PATIENCE_S)
    assert done.returncode == 0, done.stderr
    measured = json.loads(done.stdout)
    assert len(measured) == 2
    for figures in measured.values():
        assert figures["timeouts"] > 0
        assert figures["longest_stall_ms"] >= figures["stall_p99_ms"] >= 0
        assert figures["longest_busy_ms"] >= figures["busy_p99_9_ms"] > 0
        assert figures["paint_median_ms"] > 0


def test_the_start_is_measured() -> None:
    command = [sys.executable, "benchmarks/start_up.py", "--times", "1", "--json"]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, timeout=PATIENCE_S)
    assert done.returncode == 0, done.stderr
    window, listen = (json.loads(done.stdout)[name] for name in ("window", "listen"))
    assert 0 < window["window s"] <= window["tags s"]
    assert 0 < window["picture, CPU s"] <= window["tags, CPU s"]
    assert listen["tags s"] > 0
    assert min(window["most MB"], listen["most MB"]) > 50


def test_tagging_long_files_is_measured() -> None:
    command = [sys.executable, "benchmarks/files.py", "--seconds", "12", "--kind", "mp3", "--rounds", "1", "--json"]
    command += ["--long-s", "24"]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, timeout=PATIENCE_S)
    assert done.returncode == 0, done.stderr
    measured = json.loads(done.stdout)
    assert measured["parts_cpu_s"]["inference"] > 0
    assert len(measured["parts_cpu_s"]) == 7
    [run] = measured["runs"]
    assert min(run["wall_s"], run["cpu_s"]) > 0
    assert run["most_memory_mb"] > 50
    assert list(measured["long"]) == ["12", "24"]
    assert min(run["most_memory_mb"] for run in measured["long"].values()) > 50


def test_tagging_many_files_in_the_window_is_measured() -> None:
    command = [sys.executable, "benchmarks/many_files.py", "--files", "3", "--seconds", "2", "--rounds", "1", "--json"]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, timeout=PATIENCE_S)
    assert done.returncode == 0, done.stderr
    measured = json.loads(done.stdout)
    assert list(measured) == ["window", "alone"]
    assert min(figure for way in measured.values() for figure in way.values()) > 0


def test_what_files_cost_the_live_view_is_measured() -> None:
    command = [sys.executable, "benchmarks/sharing_cores.py", "--seconds", "1", "--rounds", "1", "--json"]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, timeout=PATIENCE_S)
    assert done.returncode == 0, done.stderr
    measured = json.loads(done.stdout)
    assert measured.pop("engine").startswith("PyTorch"), "as the tests ask for"
    assert len(measured) == 4
    assert 0 < measured["in turns"]["live_p50_ms"] <= measured["in turns"]["live_p95_ms"]
    assert measured["in turns"]["file_windows_per_s"] > 0
    assert "file_windows_per_s" not in measured["live alone"]
    assert "live_p50_ms" not in measured["files alone"]


@pytest.mark.skipif(find_spec("ray") is None, reason="Ray, which carries files to workers, is not installed")
def test_what_two_workers_of_a_cluster_take_is_measured() -> None:
    command = [sys.executable, "benchmarks/cluster.py", "--files", "3", "--seconds", "12", "--rounds", "1", "--json"]
    command += ["--engine", "torch", "--only", "2 workers, 1 core each"]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, timeout=PATIENCE_S)
    assert done.returncode == 0, done.stderr
    (figures,) = json.loads(done.stdout).values()
    assert figures["start_s"] > 0
    assert figures["tagging_s"] > 0
    assert figures["worker_cpu_s"] > 0
    assert figures["other_cpu_s"] >= 0
    assert figures["sound_per_s"] == pytest.approx(21 / figures["tagging_s"], rel=0.01)
