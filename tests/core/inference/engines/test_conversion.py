"""Conversion: a graph answers as PyTorch does, and one that does not is not used."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from core.inference.engines import conversion
from core.inference.engines.compiled_graph import CompiledGraph
from core.inference.engines.conversion import compared_windows, make_graph
from core.inference.engines.graph_files import GRAPH
from core.inference.engines.models import Reading, Shape
from core.inference.engines.pytorch import TorchEngine
from core.model.merging.schedule import NO_MERGING, MergeSchedule
from fakes import telling_checkpoint, tiny_checkpoint

pytest.importorskip("openvino")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("reading", "merge"),
    [
        ("clip", NO_MERGING),
        ("columns", NO_MERGING),
        ("clip", MergeSchedule(r=4)),
        ("columns", MergeSchedule(r=2, matcher="energy")),
    ],
)
def test_a_graph_answers_as_pytorch_does(tmp_path: Path, reading: Reading, merge: MergeSchedule) -> None:
    checkpoint, shape = telling_checkpoint(), Shape(reading, 96)
    facts = make_graph(checkpoint, merge, shape, tmp_path)
    assert facts.failure == ""
    assert facts.differences["fp32"] < 1e-3
    exact, graph = TorchEngine(checkpoint.build(), "cpu", merge), CompiledGraph(tmp_path / GRAPH, "fp32")
    windows = compared_windows(checkpoint, shape)
    together = graph.run_many(windows)
    for window, answer in zip(windows, together, strict=True):
        np.testing.assert_allclose(graph.run(window), exact.run(reading, window), atol=1e-3)
        np.testing.assert_allclose(answer, graph.run(window), atol=1e-5)


def test_loud_and_very_quiet_sound_is_compared() -> None:
    windows = compared_windows(tiny_checkpoint(), Shape("clip", 96))
    levels = [float(window.mean()) for window in windows]
    assert {window.shape for window in windows} == {(1, 96, 128)}
    assert max(levels) - min(levels) > 0.5


def test_a_precision_that_disagrees_is_neither_timed_nor_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conversion, "MOST_DIFFERENCE", -1.0)
    facts = make_graph(tiny_checkpoint(), NO_MERGING, Shape("clip", 96), tmp_path)
    assert facts.precision == ""
    assert set(facts.milliseconds) == {"torch"}
    assert "fp32" in facts.differences


def test_an_answer_that_is_no_number_disagrees() -> None:
    found = [np.array([0.5, np.nan], np.float32)]
    assert conversion._difference(found, [np.zeros(2, np.float32)]) == float("inf")


def test_the_fastest_that_agrees_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    times = iter([5.0, 3.0, 9.0])
    monkeypatch.setattr(conversion, "_median_ms", lambda _run: next(times))
    monkeypatch.setattr(conversion, "MOST_DIFFERENCE", 1.0)
    facts = make_graph(tiny_checkpoint(), NO_MERGING, Shape("clip", 96), tmp_path)
    assert facts.precision == "fp32"
    assert facts.milliseconds["torch"] == 5.0


def test_what_cannot_be_converted_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_arguments: object) -> object:
        raise RuntimeError("no such operation")

    monkeypatch.setattr(conversion, "_converted", refuse)
    facts = make_graph(tiny_checkpoint(), NO_MERGING, Shape("clip", 96), tmp_path)
    assert "no such operation" in facts.failure
    assert facts.precision == ""
