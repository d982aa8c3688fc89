"""A graph that OpenVINO has compiled for this computer's processor."""

from __future__ import annotations

import os
import queue
import sys
import threading
import time
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from core.inference.engines.models import Precision
from core.inference.engines.threads import LIMIT, TURNS, Turns, usable_cores

_HINTS: dict[Precision, str] = {"fp32": "f32", "bf16": "bf16", "int8": "f32"}
"""What OpenVINO computes the floating-point parts in."""


class CompiledGraph:
    """A graph of one input, ready to run. Any number of threads may share one.

    precision: "int8" for a graph of that kind, else what a floating-point graph is to run in. cache_folder: where
    OpenVINO keeps what it has compiled. for_many: whether it is compiled for `run_many` at once, rather than for `run`;
    the first use of the other one compiles it once more.
    """

    def __init__(
        self, graph: Path, precision: Precision, cache_folder: Path | None = None, *, for_many: bool = False
    ) -> None:
        self._graph, self._cache_folder = graph, cache_folder
        self.precision: Precision = precision
        self._for_one: _Requests | None = None
        self._for_many: _Requests | None = None
        self._lock, self._many_lock = threading.Lock(), threading.Lock()
        self._compiled_for(many=for_many)

    def run(self, log_mel: NDArray[np.float32]) -> NDArray[np.float32]:
        """Logits of `(1, frames, mels)`, of the number of frames that the graph was made for, on all cores."""
        return self._compiled_for(many=False).run(log_mel)

    def run_many(self, log_mels: Sequence[NDArray[np.float32]]) -> list[NDArray[np.float32]]:
        """What `run` answers to each input, several at once with fewer cores each: none waits for another's cores. Each
        waits for its turn beside the live view."""
        if len(log_mels) == 1 and self._for_one is not None:
            return [self._for_one.run_later(log_mels[0])]
        with self._many_lock:
            return self._compiled_for(many=True).run_all(log_mels)

    def _compiled_for(self, *, many: bool) -> _Requests:
        with self._lock:
            if many:
                self._for_many = self._for_many or self._compile("THROUGHPUT")
                return self._for_many
            self._for_one = self._for_one or self._compile("LATENCY")
            return self._for_one

    def _compile(self, hint: str) -> _Requests:
        settings: dict[str, Any] = {
            "PERFORMANCE_HINT": hint,
            "INFERENCE_PRECISION_HINT": _HINTS[self.precision],
            # A program with a window and other programs share these cores: its threads stay free to move.
            "ENABLE_CPU_PINNING": False,
        }
        if LIMIT in os.environ:
            settings["INFERENCE_NUM_THREADS"] = usable_cores()
        if self._cache_folder is not None:
            settings["CACHE_DIR"] = str(self._cache_folder)
        return _Requests(openvino_core().compile_model(self._graph, "CPU", settings))


class _Requests:
    """A compiled model, and what its inputs and answers lie in."""

    def __init__(self, compiled: Any, turns: Turns = TURNS) -> None:
        self._compiled, self._turns = compiled, turns
        self._takes_s = 0.0
        """What an input takes, when all streams are busy."""
        self._idle: queue.LifoQueue[Any] = queue.LifoQueue()

    def run(self, log_mel: NDArray[np.float32]) -> NDArray[np.float32]:
        request = self._take()
        try:
            return np.array(request.infer([np.ascontiguousarray(log_mel)])[0], np.float32)
        finally:
            self._idle.put(request)

    def run_later(self, log_mel: NDArray[np.float32]) -> NDArray[np.float32]:
        """When it is its turn."""
        self._turns.wait(self._takes_s)
        began_s = time.monotonic()
        answer = self.run(log_mel)
        self._takes_s = time.monotonic() - began_s
        return answer

    def run_all(self, log_mels: Sequence[NDArray[np.float32]]) -> list[NDArray[np.float32]]:
        """As many at once as the compiled model has streams, each when it is its turn; for one thread at a time."""
        n_streams = int(self._compiled.get_property("OPTIMAL_NUMBER_OF_INFER_REQUESTS"))
        requests = [self._take() for _ in range(min(n_streams, len(log_mels)))]
        answers: list[NDArray[np.float32]] = []
        try:
            for place, log_mel in enumerate(log_mels):
                request = requests[place % len(requests)]
                if place >= len(requests):
                    answers.append(_answer_of(request))
                    self._takes_s = request.latency / 1000
                self._turns.wait(self._takes_s)
                request.start_async([np.ascontiguousarray(log_mel)])
            rest = range(len(answers), len(log_mels))
            return [*answers, *(_answer_of(requests[place % len(requests)]) for place in rest)]
        finally:
            for request in requests:
                request.wait()
                self._idle.put(request)

    def _take(self) -> Any:
        try:
            return self._idle.get_nowait()
        except queue.Empty:
            return self._compiled.create_infer_request()


def _answer_of(request: Any) -> NDArray[np.float32]:
    request.wait()
    return np.array(request.get_output_tensor(0).data, np.float32)


@cache
def openvino_core() -> Any:
    """OpenVINO's entry point, one in a process."""
    return openvino_package().Core()


def openvino_package() -> Any:
    """The package `openvino`, kept from what it would report with: its converter, and nncf, send figures of their use
    over the network where they find that."""
    cast("dict[str, Any]", sys.modules).setdefault("openvino_telemetry", None)
    import openvino

    return openvino
