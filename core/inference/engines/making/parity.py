"""Finds out in which precision a graph can be trusted, and which is the fastest.

What a graph answers to loud and to very quiet sound is compared with PyTorch in fp32.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from core.audio.demo.scene import demo_scene
from core.audio.log_mel import LogMel, LogMelConfig
from core.inference.engines.compiled_graph import CompiledGraph, openvino_core
from core.inference.engines.graph_files import GRAPH, WEIGHTS, GraphFacts, GraphKind
from core.inference.engines.making.agreement import Unmerged, probabilities_of
from core.inference.engines.models import Agreement, Engine, Precision, Shape
from core.inference.engines.on_torch.networks import PlacedNetwork
from core.inference.engines.pytorch import TorchEngine
from core.model.checkpoints.checkpoint import Checkpoint
from core.model.merging.schedule import MergeSchedule
from core.model.networks.folded_norms import fold_batch_norms

_log = logging.getLogger(__name__)
MOST_DIFFERENCE = 0.02
"""A precision whose probabilities are further than this from PyTorch's in fp32 is not used."""
_QUIET = 10 ** (-60 / 20)
"""Graphics chips have been right on loud sound and wrong on quiet sound in low precision."""
_CANDIDATES: dict[GraphKind, dict[Precision, str]] = {
    "float": {"fp32": "FP32", "bf16": "BF16"},
    "int8": {"int8": "INT8"},
}
"""Precisions of a graph, and what OpenVINO calls the processor's ability to compute in them."""
_MOST_TIMED, _FEWEST_TIMED, _TIMED_S = 15, 3, 2.0
"""Runs that are timed: fewer where they would take longer than that."""


def examine(checkpoint: Checkpoint, merge: MergeSchedule, shape: Shape, kind: GraphKind, folder: Path) -> GraphFacts:
    """Compare the graph in a folder with PyTorch, and time both."""
    network = checkpoint.build()
    fold_batch_norms(network)
    windows = compared_windows(checkpoint.config.log_mel, shape.n_frames)
    exact = TorchEngine(PlacedNetwork(network, "cpu"), merge)
    wanted = _probabilities(checkpoint, shape, exact, windows)
    unmerged = Unmerged(checkpoint, shape, network)
    agreements: dict[str, Agreement] = {"torch": unmerged.agreement(lambda window: exact.run(shape.reading, window))}
    able = openvino_core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")
    differences = dict[str, float]()
    milliseconds: dict[Precision | Literal["torch"], float] = {
        "torch": _median_ms(lambda: exact.run(shape.reading, windows[0]))
    }
    for precision, ability in _CANDIDATES[kind].items():
        if ability not in able:
            continue
        graph = CompiledGraph(folder / GRAPH, precision)
        found = [probabilities_of(checkpoint.config, shape.reading, graph.run(window)) for window in windows]
        differences[precision] = largest_difference(found, wanted)
        if differences[precision] <= MOST_DIFFERENCE:
            milliseconds[precision] = _median_ms(lambda graph=graph: graph.run(windows[0]))
            agreements[precision] = unmerged.agreement(graph.run)
        else:
            words = "%s in %s is off by %.3f on loud or quiet sound, and is not used"
            _log.warning(words, checkpoint.config.name, precision, differences[precision])
    fastest = min(milliseconds, key=lambda name: milliseconds[name])
    return GraphFacts(
        precision="" if fastest == "torch" else fastest,
        differences=differences,
        milliseconds={name: round(value, 2) for name, value in milliseconds.items()},
        shares={name: found.share for name, found in agreements.items()},
        mean_differences={name: found.difference for name, found in agreements.items()},
        sizes={name: (folder / name).stat().st_size for name in (GRAPH, WEIGHTS)},
    )


def compared_windows(log_mel: LogMelConfig, n_frames: int) -> list[NDArray[np.float32]]:
    """Normalised windows `(1, frames, mels)` of the demo scene: loud ones, and the same ones very quiet."""
    scene = demo_scene()
    spectrograms = [log_mel.normalise(LogMel(log_mel)(scene * np.float32(gain))) for gain in (1.0, _QUIET)]
    starts = np.linspace(0, len(spectrograms[0]) - n_frames, 3).astype(int).tolist()
    return [frames[None, start : start + n_frames] for frames in spectrograms for start in starts]


def _probabilities(
    checkpoint: Checkpoint, shape: Shape, engine: Engine, windows: list[NDArray[np.float32]]
) -> list[NDArray[np.float32]]:
    return [probabilities_of(checkpoint.config, shape.reading, engine.run(shape.reading, window)) for window in windows]


def largest_difference(found: list[NDArray[np.float32]], wanted: list[NDArray[np.float32]]) -> float:
    """Of any probability; infinite where an answer is not a number."""
    largest = max(float(np.abs(a - b).max()) for a, b in zip(found, wanted, strict=True))
    return largest if np.isfinite(largest) else float("inf")


def _median_ms(run: Callable[[], object]) -> float:
    times_ms: list[float] = []
    run()  # the first one allocates memory
    deadline = time.perf_counter() + _TIMED_S
    while len(times_ms) < _FEWEST_TIMED or (len(times_ms) < _MOST_TIMED and time.perf_counter() < deadline):
        began = time.perf_counter()
        run()
        times_ms.append((time.perf_counter() - began) * 1000)
    return float(np.median(times_ms))
