"""Runs inputs that come again and again as graphs, and all others in PyTorch.

A graph is looked for when an input of its size has come a second time, and made, in a process of its own that leaves
the processor to others, when it has come often. Until it is there PyTorch answers; where PyTorch is not loaded yet, a
graph that is there is loaded at once instead.
"""

from __future__ import annotations

import logging
import subprocess
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from core.inference.engines.compiled_graph import CompiledGraph
from core.inference.engines.graph_files import GRAPH, GraphFacts, GraphKey, graphs_folder, read_facts
from core.inference.engines.models import Engine, Precision, Reading, Shape, places_by_length
from core.inference.engines.notices import NOTICES
from core.inference.engines.on_torch.late_torch import LateTorch
from core.inference.engines.threads import usable_cores

_log = logging.getLogger(__name__)
LOOKED_FOR_FROM, MADE_FROM = 2, 20
"""So many inputs of a size must have come before a graph is looked for, and before one is made."""
_MOST_GRAPHS = 4
"""Each holds the weights."""
AT_ONCE_PER_CORE = 2
"""Inputs that go through together: each core has one, and another one waits for it."""

Make = Callable[[Shape], Sequence[str]]
"""The command that makes the graph of a shape."""
Preparation = Literal["coming", "ready", "none"]
"""What has become of a graph that was asked for; "none": there will be none to use."""


@dataclass(slots=True)
class _Progress:
    """What has become of a shape."""

    n_inputs: int = 0
    for_many: bool = False
    """Whether the newest input came with others."""
    graph: CompiledGraph | None = None
    is_loading: bool = False
    is_settled: bool = False
    """There is nothing more to try."""
    making: subprocess.Popen[bytes] | None = None


class GraphEngine:
    """An engine that prefers graphs.

    exact: answers where there is no graph. key: of the model and its schedule, with any shape. make: None to use only
    graphs that are there already. precision: the one to run graphs in where it agrees; None for the fastest, and for
    PyTorch where that is faster still.
    """

    def __init__(
        self, exact: Engine, key: GraphKey, make: Make | None = None, precision: Precision | None = None
    ) -> None:
        self._exact, self._make = exact, make
        self._precision: Precision | None = precision
        self._key = replace(key, kind="int8" if precision == "int8" else "float")
        self._progress: dict[Shape, _Progress] = {}
        self._lock, self._loading = threading.Lock(), threading.Lock()
        self._used: CompiledGraph | None = None
        self._has_told_of_exact = False

    def run(self, reading: Reading, log_mel: NDArray[np.float32]) -> NDArray[np.float32]:
        """See `Engine`."""
        graph = self._graph_for(Shape(reading, log_mel.shape[1])) if len(log_mel) == 1 else None
        [logits] = self._answers(reading, graph, [log_mel], many=False)
        return self._exact.run(reading, log_mel) if logits is None else logits

    def run_many(self, reading: Reading, log_mels: Sequence[NDArray[np.float32]]) -> list[NDArray[np.float32]]:
        """See `Engine`."""
        answers: dict[int, NDArray[np.float32] | None] = {}
        for n_frames, places in places_by_length(log_mels).items():
            shape = Shape(reading, n_frames)
            graph = [self._graph_for(shape, for_many=True) for _ in places][-1]
            found = self._answers(reading, graph, [log_mels[place] for place in places], many=True)
            answers |= zip(places, found, strict=True)
        rest = [place for place in range(len(log_mels)) if answers[place] is None]
        exact = dict(zip(rest, self._exact.run_many(reading, [log_mels[place] for place in rest]), strict=True))
        return [exact[place] if (answer := answers[place]) is None else answer for place in range(len(log_mels))]

    @property
    def at_once(self) -> int:
        """See `Engine`."""
        return max(self._exact.at_once, AT_ONCE_PER_CORE * usable_cores())

    def _answers(
        self, reading: Reading, graph: CompiledGraph | None, log_mels: Sequence[NDArray[np.float32]], *, many: bool
    ) -> Sequence[NDArray[np.float32] | None]:
        """What a graph answers to inputs of its length; None where it gives no number, and for all of them where it
        fails, which is not asked again."""
        if graph is None:
            return [None] * len(log_mels)
        try:
            logits = graph.run_many(log_mels) if many else [graph.run(log_mel) for log_mel in log_mels]
        except Exception:
            _log.exception("a graph failed: PyTorch runs the model")
            with self._lock:
                self._progress[Shape(reading, log_mels[0].shape[1])] = _Progress(is_settled=True)
                self._used = None
            return [None] * len(log_mels)
        self._used = graph
        numbers = [one if np.isfinite(one).all() else None for one in logits]
        if not self._has_told_of_exact and any(one is None for one in numbers):
            self._has_told_of_exact = True
            NOTICES.warning("%s gives no number for some windows: PyTorch computes them in fp32.", self.describe())
        return numbers

    def prepare(self, shape: Shape) -> Preparation:
        """Load the graph of a shape in the background, or make it where there is none; what has become of that. Ask
        again while it is "coming"."""
        with self._lock:
            progress = self._progress.setdefault(shape, _Progress())
            if progress.graph is not None or progress.is_settled:
                return "none" if progress.graph is None else "ready"
            if progress.making is not None:
                self._look_after(shape, progress, progress.making)
            elif not progress.is_loading and progress.n_inputs < LOOKED_FOR_FROM:
                progress.n_inputs = LOOKED_FOR_FROM
                self._load_in_background(shape, progress)
            elif not progress.is_loading:
                progress.n_inputs = MADE_FROM
                self._make_in_background(shape, progress)
        return "coming"

    def describe(self) -> str:
        """The engine of the newest answers."""
        return self._exact.describe() if self._used is None else f"OpenVINO {self._used.precision}"

    def has_graph(self, shape: Shape) -> bool:
        """Whether there is a graph of a shape, and it is to be used. Loads nothing."""
        facts = read_facts(replace(self._key, shape=shape))
        return facts is not None and usable_precision(facts, self._precision) is not None

    def load_graph(self, shape: Shape, *, for_many: bool = False) -> None:
        """Load the graph of a shape now, if there is one; threads that need it meanwhile wait for it."""
        with self._lock:
            progress = self._progress.setdefault(shape, _Progress())
            progress.for_many = for_many
        self._load(shape, progress)

    def _graph_for(self, shape: Shape, *, for_many: bool = False) -> CompiledGraph | None:
        if isinstance(self._exact, LateTorch) and not self._exact.is_loaded:
            self.load_graph(shape, for_many=for_many)  # PyTorch would take longer
        with self._lock:
            progress = self._progress.setdefault(shape, _Progress())
            progress.n_inputs += 1
            progress.for_many = for_many
            if progress.graph is not None or progress.is_settled or progress.is_loading:
                return progress.graph
            if progress.making is not None:
                self._look_after(shape, progress, progress.making)
            elif progress.n_inputs == LOOKED_FOR_FROM:
                self._load_in_background(shape, progress)
            elif progress.n_inputs == MADE_FROM:
                self._make_in_background(shape, progress)
        return None

    def _load_in_background(self, shape: Shape, progress: _Progress) -> None:
        progress.is_loading = True
        threading.Thread(target=self._load, args=(shape, progress), name="graph loading", daemon=True).start()

    def _load(self, shape: Shape, progress: _Progress) -> None:
        with self._loading:
            if progress.graph is None and not progress.is_settled:
                self._load_once(shape, progress)

    def _load_once(self, shape: Shape, progress: _Progress) -> None:
        graph, facts = None, None
        try:
            facts = read_facts(replace(self._key, shape=shape))
            graph = self._compile(shape, facts, progress.for_many)
        except Exception:
            _log.exception("a graph could not be loaded: PyTorch runs the model")
            progress.is_settled = True
        with self._lock:
            progress.graph, progress.is_loading = graph, False
            # A graph that is there and not to be used will not get better.
            progress.is_settled = progress.is_settled or (facts is not None and graph is None)

    def _compile(self, shape: Shape, facts: GraphFacts | None, for_many: bool) -> CompiledGraph | None:
        precision = None if facts is None else usable_precision(facts, self._precision)
        if facts is None or precision is None or self._n_graphs() >= _MOST_GRAPHS:
            return None
        path = graphs_folder() / replace(self._key, shape=shape).name / GRAPH
        graph = CompiledGraph(path, precision, graphs_folder() / "compiled", for_many=for_many)
        _log.info("%d frames run in OpenVINO %s: %s ms", shape.n_frames, precision, facts.milliseconds)
        return graph

    def _n_graphs(self) -> int:
        with self._lock:
            return sum(progress.graph is not None for progress in self._progress.values())

    def _make_in_background(self, shape: Shape, progress: _Progress) -> None:
        if self._make is None:
            progress.is_settled = True
            return
        try:
            progress.making = subprocess.Popen(
                self._command(shape, self._make),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
        except OSError as error:
            _log.warning("no graph can be made: %s", error)
            progress.is_settled = True

    def _command(self, shape: Shape, make: Make) -> list[str]:
        return [*make(shape), *(["--precision", "int8"] if self._key.kind == "int8" else [])]

    def _look_after(self, shape: Shape, progress: _Progress, making: subprocess.Popen[bytes]) -> None:
        status = making.poll()
        if status is None:
            return
        progress.making = None
        if status:
            _log.warning("making a graph ended with status %d", status)
            progress.is_settled = True
        else:
            self._load_in_background(shape, progress)


def usable_precision(facts: GraphFacts, wanted: Precision | None) -> Precision | None:
    """The precision to run a graph in; None where none agrees, or, if none is wanted, where PyTorch is faster."""
    if wanted is None:
        return facts.precision or None
    return wanted if wanted in facts.milliseconds else None
