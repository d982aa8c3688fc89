"""NVIDIA's graphics processors: inputs that come again and again are replayed as CUDA graphs.

A pass of a network is hundreds of kernels, and starting them one by one takes longer than small ones run. A CUDA graph
starts all of them at once, for one shape and always in the same memory. Nobody has run this on such a device yet: see
docs/performance.md.
"""

from __future__ import annotations

import logging
import threading
from collections import Counter, OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from core.inference.engines.models import Precision

_log = logging.getLogger(__name__)
CAPTURED_FROM = 3
"""So many inputs of a shape must have come before its pass is captured, which takes as long as many passes."""
MOST_GRAPHS = 8
"""What was used longest ago goes. Each graph holds its input and answer; the memory between them is shared by all."""
_WARM_UPS = 3
"""Passes before one is captured, in which libraries choose kernels and take memory for themselves."""
_SAME = 0.01
"""A graph whose first logits differ from the eager ones by more than this, relatively and absolutely, is not used."""
_ONE_AT_A_TIME = threading.Lock()
"""Graphs of a network share memory, and PyTorch captures for all threads in one stream."""
Forward = Callable[[Tensor], Tensor]


@dataclass(frozen=True, slots=True)
class Captured:
    """A pass that can be replayed, in its own memory."""

    host: Tensor
    """Where the next input is put, `(windows, frames, mels)`, in memory that the device can read by itself."""
    windows: Tensor
    """The input on the device."""
    logits: Tensor
    """The answer on the device, once it has been replayed."""
    replay: Callable[[], None]

    def run(self, log_mel: NDArray[np.float32]) -> NDArray[np.float32]:
        """What the pass answers; one thread at a time."""
        self.host.copy_(torch.as_tensor(log_mel))
        self.windows.copy_(self.host, non_blocking=True)
        self.replay()
        return self.logits.to("cpu", copy=True).numpy()


Capture = Callable[[Forward, tuple[int, ...]], Captured]
"""Captures a pass for inputs of a shape. Raises what PyTorch raises."""


class CudaBackend:
    """Replays passes whose shape comes often, and runs the others eagerly. capture and place, where inputs of eager
    passes go, are for tests."""

    at_once = 32

    def __init__(self, capture: Capture | None = None, place: str = "cuda") -> None:
        self._capture, self._place = capture or _Capturing(), place
        self._graphs: OrderedDict[Hashable, Captured] = OrderedDict()
        self._n_inputs: Counter[Hashable] = Counter()
        self._eager: set[Hashable] = set()

    @property
    def name(self) -> str:
        """See `Backend`."""
        return f"{torch.cuda.get_device_name()}, CUDA {torch.version.cuda}"

    def run(self, key: Hashable, forward: Forward, log_mel: NDArray[np.float32]) -> NDArray[np.float32]:
        """See `Backend`."""
        with _ONE_AT_A_TIME:
            graph = self._graphs.get(key)
            if graph is not None:
                self._graphs.move_to_end(key)
                return graph.run(log_mel)
            logits = forward(torch.as_tensor(log_mel).to(self._place)).cpu().numpy()
            self._n_inputs[key] += 1
            if self._n_inputs[key] >= CAPTURED_FROM and key not in self._eager:
                self._try_to_capture(key, forward, log_mel, logits)
            return logits

    def free(self) -> None:
        """See `Backend`."""
        with _ONE_AT_A_TIME:
            self._graphs.clear()
            self._n_inputs.clear()
        torch.cuda.empty_cache()

    def _try_to_capture(
        self, key: Hashable, forward: Forward, log_mel: NDArray[np.float32], eager: NDArray[np.float32]
    ) -> None:
        try:
            graph = self._capture(forward, log_mel.shape)
            is_same = np.allclose(graph.run(log_mel), eager, rtol=_SAME, atol=_SAME, equal_nan=True)
        except RuntimeError as error:
            self._leave_eager(key, log_mel, str(error))
            return
        if not is_same:
            self._leave_eager(key, log_mel, "its answer is another one")
            return
        self._graphs[key] = graph
        if len(self._graphs) > MOST_GRAPHS:
            oldest, _ = self._graphs.popitem(last=False)
            del self._n_inputs[oldest]

    def _leave_eager(self, key: Hashable, log_mel: NDArray[np.float32], reason: str) -> None:
        self._eager.add(key)
        _log.info("inputs of %s get no CUDA graph, and run more slowly: %s", log_mel.shape, reason)


class _Capturing:
    """Captures passes on the current device. What they compute in between lies in one pool: they never run at the same
    time, and each writes there what it reads."""

    def __init__(self) -> None:
        self._pool: Any = None

    def __call__(self, forward: Forward, shape: tuple[int, ...]) -> Captured:
        if self._pool is None:
            self._pool = torch.cuda.graph_pool_handle()
        host = torch.zeros(shape, pin_memory=True)
        windows = host.to("cuda")
        side = torch.cuda.Stream()
        side.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(side):  # what is chosen here may not be chosen within a capture
            for _ in range(_WARM_UPS):
                forward(windows)
        torch.cuda.current_stream().wait_stream(side)
        graph = torch.cuda.CUDAGraph()
        # "thread_local": what other threads do with the device meanwhile is no error.
        with torch.cuda.graph(graph, pool=self._pool, capture_error_mode="thread_local"):
            logits = forward(windows)
        return Captured(host, windows, logits, graph.replay)


def best_precision() -> Precision:
    """In which numbers this device multiplies matrices fastest: bf16, on older ones fp16, before those fp32."""
    if torch.cuda.is_bf16_supported(including_emulation=False):
        return "bf16"
    return "fp16" if torch.cuda.get_device_capability() >= (7, 0) else "fp32"
