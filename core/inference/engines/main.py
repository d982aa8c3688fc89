"""Chooses the engine of a model: one literal table, from the word in `--engine` to what it builds. Imports
no torch."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import asdict, dataclass

from core.errors import UserError
from core.inference.engines.device import Device
from core.inference.engines.graph_engine import GraphEngine, Make
from core.inference.engines.graph_files import GraphKey, package_versions
from core.inference.engines.models import Engine, EngineName, Precision, Shape
from core.inference.engines.on_torch.late_torch import LateTorch
from core.model.merging.schedule import MergeSchedule


@dataclass(frozen=True, slots=True)
class EngineParts:
    """What engines are built from."""

    exact: LateTorch
    device: Device
    precision: str
    """What was asked for: auto, fp32, bf16, fp16 or int8."""
    model_hash: str
    """`weights_hash` of its checkpoint."""
    merge: MergeSchedule
    make: Make | None = None
    """How a missing graph is made; None leaves it unmade."""


def build_engine(name: EngineName, parts: EngineParts) -> Engine:
    """The engine called `name`. Raises UserError for an unknown one, and for one that is not there."""
    if name not in ENGINES:
        raise UserError(f"Unknown engine {name!r}.", f"Use {', '.join(ENGINES)}.")
    return ENGINES[name](parts)


def _torch(parts: EngineParts) -> Engine:
    return parts.exact


def _openvino(parts: EngineParts) -> Engine:
    if not package_versions()[0]:
        raise UserError("The package openvino is not installed.", "Install it with `uv pip install openvino`.")
    if parts.device != "cpu":
        raise UserError("OpenVINO is used on the CPU alone.", "Use --engine torch, or leave --device out.")
    key = GraphKey(parts.model_hash, str(asdict(parts.merge)), _ANY)
    return GraphEngine(parts.exact, key, parts.make, _PRECISIONS.get(parts.precision))


def _auto(parts: EngineParts) -> Engine:
    """Graphs on a CPU; PyTorch on a GPU, in a precision that was asked for, and where SOUNDMARK_ENGINE says so."""
    wanted = os.environ.get("SOUNDMARK_ENGINE", "")
    if wanted in ("torch", "openvino"):
        return ENGINES[wanted](parts)
    is_for_graphs = parts.device == "cpu" and parts.precision == "auto" and bool(package_versions()[0])
    return (_openvino if is_for_graphs or parts.precision == "int8" else _torch)(parts)


_PRECISIONS: dict[str, Precision] = {"fp32": "fp32", "bf16": "bf16", "int8": "int8"}
ENGINES: dict[EngineName, Callable[[EngineParts], Engine]] = {"auto": _auto, "torch": _torch, "openvino": _openvino}
_ANY = Shape("clip", 0)
