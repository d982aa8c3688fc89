"""Conversion: a graph answers as PyTorch does, in floating point and in eight bits."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.errors import UserError
from core.inference.engines.compiled_graph import CompiledGraph, openvino_package
from core.inference.engines.graph_files import GRAPH, GraphFacts
from core.inference.engines.making import conversion
from core.inference.engines.making.conversion import GraphPlan, graph_of, make_graph
from core.inference.engines.making.parity import compared_windows
from core.inference.engines.models import Reading, Shape
from core.inference.engines.on_torch.networks import PlacedNetwork
from core.inference.engines.pytorch import TorchEngine
from core.model.merging.schedule import NO_MERGING, MergeSchedule
from fakes import telling_checkpoint, tiny_checkpoint, tiny_tagger

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
    facts = make_graph(GraphPlan(checkpoint, merge, shape), tmp_path)
    assert facts.failure == ""
    assert facts.differences["fp32"] < 1e-3
    exact, graph = TorchEngine(PlacedNetwork(checkpoint.build(), "cpu"), merge), CompiledGraph(tmp_path / GRAPH, "fp32")
    windows = compared_windows(checkpoint.config.log_mel, shape.n_frames)
    for window in windows:
        np.testing.assert_allclose(graph.run(window), exact.run(reading, window), atol=1e-3)
    for logits, window in zip(graph.run_many(windows), windows, strict=True):
        np.testing.assert_allclose(logits, exact.run(reading, window), atol=1e-3)


@pytest.mark.slow
def test_linear_layers_compute_in_eight_bits_and_the_heads_do_not(tmp_path: Path) -> None:
    pytest.importorskip("nncf")
    checkpoint, shape = telling_checkpoint(), Shape("columns", 96)
    facts = make_graph(GraphPlan(checkpoint, NO_MERGING, shape, "int8"), tmp_path)
    assert facts.failure == ""
    assert set(facts.differences) == {"int8"}
    graph = openvino_package().Core().read_model(tmp_path / GRAPH)
    products = [op for op in graph.get_ops() if op.get_type_name() == "MatMul"]
    kept = {"head" in op.get_friendly_name(): weights_type(op) for op in products}
    assert kept == {True: "f32", False: "i8"}


def weights_type(product: Any) -> str:
    """Of the constant that a matrix product's second input is computed from."""
    node = product.input_value(1).get_node()
    while node.get_type_name() != "Constant":
        node = node.input_value(0).get_node()
    return node.get_element_type().get_type_name()


def test_without_nncf_a_graph_in_eight_bits_is_refused_with_a_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "nncf", None)
    with pytest.raises(UserError) as refused:
        graph_of(tiny_tagger(), Shape("clip", 96), "int8")
    assert "nncf" in refused.value.problem
    assert "int8" in refused.value.remedy


def test_a_graph_is_made_once_and_anew_with_recordings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    made: list[GraphPlan] = []

    def make(plan: GraphPlan, _folder: Path) -> GraphFacts:
        made.append(plan)
        return GraphFacts("int8")

    monkeypatch.setattr(conversion, "make_graph", make)
    monkeypatch.setattr("core.inference.engines.graph_files.graphs_folder", lambda: tmp_path)
    tagger, shape, sound = tiny_tagger(), Shape("clip", 96), Path("dog.wav")
    for recordings in (None, None, [sound], None):
        graph_of(tagger, shape, "int8", recordings)
    assert [list(plan.recordings) for plan in made] == [[], [sound]]


def test_what_cannot_be_converted_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_arguments: object) -> object:
        raise RuntimeError("no such operation")

    monkeypatch.setattr(conversion, "_converted", refuse)
    facts = make_graph(GraphPlan(tiny_checkpoint(), NO_MERGING, Shape("clip", 96)), tmp_path)
    assert "no such operation" in facts.failure
    assert facts.precision == ""


def test_nothing_that_reports_over_the_network_is_loaded() -> None:
    lines = (
        "from core.inference.engines.compiled_graph import openvino_package",
        "openvino_package()",
        "from openvino.tools.ovc import telemetry_utils",
        "print(telemetry_utils.tm.__name__)",
    )
    command = [sys.executable, "-c", "\n".join(lines)]
    assert "stub" in subprocess.run(command, capture_output=True, text=True, check=True).stdout
