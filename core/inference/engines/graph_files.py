"""Graphs on disk: a folder each, found by all that decides it, whole or not there.

Imports neither torch nor OpenVINO.
"""

from __future__ import annotations

import hashlib
import json
import platform
import shutil
import uuid
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Literal

from filelock import FileLock

from core.foreign_text import parse_json
from core.inference.engines.models import Precision, Shape
from core.inference.engines.threads import usable_cores
from core.program import cache_folder

GRAPH, WEIGHTS, FACTS = "graph.xml", "graph.bin", "facts.json"
MOST_KEPT = 24
"""Of several models and schedules; each takes as much as the weights."""
_FORMAT = 2
"""Changes when graphs are made in another way."""
GraphKind = Literal["float", "int8"]
"""What the weights are: floating point, which runs in fp32 and bf16, or linear layers in eight bits."""


@dataclass(frozen=True, slots=True)
class GraphKey:
    """What decides a graph, together with the versions of the packages and the processor."""

    model: str
    """Hash of weights and settings."""
    merge: str
    """The merge schedule."""
    shape: Shape
    kind: GraphKind = "float"

    @property
    def name(self) -> str:
        """The name of its folder."""
        parts = [_FORMAT, self.model, self.merge, asdict(self.shape), self.kind, package_versions(), processor()]
        return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:32]


@dataclass(frozen=True, slots=True)
class GraphFacts:
    """What was found out about a graph when it was made."""

    precision: Precision | Literal[""] = ""
    """The fastest that agrees: "fp32", "bf16", "int8"; "" where PyTorch is better or nothing could be made."""
    differences: dict[str, float] = field(default_factory=dict[str, float])
    """For each precision, how far its probabilities are from PyTorch's in fp32, at most."""
    milliseconds: dict[str, float] = field(default_factory=dict[str, float])
    """For each precision that agrees, and for "torch", the median time of a window."""
    shares: dict[str, float] = field(default_factory=dict[str, float])
    """For each of these, on how many of a few windows its top label is PyTorch's in fp32 without merging, 0 to 1."""
    mean_differences: dict[str, float] = field(default_factory=dict[str, float])
    """For each of these, the mean absolute difference of probabilities from those."""
    failure: str = ""
    """Why no graph could be made."""
    sizes: dict[str, int] = field(default_factory=dict[str, int])
    """Bytes of the graph's files."""


@cache
def package_versions() -> tuple[str, str]:
    """The installed versions of OpenVINO and PyTorch, "" for one that is not there."""
    return _version("openvino"), _version("torch")


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""


@cache
def processor() -> str:
    """The name of this computer's processor: another one may compute another precision faster, or wrongly."""
    with suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith(("model name", "flags", "Features")):
                return hashlib.sha256(f"{platform.machine()} {line}".encode()).hexdigest()[:16]
    return f"{platform.machine()} {platform.processor()}"


def this_machine() -> str:
    """Processor and cores that models may use, in a word."""
    return f"{processor()}-{usable_cores()}"


def graphs_folder() -> Path:
    """Where graphs lie."""
    return cache_folder() / "graphs"


def read_facts(key: GraphKey, folder: Path | None = None) -> GraphFacts | None:
    """What is known of a graph; None where it has not been made. A damaged one is removed, to be made again."""
    path = (folder or graphs_folder()) / key.name
    if not path.is_dir():
        return None
    try:
        facts = GraphFacts(**parse_json((path / FACTS).read_text(encoding="utf-8")))
        if all((path / name).stat().st_size == size for name, size in facts.sizes.items()):
            return facts
    except (OSError, ValueError, TypeError, AttributeError):
        pass
    shutil.rmtree(path, ignore_errors=True)
    return None


def store_graph(
    key: GraphKey, make: Callable[[Path], GraphFacts], folder: Path | None = None, *, anew: bool = False
) -> GraphFacts:
    """What is known of a graph, which `make` makes in an empty folder unless it is there, or anew in its place. Two
    processes make it once. Raises OSError."""
    root = folder or graphs_folder()
    root.mkdir(parents=True, exist_ok=True)
    with FileLock(root / f"{key.name}.lock"):
        return (None if anew else read_facts(key, root)) or _make(key, make, root)


def _make(key: GraphKey, make: Callable[[Path], GraphFacts], root: Path) -> GraphFacts:
    for leftover in root.glob(f".{key.name}.*.new"):  # of a process that was killed
        shutil.rmtree(leftover, ignore_errors=True)
    new = root / f".{key.name}.{uuid.uuid4().hex}.new"
    new.mkdir()
    try:
        facts = make(new)
        (new / FACTS).write_text(json.dumps(asdict(facts)), encoding="utf-8")
        shutil.rmtree(root / key.name, ignore_errors=True)
        new.rename(root / key.name)
    finally:
        shutil.rmtree(new, ignore_errors=True)
    _remove_oldest(root)
    return facts


def _remove_oldest(root: Path) -> None:
    """Keep the MOST_KEPT graphs that were made last: those of old models, versions and schedules go."""
    made = [(path.stat().st_mtime, path) for path in root.iterdir() if (path / FACTS).is_file()]
    for _, path in sorted(made)[:-MOST_KEPT]:
        shutil.rmtree(path, ignore_errors=True)
