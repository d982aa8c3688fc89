"""`soundmark bench` measures how fast this machine tags."""

from __future__ import annotations

import argparse
import json
import platform
import sys
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from core.cli.argument_types import positive_number
from core.cli.model_options import ModelOptions, add_model_options
from core.errors import UsageError
from core.terminal_text import shown

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from core.inference.engines.models import EngineName
    from core.inference.tagger import Tagger

_MOST_TRIES = 1000
"""So many windows are tagged while a graph is loaded, which takes a second."""


@dataclass(frozen=True, slots=True)
class BenchOptions:
    """What `bench` was asked to do: seconds of measuring for each setting."""

    model: ModelOptions
    seconds: float = 5.0
    as_json: bool = False
    hop_s: float = 0.5


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of `bench`."""
    seconds = "seconds for each setting (default: 5)"
    parser.add_argument("--seconds", type=positive_number, default=5.0, metavar="N", help=seconds)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    add_model_options(parser)


def run(namespace: argparse.Namespace) -> int:
    """Run `bench` with the options of `add_options`."""
    model = ModelOptions.of(namespace, namespace.model)
    return run_bench(BenchOptions(model, seconds=namespace.seconds, as_json=namespace.json))


def run_bench(options: BenchOptions) -> int:
    """Measure full windows of the demo scene, with and without token merging. Raises UserError."""
    import torch

    from core.audio.demo.scene import demo_scene
    from core.audio.log_mel import LogMel
    from core.inference.engines.threads import leave_a_core

    if not options.seconds > 0:
        raise UsageError(f"Nothing can be measured in {options.seconds:g} seconds.", "Use --seconds 5 or so.")
    sound = demo_scene()
    began = time.perf_counter()
    frames = LogMel()(sound)
    log_mel_ms = (time.perf_counter() - began) * 1000 * 16_000 / len(sound)
    leave_a_core()  # as listening does, so that the real-time factor is what listening gets
    merges = ["off"]
    if not _tagger(options.model, options.model.merge).merge.removes_nothing():
        merges.append(options.model.merge)
    rows = [_measure(options, engine, merge, frames) for merge in merges for engine in _engines(options.model)]
    report = {
        "machine": platform.processor() or platform.machine(),
        "threads": torch.get_num_threads(),
        "torch": torch.__version__,
        "log_mel_ms_per_second": round(log_mel_ms, 2),
        "hop_s": options.hop_s,
        "settings": rows,
    }
    if options.as_json:
        print(json.dumps(report, ensure_ascii=False))
        return 0
    print(f"{report['machine']}, {report['threads']} threads, torch {report['torch']}")
    print(f"log-mel: {log_mel_ms:.1f} ms per second of sound")
    for row in rows:
        tokens = f"{row['tokens_in']} → {row['tokens_out']} tokens, " if row["tokens_in"] else ""
        words = (
            f"{row['model']} on {row['device']}, {row['engine']} {row['precision']}, merge {row['merge']}: "
            f"{tokens}window {row['window_ms_median']:.1f} ms "
            f"(p95 {row['window_ms_p95']:.1f}, n = {row['windows']}), {row['real_time_factor']:.1f}× real time "
            f"at one window every {options.hop_s:g} s"
        )
        print(shown(words))
    return 0


def _engines(model: ModelOptions) -> list[EngineName]:
    """What `--engine` leaves: on a CPU PyTorch, and graphs where the package is there."""
    from core.inference.engines.graph_engine import GraphEngine

    if model.engine != "auto":
        return [model.engine]
    return ["torch", "openvino"] if isinstance(_tagger(model, "off").runs_on, GraphEngine) else ["torch"]


def _measure(options: BenchOptions, engine: EngineName, merge: str, frames: NDArray[np.float32]) -> dict[str, object]:
    import numpy as np

    tagger = _tagger(replace(options.model, engine=engine), merge)
    window = tagger.window_frames
    if engine == "openvino":
        _get_graph(tagger, frames[:window])
    for _ in range(3):  # the first calls choose kernels and allocate memory
        tagger.tag(frames[:window])
    times_ms: list[float] = []
    scores = tagger.tag(frames[:window])
    deadline = time.perf_counter() + options.seconds
    while time.perf_counter() < deadline or not times_ms:
        start = (len(times_ms) * 50) % (len(frames) - window)
        scores = tagger.tag(frames[start : start + window], start)
        times_ms.append(scores.compute_ms)
    median = float(np.median(times_ms))
    return {
        "model": tagger.name,
        "device": str(tagger.device),
        "engine": tagger.engine.split()[0],
        "precision": tagger.engine.split()[-1],
        "merge": tagger.merge.describe(),
        "tokens_in": scores.tokens_in,
        "tokens_out": scores.tokens_out,
        "windows": len(times_ms),
        "window_ms_median": round(median, 2),
        "window_ms_p95": round(float(np.percentile(times_ms, 95)), 2),
        "real_time_factor": round(options.hop_s * 1000 / median, 2),
    }


def _get_graph(tagger: Tagger, window: NDArray[np.float32]) -> None:
    """Make the graph of a full window, unless it is there, and wait until the tagger uses it; one that is slower than
    PyTorch or disagrees is not used."""
    from core.inference.engines.making.conversion import graph_of
    from core.inference.engines.models import Shape

    print("Making the graph of a full window, unless it is there…", file=sys.stderr, flush=True)
    facts = graph_of(tagger, Shape("clip", tagger.window_frames))
    before, n_tries = tagger.engine, 0
    while facts.precision and tagger.engine == before and n_tries < _MOST_TRIES:
        tagger.tag(window)
        n_tries += 1


def _tagger(model: ModelOptions, merge: str) -> Tagger:
    """Load the model; an architecture without weights gets random ones, which run just as fast."""
    from core.audio.log_mel import LogMelConfig
    from core.labels import LabelSet
    from core.model.checkpoints.checkpoint import Checkpoint, CheckpointConfig
    from core.model.networks.build import build_network
    from core.model.variants import MODEL_VARIANTS

    model = replace(model, merge=merge)
    variant = MODEL_VARIANTS.get(model.model or "starter")
    if variant is None or variant.weights is not None:
        return model.load_tagger()
    print(f"{variant.name} has no weights here: timing random ones.", file=sys.stderr)
    n_labels = variant.model.n_labels
    config = CheckpointConfig(
        name=f"{variant.title} (random weights)",
        variant=variant.name,
        model=variant.model,
        log_mel=LogMelConfig(),
        labels=LabelSet.from_ids([f"label_{i}" for i in range(n_labels)]),
        thresholds=(0.5,) * n_labels,
    )
    return model.tagger(model.adapt(Checkpoint(config, build_network(variant.model).state_dict())))
