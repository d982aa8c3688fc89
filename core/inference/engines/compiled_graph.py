"""A graph that OpenVINO has compiled for this computer's processor."""

from __future__ import annotations

import queue
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray


class CompiledGraph:
    """A graph of one input, ready to run. Any number of threads may share one.

    precision: "f32" or "bf16". cache_folder: where OpenVINO keeps what it has compiled.
    """

    def __init__(self, graph: Path, precision: str, cache_folder: Path | None = None) -> None:
        settings: dict[str, Any] = {
            "PERFORMANCE_HINT": "LATENCY",
            "INFERENCE_PRECISION_HINT": precision,
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
