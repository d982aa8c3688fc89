"""The engine of graphs: PyTorch until a graph is there, and wherever a graph cannot help."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal

import numpy as np
import pytest

from core.inference.engines import graph_engine, graph_files
from core.inference.engines.graph_engine import LOOKED_FOR_FROM, MADE_FROM, GraphEngine
from core.inference.engines.graph_files import GRAPH, GraphFacts, GraphKey, store_graph
from core.inference.engines.models import Precision, Reading, Shape
from rig.waiting import PATIENCE_S, wait_for

SHAPE = Shape("clip", 50)
KEY = GraphKey("model", "off", Shape("clip", 0))
WINDOW = np.zeros((1, 50, 128), np.float32)


class Exact:
    """Answers 1."""

    def run(self, reading: Reading, log_mel: np.ndarray) -> np.ndarray:
        del reading
        return np.ones((len(log_mel), 3), np.float32)

    def run_many(self, reading: Reading, log_mels: Sequence[np.ndarray]) -> list[np.ndarray]:
        return [self.run(reading, log_mel) for log_mel in log_mels]

    @property
    def at_once(self) -> int:
        return 1

    def describe(self) -> str:
        return "exact"


class Graph:
    """Answers 2, or what it is told."""

    answer = 2.0

    def __init__(self, path: Path, precision: str, cache_folder: Path | None, *, for_many: bool) -> None:
        del cache_folder
        assert path.name == GRAPH
        self.precision, self.for_many = precision, for_many

    def run(self, log_mel: np.ndarray) -> np.ndarray:
        return np.full((len(log_mel), 3), Graph.answer, np.float32)

    def run_many(self, log_mels: Sequence[np.ndarray]) -> list[np.ndarray]:
        return [self.run(log_mel) for log_mel in log_mels]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(graph_files, "graphs_folder", lambda: tmp_path)
    monkeypatch.setattr(graph_engine, "graphs_folder", lambda: tmp_path)
    monkeypatch.setattr(graph_engine, "CompiledGraph", Graph)
    monkeypatch.setattr(Graph, "answer", 2.0)
    return tmp_path


def store(folder: Path, precision: Precision | Literal[""] = "fp32", shape: Shape = SHAPE) -> None:
    def make(new: Path) -> GraphFacts:
        (new / GRAPH).write_text("<net/>")
        return GraphFacts(precision, sizes={GRAPH: 6})

    store_graph(GraphKey("model", "off", shape), make, folder)


def test_only_the_precision_that_was_asked_for_is_used(folder: Path) -> None:
    def make(new: Path) -> GraphFacts:
        (new / GRAPH).write_text("<net/>")
        return GraphFacts("", {"bf16": 0.01, "fp32": 0.5}, {"torch": 1.0, "bf16": 2.0}, sizes={GRAPH: 6})

    store_graph(GraphKey("model", "off", SHAPE), make, folder)
    bf16, fp32 = GraphEngine(Exact(), KEY, None, "bf16"), GraphEngine(Exact(), KEY, None, "fp32")
    wait_until(lambda: answer(bf16) == 2.0, "the graph")
    wait_until(lambda: answer(fp32) == 1.0 and fp32._progress[SHAPE].is_settled, "the refusal")
    assert bf16.describe() == "OpenVINO bf16"


def answer(engine: GraphEngine, window: np.ndarray = WINDOW) -> float:
    return float(engine.run("clip", window)[0, 0])


def wait_until(look: Callable[[], bool], what: str) -> None:
    wait_for(look, PATIENCE_S, what)


def test_a_graph_that_is_there_answers_from_about_the_second_window_on(folder: Path) -> None:
    store(folder, "bf16")
    engine = GraphEngine(Exact(), KEY)
    assert answer(engine) == 1.0
    assert engine.describe() == "exact"
    wait_until(lambda: answer(engine) == 2.0, "the graph")
    assert engine.describe() == "OpenVINO bf16"


def test_other_lengths_and_several_windows_at_once_are_pytorch_s(folder: Path) -> None:
    store(folder)
    engine = GraphEngine(Exact(), KEY)
    wait_until(lambda: answer(engine) == 2.0, "the graph")
    assert answer(engine, np.zeros((1, 51, 128), np.float32)) == 1.0
    assert answer(engine, np.zeros((2, 50, 128), np.float32)) == 1.0


def many(engine: GraphEngine, *lengths: int) -> list[float]:
    windows = [np.zeros((1, n_frames, 128), np.float32) for n_frames in lengths]
    return [float(logits[0, 0]) for logits in engine.run_many("clip", windows)]


def test_several_inputs_are_answered_in_their_order_each_by_what_there_is_for_its_length(folder: Path) -> None:
    store(folder)
    engine = GraphEngine(Exact(), KEY)
    wait_until(lambda: many(engine, 50) == [2.0], "the graph")
    graph = engine._progress[SHAPE].graph
    assert isinstance(graph, Graph)
    assert graph.for_many
    assert many(engine, 51, 50, 50, 52, 50) == [1.0, 2.0, 2.0, 1.0, 2.0]
    assert many(engine) == []
    assert engine.at_once > 1


def test_of_several_inputs_those_without_a_number_are_asked_again(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def second_is_none(_graph: Graph, log_mels: Sequence[np.ndarray]) -> list[np.ndarray]:
        return [np.full((1, 3), np.nan if place == 1 else 2.0, np.float32) for place in range(len(log_mels))]

    store(folder)
    engine = GraphEngine(Exact(), KEY)
    wait_until(lambda: many(engine, 50) == [2.0], "the graph")
    monkeypatch.setattr(Graph, "run_many", second_is_none)
    assert many(engine, 50, 50, 50) == [2.0, 1.0, 2.0]


def test_a_window_without_a_number_for_an_answer_is_asked_again_and_told_once(
    folder: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    store(folder)
    engine = GraphEngine(Exact(), KEY)
    wait_until(lambda: answer(engine) == 2.0, "the graph")
    monkeypatch.setattr(Graph, "answer", float("nan"))
    assert [answer(engine), answer(engine)] == [1.0, 1.0]
    [told] = caplog.messages
    assert "OpenVINO fp32" in told


def test_a_graph_that_fails_is_asked_once(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Graph] = []

    def fail(graph: Graph, _log_mel: np.ndarray) -> np.ndarray:
        asked.append(graph)
        raise RuntimeError("out of memory")

    store(folder)
    engine = GraphEngine(Exact(), KEY)
    wait_until(lambda: answer(engine) == 2.0, "the graph")
    monkeypatch.setattr(Graph, "run", fail)
    assert set(many(engine, 50, 50)) == {1.0}
    assert {answer(engine) for _ in range(MADE_FROM + 5)} == {1.0}
    assert len(asked) == 1
    assert engine.describe() == "exact"


def test_a_graph_that_is_slower_than_pytorch_is_left_alone(folder: Path) -> None:
    store(folder, precision="")
    engine = GraphEngine(Exact(), KEY, lambda _shape: pytest.fail("it has been made"))
    assert {answer(engine) for _ in range(MADE_FROM + 5)} == {1.0}


def test_a_graph_is_made_when_a_size_has_come_often(folder: Path) -> None:
    asked: list[Shape] = []

    def make(shape: Shape) -> Sequence[str]:
        asked.append(shape)
        store(folder)
        return (sys.executable, "-c", "")

    engine = GraphEngine(Exact(), KEY, make)
    for _ in range(MADE_FROM - 1):
        assert answer(engine) == 1.0
        if engine._progress[SHAPE].is_loading:
            wait_until(lambda: not engine._progress[SHAPE].is_loading, "the search")
    assert asked == []
    wait_until(lambda: answer(engine) == 2.0, "the graph")
    assert asked == [SHAPE]


@pytest.mark.parametrize("command", [(sys.executable, "-c", "raise SystemExit(1)"), ("/nothing/here",)])
def test_a_graph_that_cannot_be_made_is_tried_once(command: tuple[str, ...]) -> None:
    asked: list[Shape] = []

    def make(shape: Shape) -> Sequence[str]:
        asked.append(shape)
        return command

    engine = GraphEngine(Exact(), KEY, make)

    def is_settled() -> bool:
        assert answer(engine) == 1.0
        return engine._progress[SHAPE].is_settled

    wait_until(is_settled, "the end of the command")
    assert {answer(engine) for _ in range(2 * MADE_FROM)} == {1.0}
    assert asked == [SHAPE]


def test_a_graph_that_cannot_be_loaded_leaves_pytorch(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_arguments: object) -> object:
        raise RuntimeError("damaged")

    store(folder)
    monkeypatch.setattr(graph_engine, "CompiledGraph", refuse)
    engine = GraphEngine(Exact(), KEY)
    for _ in range(LOOKED_FOR_FROM):
        answer(engine)
    wait_until(lambda: engine._progress[SHAPE].is_settled, "the failure")
    assert answer(engine) == 1.0


def prepared(engine: GraphEngine) -> str:
    def look() -> str | None:
        found = engine.prepare(SHAPE)
        return None if found == "coming" else found

    return wait_for(look, PATIENCE_S, "a graph that is there or not")


def test_a_graph_can_be_asked_for_before_an_input_comes(folder: Path) -> None:
    store(folder)
    engine = GraphEngine(Exact(), KEY)
    assert prepared(engine) == "ready"
    assert engine.run("clip", WINDOW)[0, 0] == 2
    assert engine.prepare(Shape("clip", 60)) == "coming"


def test_a_graph_that_is_asked_for_is_made_and_one_that_cannot_be_is_none(folder: Path) -> None:
    assert prepared(GraphEngine(Exact(), KEY)) == "none", "nobody makes it"
    assert prepared(GraphEngine(Exact(), KEY, lambda _shape: [sys.executable, "-c", "exit(1)"])) == "none"

    def make(_shape: Shape) -> list[str]:
        store(folder)
        return [sys.executable, "-c", ""]

    engine = GraphEngine(Exact(), KEY, make)
    assert prepared(engine) == "ready"
    assert engine.run("clip", WINDOW)[0, 0] == 2
