"""Lists the ways to run a model on this machine, and measures what each is worth: time, memory, and how far its answers
are from PyTorch's in fp32 without merging. Imports no torch."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from core.audio.frame_rate import FRAMES_PER_SECOND
from core.errors import UserError
from core.inference.engines.compiled_graph import openvino_core
from core.inference.engines.device import has_bf16, torch_precision
from core.inference.engines.graph_engine import GraphEngine
from core.inference.engines.graph_files import GraphKind, package_versions, read_facts
from core.inference.engines.models import ENGINE_NAMES, Measured, Precision, Setting, Shape
from core.model.architecture import TransformerConfig
from core.model.format.probabilities import top_label
from core.model.merging.schedule import NO_MERGING, MergeSchedule

if TYPE_CHECKING:
    from core.inference.tagger import Tagger

EARLY_SHARES = (0.25, 0.42, 0.5)
"""Shares of the patches that merge-early schedules remove, in their first two layers: what leaves early saves time in
all layers that follow, and each layer that merges costs time itself."""
_PRECISIONS: tuple[tuple[Precision, str], ...] = (("fp32", "FP32"), ("bf16", "BF16"), ("int8", "INT8"))
"""Finest first, and what OpenVINO calls the processor's ability to compute in them."""
_WARM_UP, _FEWEST_TIMED, _POLL_S = 3, 5, 0.02


@dataclass(frozen=True, slots=True)
class Reference:
    """Real windows, and what they are compared with."""

    shape: Shape
    windows: tuple[NDArray[np.float32], ...]
    """Raw log-mel `(frames, mels)`."""
    probabilities: tuple[NDArray[np.float32], ...]
    """PyTorch's in fp32 without merging: `(labels,)` for a clip, `(rows, labels)` for columns."""


def settings_of(tagger: Tagger) -> tuple[Setting, ...]:
    """The ways to run a model on this machine, finest first: without merging before with it, and with each merge
    schedule PyTorch, then graphs in each precision. A graph in eight bits needs nncf once, or to be there already."""
    precisions = _torch_precisions(tagger), _graph_precisions(tagger)
    by_engine: tuple[tuple[Literal["torch", "openvino"], tuple[Precision, ...]], ...] = tuple(
        zip(("torch", "openvino"), precisions, strict=True)
    )
    return tuple(
        Setting(engine, precision, merge)
        for merge in merges_of(tagger)
        for engine, able in by_engine
        for precision in able
    )


def merges_of(tagger: Tagger) -> tuple[MergeSchedule, ...]:
    """The merge schedules worth trying, from none to most: the model's own, and three that merge early. A CNN has only
    the first."""
    model = tagger.architecture
    if not isinstance(model, TransformerConfig):
        return (NO_MERGING,)
    early = (merge_early(share, model.n_patches(model.max_frames)) for share in EARLY_SHARES)
    return tuple(dict.fromkeys((NO_MERGING, tagger.own_merge, *early)))


def merge_early(share: float, n_patches: int) -> MergeSchedule:
    """The schedule that removes a share of a full window's patches, 0 to 0.6, in the first two layers: twice as many in
    the first, which can remove half of what there is."""
    first = min(round(share * n_patches * 2 / 3), n_patches // 2)
    return MergeSchedule("listed", listed=(first, round(share * n_patches) - first), reference_patches=n_patches)


def _torch_precisions(tagger: Tagger) -> tuple[Precision, ...]:
    """On a processor also bf16, where it has that and there is no OpenVINO, which is faster in the same precision."""
    if not isinstance(tagger.architecture, TransformerConfig):
        return ("fp32",)
    if tagger.device == "cpu":
        return ("fp32", "bf16") if has_bf16() and not package_versions()[0] else ("fp32",)
    return tuple(dict.fromkeys(("fp32", torch_precision("auto", tagger.device))))


def _graph_precisions(tagger: Tagger) -> tuple[Precision, ...]:
    if str(tagger.device) != "cpu" or not package_versions()[0]:
        return ()
    able = openvino_core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")
    found: list[Precision] = [precision for precision, ability in _PRECISIONS if ability in able]
    return tuple(one for one in found if one != "int8" or _has_eight_bits(tagger))


def _has_eight_bits(tagger: Tagger) -> bool:
    if find_spec("nncf") is not None:
        return True
    return any(read_facts(replace(tagger.graph_key(shape), kind="int8")) is not None for shape in tagger.usual_shapes)


def reference_of(tagger: Tagger, shape: Shape, windows: Sequence[NDArray[np.float32]]) -> Reference:
    """What windows `(frames, mels)` of raw log-mel are compared with."""
    exact = tagger.with_setting(Setting("torch", "fp32", NO_MERGING))
    return Reference(shape, tuple(windows), tuple(_probabilities(exact, shape, window) for window in windows))


def demo_windows(tagger: Tagger, shape: Shape, n_windows: int = 24) -> list[NDArray[np.float32]]:
    """Windows of the demo scene, raw log-mel `(frames, mels)`."""
    from core.audio.demo.scene import demo_scene
    from core.audio.log_mel import LogMel

    frames = LogMel(tagger.log_mel)(demo_scene())
    starts = np.linspace(0, max(0, len(frames) - shape.n_frames), n_windows).astype(int).tolist()
    return [frames[start : start + shape.n_frames] for start in starts]


def recorded_windows(tagger: Tagger, shape: Shape, files: Sequence[Path], most: int = 200) -> list[NDArray[np.float32]]:
    """Windows of recordings, one after the other, raw log-mel `(frames, mels)`; what is shorter than a window is left
    out. Raises UserError for a file that cannot be read, and where nothing is left."""
    from core.audio.decoding.decode import read_clip
    from core.audio.log_mel import LogMel

    windows: list[NDArray[np.float32]] = []
    for file in files:
        frames = LogMel(tagger.log_mel)(read_clip(file, tagger.log_mel.sample_rate))
        starts = range(0, len(frames) - shape.n_frames + 1, shape.n_frames)
        windows += [frames[start : start + shape.n_frames] for start in starts]
    if not windows:
        problem = f"No file is as long as a window, {shape.n_frames / FRAMES_PER_SECOND:g} s."
        raise UserError(problem, "Use longer files, or none for the demo scene.")
    return windows[:most]


def measure(
    tagger: Tagger, setting: Setting, shape: Shape, reference: Reference | None = None, *, seconds: float = 1.0
) -> Measured:
    """What a setting is worth for inputs of a shape. A missing graph is made, which takes from seconds to minutes and
    loads PyTorch.

    reference: with which windows; None for those of the demo scene. seconds: of timing. Raises UserError where the
    setting cannot be used, with the reason.
    """
    reference = reference or reference_of(tagger, shape, demo_windows(tagger, shape))
    other = tagger.with_setting(setting)
    if setting.engine == "openvino":
        _load_graph(other, setting, shape)
    found = [_probabilities(other, shape, window) for window in reference.windows]
    _require_precision(other, setting)
    agrees = [top_label(one) == top_label(exact) for one, exact in zip(found, reference.probabilities, strict=True)]
    differences = [np.abs(one - exact).mean() for one, exact in zip(found, reference.probabilities, strict=True)]
    times_ms = _times_ms(lambda place: _probabilities(other, shape, reference.windows[place]), len(found), seconds)
    return Measured(
        setting=setting,
        shape=shape,
        p50_ms=round(float(np.median(times_ms)), 3),
        p95_ms=round(float(np.percentile(times_ms, 95)), 3),
        memory_mb=round(resident_mb(), 1),
        agreement=float(np.mean(agrees)),
        difference=float(np.mean(differences)),
    )


def best_of(measured: Sequence[Measured]) -> Measured | None:
    """The fastest whose answers are as good as those in fp32 without merging; None where none is."""
    return min((one for one in measured if one.agrees.is_enough), key=lambda one: one.p50_ms, default=None)


def _load_graph(tagger: Tagger, setting: Setting, shape: Shape) -> None:
    from core.inference.engines.making.conversion import graph_of

    kind: GraphKind = "int8" if setting.precision == "int8" else "float"
    facts = graph_of(tagger, shape, kind)
    engine, name = tagger.runs_on, f"{ENGINE_NAMES['openvino']} {setting.precision}"
    if isinstance(engine, GraphEngine) and _is_loaded(engine, shape):
        return
    if facts.failure:
        raise UserError(f"{tagger.name} could not be converted: {facts.failure}", "PyTorch runs it as before.")
    difference = facts.differences.get(setting.precision)
    reason = "cannot be used" if difference is None else f"is off by {difference:.3f} on loud or very quiet sound"
    raise UserError(f"{name} {reason}.", "Another precision is used in its place.")


def _require_precision(tagger: Tagger, setting: Setting) -> None:
    """PyTorch's engine takes another precision where this one's answers cannot be trusted."""
    name = f"{ENGINE_NAMES['torch']} {setting.precision}"
    if setting.engine == "torch" and tagger.engine != name:
        raise UserError(f"{name} disagrees with fp32 here, or is slower.", f"{tagger.engine} is used in its place.")


def _is_loaded(engine: GraphEngine, shape: Shape) -> bool:
    """Wait until a graph that has been made answers; False where it will not."""
    while (found := engine.prepare(shape)) == "coming":
        time.sleep(_POLL_S)
    return found == "ready"


def _probabilities(tagger: Tagger, shape: Shape, window: NDArray[np.float32]) -> NDArray[np.float32]:
    if shape.reading == "columns":
        return tagger.tag_frames(window).probabilities
    return tagger.tag(window).probabilities


def _times_ms(run: Callable[[int], object], n_windows: int, seconds: float) -> list[float]:
    for place in range(_WARM_UP):
        run(place % n_windows)
    times_ms: list[float] = []
    deadline = time.perf_counter() + seconds
    while len(times_ms) < _FEWEST_TIMED or time.perf_counter() < deadline:
        began = time.perf_counter()
        run(len(times_ms) % n_windows)
        times_ms.append((time.perf_counter() - began) * 1000)
    return times_ms


def resident_mb() -> float:
    """Memory that this process holds now, in MB; its peak where the system does not tell; 0 where it tells neither."""
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    except (OSError, ValueError, IndexError):
        return _peak_mb()
    import resource

    return pages * resource.getpagesize() / 1e6


def _peak_mb() -> float:
    import sys

    try:
        import resource
    except ImportError:  # Windows
        return 0.0
    # Bytes on macOS, kilobytes elsewhere.
    unit = 1.0 if sys.platform == "darwin" else 1000.0
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6
