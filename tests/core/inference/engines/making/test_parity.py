"""Parity: a graph that does not answer as PyTorch does is not used."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from core.inference.engines.making import parity
from core.inference.engines.making.conversion import GraphPlan, make_graph
from core.inference.engines.making.parity import compared_windows, largest_difference
from core.inference.engines.models import Shape
from core.model.merging.schedule import NO_MERGING
from fakes import tiny_checkpoint

pytest.importorskip("openvino")
PLAN = GraphPlan(tiny_checkpoint(), NO_MERGING, Shape("clip", 96))


def test_loud_and_very_quiet_sound_is_compared() -> None:
    windows = compared_windows(PLAN.checkpoint.config.log_mel, PLAN.shape.n_frames)
    levels = [float(window.mean()) for window in windows]
    assert {window.shape for window in windows} == {(1, 96, 128)}
    assert max(levels) - min(levels) > 0.5


def test_a_precision_that_disagrees_is_neither_timed_nor_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parity, "MOST_DIFFERENCE", -1.0)
    facts = make_graph(PLAN, tmp_path)
    assert facts.precision == ""
    assert set(facts.milliseconds) == {"torch"}
    assert "fp32" in facts.differences


def test_an_answer_that_is_no_number_disagrees() -> None:
    found = [np.array([0.5, np.nan], np.float32)]
    assert largest_difference(found, [np.zeros(2, np.float32)]) == float("inf")


def test_the_fastest_that_agrees_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    times = iter([5.0, 3.0, 9.0])
    monkeypatch.setattr(parity, "_median_ms", lambda _run: next(times))
    monkeypatch.setattr(parity, "MOST_DIFFERENCE", 1.0)
    facts = make_graph(PLAN, tmp_path)
    assert facts.precision == "fp32"
    assert facts.milliseconds["torch"] == 5.0
