"""Graphs are made for the next time in a process of their own, and not again and again."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import pytest

from core.inference.engines import graph_maker as graph_maker_module
from core.inference.engines.graph_files import GraphKey
from core.inference.engines.graph_maker import AGAIN_AFTER_S, begin_making, graph_maker
from core.inference.engines.models import Shape
from rig.waiting import PATIENCE_S, wait_for

KEY = GraphKey("model", "off", Shape("clip", 50))


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(graph_maker_module, "graphs_folder", lambda: tmp_path / "graphs")
    return tmp_path


def test_a_command_is_started_once_in_ten_minutes(folder: Path) -> None:
    made = folder / "made"
    command = (sys.executable, "-c", f"open({str(made)!r}, 'a').write('x')")
    assert begin_making(KEY, command)
    assert not begin_making(KEY, command)
    wait_for(made.exists, PATIENCE_S, "the command")
    (mark,) = (folder / "graphs").glob("*.begun")
    long_ago_s = time.time() - AGAIN_AFTER_S - 1
    os.utime(mark, (long_ago_s, long_ago_s))
    assert begin_making(KEY, command)


def test_a_command_that_cannot_be_started_leaves_pytorch() -> None:
    assert not begin_making(KEY, ("/nothing/here",))


def test_the_command_names_the_model_and_the_shape(tmp_path: Path) -> None:
    words = graph_maker(tmp_path, (16, 8), no_pad=True)("energy:4")(Shape("columns", 256))
    assert words[2:4] == ("models", "convert")
    assert {"--stride", "16x8", "--no-pad", "energy:4", "columns", "256", "--background", str(tmp_path)} <= set(words)
