"""Measures the full-size AST against transformers' ASTForAudioClassification: same weights, same windows, one run.

    python benchmarks/full_size.py [--variant ast-base] [--rounds 9] [--trained starter] [--sound FILE …] [--json]

Every way to run the model gets one window in each round, so that changes in the speed of the machine affect all of
them. Prints for each the median time by the clock, the processor time, how many times as fast as transformers it is in
both, and how far its logits are from transformers'. The weights are random, which changes no time. How well quantised
and merged answers agree is therefore measured on a trained model (--trained), with the same share of its tokens merged,
on recordings of a window's length or more (--sound) or on the demo scene.

Graphs are made once, in the program's cache, and take minutes at full size. Set OMP_NUM_THREADS and --threads to
compare on fewer cores.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(REPOSITORY))

import numpy as np  # noqa: E402
import torch  # noqa: E402
from numpy.typing import NDArray  # noqa: E402

from core.audio.log_mel import LogMelConfig  # noqa: E402
from core.errors import UserError  # noqa: E402
from core.inference.engines.compiled_graph import CompiledGraph, openvino_core  # noqa: E402
from core.inference.engines.graph_files import GRAPH, GraphKind, graphs_folder  # noqa: E402
from core.inference.engines.making.conversion import graph_of  # noqa: E402
from core.inference.engines.measuring import (  # noqa: E402
    EARLY_SHARES,
    demo_windows,
    measure,
    merge_early,
    recorded_windows,
    reference_of,
    settings_of,
)
from core.inference.engines.models import Precision, Setting, Shape  # noqa: E402
from core.inference.tagger import Tagger, load_tagger  # noqa: E402
from core.labels import LabelSet  # noqa: E402
from core.model.architecture import TransformerConfig  # noqa: E402
from core.model.checkpoints.checkpoint import Checkpoint, CheckpointConfig  # noqa: E402
from core.model.checkpoints.hugging_face_export import export_hugging_face  # noqa: E402
from core.model.merging.schedule import NO_MERGING, MergeSchedule  # noqa: E402
from core.model.networks.build import build_network  # noqa: E402
from core.model.variants import find_variant  # noqa: E402

SHARES = (0.0, *EARLY_SHARES)
"""Of the patches that are merged, in the first two layers."""
_WARM_UP = 2
Run = Callable[[NDArray[np.float32]], NDArray[np.float32]]
"""From a normalised window `(1, frames, mels)` to logits `(1, labels)`."""


@dataclass(frozen=True, slots=True)
class Row:
    """What one way to run the model is worth."""

    way: str
    p50_ms: float
    """Median time of a window by the clock."""
    cpu_ms: float
    """Median processor time of a window, all threads together."""
    faster: float
    """How many times as fast as transformers, by the clock."""
    faster_cpu: float
    """The same in processor time."""
    logits_off: float
    """Largest difference of a logit from transformers'."""
    agreement: float | None = None
    """On the trained model: share of windows with the top label of fp32 without merging."""
    difference: float | None = None
    """On the trained model: mean absolute difference of probabilities."""


def main(argv: list[str]) -> int:
    """Measure and print the table, or JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--variant", default="ast-base", help="one that transformers' AST can represent")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--threads", type=int, default=0, help="of PyTorch (default: all cores)")
    parser.add_argument("--trained", default="starter", help="the model that agreement is measured on")
    parser.add_argument("--sound", type=Path, nargs="+", default=[], help="recordings for that")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(argv)
    if options.threads:
        torch.set_num_threads(options.threads)
    checkpoint = random_checkpoint(options.variant)
    rows = compare(checkpoint, options.rounds)
    agreed = agreements(load_tagger(options.trained), options.sound)
    rows = [replaced(row, agreed.get(row.way)) for row in rows]
    print(json.dumps([asdict(row) for row in rows]) if options.json else table(rows))
    return 0


def random_checkpoint(variant: str) -> Checkpoint:
    """A model of a variant's size, always the same."""
    model = find_variant(variant).model
    torch.manual_seed(0)
    config = CheckpointConfig(
        name=f"{variant} (random weights)",
        variant=variant,
        model=model,
        log_mel=LogMelConfig(),
        labels=LabelSet.from_ids([f"label_{i}" for i in range(model.n_labels)]),
        thresholds=(0.5,) * model.n_labels,
    )
    return Checkpoint(config, build_network(model).state_dict())


def compare(checkpoint: Checkpoint, n_rounds: int) -> list[Row]:
    """Each way's figures, transformers' first."""
    tagger = Tagger(checkpoint, device="cpu")
    shape = Shape("clip", tagger.window_frames)
    frames = demo_windows(tagger, shape, n_rounds)
    windows = [np.ascontiguousarray(checkpoint.config.log_mel.normalise(one)[None], np.float32) for one in frames]
    ways: dict[str, Run] = {"transformers fp32": transformers_ast(checkpoint), **our_ways(tagger, shape)}
    wall_ms, cpu_ms = take_turns(ways, windows)
    exact = ways["transformers fp32"](windows[0])
    base, base_cpu = wall_ms["transformers fp32"], cpu_ms["transformers fp32"]
    return [
        Row(
            way=name,
            p50_ms=round(wall_ms[name], 2),
            cpu_ms=round(cpu_ms[name], 2),
            faster=round(base / wall_ms[name], 2),
            faster_cpu=round(base_cpu / cpu_ms[name], 2),
            logits_off=float(np.abs(run(windows[0]) - exact).max()),
        )
        for name, run in ways.items()
    ]


def take_turns(
    ways: dict[str, Run], windows: Sequence[NDArray[np.float32]]
) -> tuple[dict[str, float], dict[str, float]]:
    """Median milliseconds a window of each way, by the clock and of the processor."""
    for run in ways.values():
        for _ in range(_WARM_UP):
            run(windows[0])
    wall: dict[str, list[float]] = {name: [] for name in ways}
    cpu: dict[str, list[float]] = {name: [] for name in ways}
    for window in windows:
        for name, run in ways.items():
            began, began_cpu = time.perf_counter(), time.process_time()
            run(window)
            wall[name].append((time.perf_counter() - began) * 1000)
            cpu[name].append((time.process_time() - began_cpu) * 1000)
    return {name: float(np.median(of)) for name, of in wall.items()}, {
        name: float(np.median(of)) for name, of in cpu.items()
    }


def transformers_ast(checkpoint: Checkpoint) -> Run:
    """transformers' model with a checkpoint's weights, as it is installed."""
    from transformers import ASTForAudioClassification

    with tempfile.TemporaryDirectory() as folder:
        export_hugging_face(checkpoint, Path(folder))
        model: Any = ASTForAudioClassification.from_pretrained(folder).eval()

    def run(window: NDArray[np.float32]) -> NDArray[np.float32]:
        with torch.inference_mode():
            return model(torch.from_numpy(window)).logits.numpy()

    return run


def our_ways(tagger: Tagger, shape: Shape) -> dict[str, Run]:
    """PyTorch's and OpenVINO's in each precision that this machine has, and in the coarsest with merging."""
    exact = tagger.with_setting(Setting("torch", "fp32", tagger.merge)).runs_on
    ways: dict[str, Run] = {"torch fp32": partial(exact.run, "clip")}
    for precision, share in wanted(tagger):
        merge = merge_of(tagger, share)
        kind: GraphKind = "int8" if precision == "int8" else "float"
        merged = tagger.with_setting(Setting("openvino", precision, merge))
        facts = graph_of(merged, shape, kind)
        if facts.failure:
            raise UserError(f"{tagger.name} could not be converted: {facts.failure}", "Choose another --variant.")
        path = graphs_folder() / replace(merged.graph_key(shape), kind=kind).name / GRAPH
        ways[way_of(precision, share)] = CompiledGraph(path, precision).run
    return ways


def wanted(tagger: Tagger) -> list[tuple[Precision, float]]:
    """Precisions and shares of merged patches: the coarsest precision with all shares, the others without merging."""
    found = {one.precision for one in settings_of(tagger) if one.engine == "openvino"}
    finest_first: tuple[Precision, ...] = ("fp32", "bf16", "int8")
    precisions: list[Precision] = [precision for precision in finest_first if precision in found]
    return [(one, share) for one in precisions for share in (SHARES if one == precisions[-1] else SHARES[:1])]


def agreements(tagger: Tagger, recordings: Sequence[Path]) -> dict[str, tuple[float, float]]:
    """For each way, on a trained model, the share of equal top labels and the mean difference of probabilities."""
    shape = Shape("clip", tagger.window_frames)
    windows = recorded_windows(tagger, shape, recordings) if recordings else demo_windows(tagger, shape)
    reference = reference_of(tagger, shape, windows)
    found: dict[str, tuple[float, float]] = {}
    for precision, share in wanted(tagger):
        setting = Setting("openvino", precision, merge_of(tagger, share))
        try:
            measured = measure(tagger, setting, shape, reference, seconds=0.0)
        except UserError as error:
            print(f"{tagger.name}, {setting.describe()}: {error.problem}", file=sys.stderr)
            continue
        found[way_of(precision, share)] = measured.agreement, measured.difference
    return found


def merge_of(tagger: Tagger, share: float) -> MergeSchedule:
    """The schedule that merges a share of a full window's patches early."""
    model = tagger.checkpoint.config.model
    if not share or not isinstance(model, TransformerConfig):
        return NO_MERGING
    return merge_early(share, model.n_patches(model.max_frames))


def way_of(precision: Precision, share: float) -> str:
    """A way's name in the table."""
    return f"OpenVINO {precision}" + (f", {share:.0%} merged" if share else "")


def replaced(row: Row, agreed: tuple[float, float] | None) -> Row:
    """The row with its agreement, where there is one."""
    values = asdict(row)
    return row if agreed is None else Row(**{**values, "agreement": agreed[0], "difference": agreed[1]})


def table(rows: Sequence[Row]) -> str:
    """The rows, and what they were measured with."""
    head = f"{'':28}{'ms':>9}{'×':>7}{'CPU ms':>9}{'×':>7}{'logits off':>12}{'agrees':>9}{'off by':>9}"
    lines = [
        f"OpenVINO {openvino_core().get_versions('CPU')['CPU'].build_number}, {torch.get_num_threads()} threads",
        head,
    ]
    for row in rows:
        agreed = "" if row.agreement is None else f"{row.agreement:>9.1%}{row.difference:>9.4f}"
        figures = f"{row.p50_ms:>9.1f}{row.faster:>7.2f}{row.cpu_ms:>9.1f}{row.faster_cpu:>7.2f}{row.logits_off:>12.2g}"
        lines.append(f"{row.way:28}{figures}{agreed}")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
