"""Measures the full-size AST on a GPU against transformers' ASTForAudioClassification: same weights, one run.

    python benchmarks/gpu.py [--variant ast-base] [--batch 64] [--rounds 30] [--json]

Prints for one window and for a batch, from spectrograms in the computer's memory to logits there, the median time, the
windows a second, and the share of the fastest matrix product of this device; then how many times as fast it is as
transformers in the same sixteen bits with its SDPA, and how far probabilities are from PyTorch's in fp32. The weights
are random, which changes no time. Every way gets one turn in each round, after its CUDA graph has been captured.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(REPOSITORY))

import numpy as np  # noqa: E402
import torch  # noqa: E402

from benchmarks.full_size import Run, random_checkpoint, take_turns  # noqa: E402
from core.inference.engines.device import DEVICES, choose_device, torch_precision  # noqa: E402
from core.inference.engines.measuring import merge_early  # noqa: E402
from core.inference.engines.models import Precision  # noqa: E402
from core.inference.engines.on_torch.cuda import CAPTURED_FROM  # noqa: E402
from core.inference.engines.on_torch.late_torch import placed_network  # noqa: E402
from core.inference.engines.on_torch.low_precision import DTYPES  # noqa: E402
from core.inference.engines.on_torch.networks import PlacedNetwork  # noqa: E402
from core.inference.engines.pytorch import TorchEngine  # noqa: E402
from core.model.architecture import TransformerConfig  # noqa: E402
from core.model.checkpoints.checkpoint import Checkpoint  # noqa: E402
from core.model.checkpoints.hugging_face_export import export_hugging_face  # noqa: E402
from core.model.format.probabilities import sigmoid  # noqa: E402
from core.model.merging.schedule import NO_MERGING  # noqa: E402
from core.model.networks.cost import model_cost  # noqa: E402

_PRODUCTS = 10


@dataclass(frozen=True, slots=True)
class Way:
    """A way to run the model."""

    name: str
    run: Run
    operations: int
    """Of a window; a multiply-add is two."""


@dataclass(frozen=True, slots=True)
class Row:
    """What one way to run the model is worth."""

    way: str
    batch: int
    p50_ms: float
    """Median time of a batch."""
    windows_per_s: float
    share_of_peak: float
    """Of the fastest matrix product in the same precision."""
    faster: float
    """How many times as fast as transformers with the same batch."""
    off_by: float
    """Largest difference of a probability from PyTorch's in fp32 without merging."""


def main(argv: list[str]) -> int:
    """Measure and print the table, or JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--variant", default="ast-base", help="one that transformers' AST can represent")
    parser.add_argument("--device", choices=("auto", *DEVICES), default="auto")
    parser.add_argument("--precision", choices=("auto", *DTYPES), default="auto")
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--matrix", type=int, default=8192, help="rows of the matrices of the fastest product")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(argv)
    rows = measured(options)
    print(json.dumps([asdict(row) for row in rows]) if options.json else table(rows))
    return 0


def measured(options: argparse.Namespace) -> list[Row]:
    """One window, then a batch, by each way."""
    checkpoint = random_checkpoint(options.variant)
    device = choose_device(options.device)
    precision = torch_precision(options.precision, device)
    network = placed_network(checkpoint, device)
    ways = ways_of(checkpoint, network, precision)
    exact = of_engine(TorchEngine(network, NO_MERGING))
    peak = peak_of(device, DTYPES.get(precision, torch.float32), options.matrix)
    rows: list[Row] = []
    for batch in dict.fromkeys((1, options.batch)):
        size = (batch, checkpoint.config.model.max_frames, checkpoint.config.log_mel.n_mels)
        windows = np.random.default_rng(0).normal(0, 0.5, size).astype(np.float32)
        rows += rows_of(ways, windows, exact(windows), options.rounds, peak)
    return rows


def ways_of(checkpoint: Checkpoint, network: PlacedNetwork, precision: Precision) -> list[Way]:
    """transformers' first, then ours without merging, and with half of the patches merged early."""
    model = checkpoint.config.model
    assert isinstance(model, TransformerConfig), "transformers' AST is one"
    early = merge_early(0.5, model.n_patches(model.max_frames))
    whole, merged = (2 * model_cost(model, model.max_frames, merge).total for merge in (NO_MERGING, early))
    ours, theirs = f"Soundmark {precision}, merging", f"transformers {precision}"
    return [
        Way(theirs, transformers_ast(checkpoint, network.device, DTYPES.get(precision, torch.float32)), whole),
        Way(f"{ours} off", of_engine(TorchEngine(network, NO_MERGING, precision)), whole),
        Way(f"{ours} half", of_engine(TorchEngine(network, early, precision)), merged),
    ]


def rows_of(ways: Sequence[Way], windows: np.ndarray, exact: np.ndarray, n_rounds: int, peak: float) -> list[Row]:
    """Each way's figures for a batch. exact: the logits in fp32. peak: operations a second."""
    for way in ways:
        for _ in range(CAPTURED_FROM):
            way.run(windows)
    ms, _ = take_turns({way.name: way.run for way in ways}, [windows] * n_rounds)
    rows: list[Row] = []
    for way in ways:
        rate = len(windows) / ms[way.name] * 1000
        share, faster = rate * way.operations / peak, ms[ways[0].name] / ms[way.name]
        off_by = float(np.abs(sigmoid(way.run(windows)) - sigmoid(exact)).max())
        rows.append(Row(way.name, len(windows), ms[way.name], rate, share, faster, off_by))
    return rows


def of_engine(engine: TorchEngine) -> Run:
    """What an engine answers to windows."""
    return lambda windows: engine.run("clip", windows)


def transformers_ast(checkpoint: Checkpoint, device: str, dtype: torch.dtype) -> Run:
    """transformers' model with a checkpoint's weights and its SDPA."""
    from transformers import ASTForAudioClassification

    with tempfile.TemporaryDirectory() as folder:
        export_hugging_face(checkpoint, Path(folder))
        model: Any = ASTForAudioClassification.from_pretrained(folder, dtype=dtype, attn_implementation="sdpa")
    model = model.to(device).eval()

    def run(windows: np.ndarray) -> np.ndarray:
        with torch.inference_mode():
            return model(torch.from_numpy(windows).to(device, dtype)).logits.float().cpu().numpy()

    return run


def peak_of(device: str, dtype: torch.dtype, size: int) -> float:
    """Operations a second of the fastest of a few products of two square matrices; a multiply-add is two."""
    left, right = (torch.randn(size, size, device=device).to(dtype) for _ in range(2))
    fastest_s = float("inf")
    for _ in range(_PRODUCTS):
        began = time.perf_counter()
        (left @ right)[0, 0].item()  # waits for it
        fastest_s = min(fastest_s, time.perf_counter() - began)
    return 2 * size**3 / fastest_s


def table(rows: Sequence[Row]) -> str:
    """The rows, and what they were measured on."""
    name = torch.cuda.get_device_name() if torch.cuda.is_available() else "no CUDA GPU"
    lines = [
        f"{name}, PyTorch {torch.__version__}",
        f"{'':32}{'batch':>6}{'ms':>10}{'/s':>9}{'peak':>7}{'×':>7}{'off':>9}",
    ]
    for row in rows:
        figures = f"{row.p50_ms:>10.2f}{row.windows_per_s:>9.1f}{row.share_of_peak:>7.0%}{row.faster:>7.2f}"
        lines.append(f"{row.way:32}{row.batch:>6}{figures}{row.off_by:>9.4f}")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
