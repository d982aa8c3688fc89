"""A graph that OpenVINO has compiled for this computer's processor."""

from __future__ import annotations

import queue
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.inference.engines.models import Precision

_HINTS: dict[Precision, str] = {"fp32": "f32", "bf16": "bf16", "int8": "f32"}
"""What OpenVINO computes the floating-point parts in."""


class CompiledGraph:
    """A graph of one input, ready to run. Any number of threads may share one.

    precision: "int8" for a graph of that kind, else what a floating-point graph is to run in. cache_folder: where
    OpenVINO keeps what it has compiled.
    """

    def __init__(self, graph: Path, precision: Precision, cache_folder: Path | None = None) -> None:
        settings: dict[str, Any] = {
            "PERFORMANCE_HINT": "LATENCY",
            "INFERENCE_PRECISION_HINT": _HINTS[precision],
            # A program with a window and other programs share these cores: its threads stay free to move.
            "ENABLE_CPU_PINNING": False,
        }
        if cache_folder is not None:
            settings["CACHE_DIR"] = str(cache_folder)
        self._compiled: Any = openvino_core().compile_model(graph, "CPU", settings)
        self._requests: queue.LifoQueue[Any] = queue.LifoQueue()
        self.precision = precision

    def run(self, log_mel: NDArray[np.float32]) -> NDArray[np.float32]:
        """Logits of `(1, frames, mels)`, of the number of frames that the graph was made for."""
        try:
            request = self._requests.get_nowait()
        except queue.Empty:
            request = self._compiled.create_infer_request()
        try:
            return np.array(request.infer([np.ascontiguousarray(log_mel)])[0], np.float32)
        finally:
            self._requests.put(request)


@cache
def openvino_core() -> Any:
    """OpenVINO's entry point, one in a process."""
    import openvino

    return openvino.Core()
