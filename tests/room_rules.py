"""The rules that keep folders rooms: who imports whom inside a package, no circles, not too many files.

Reads source text with `ast`; imports nothing of the project.
"""

from __future__ import annotations

from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

from house_rules import imports, python_files

ROOT = ""
ROOM_ORDERS: dict[str, tuple[set[str], ...]] = {
    "core.audio": (
        {"block", "frame_rate", "mel_scale", "resample", "ring_buffer", "input_choice", "input_device", "steady_clock"},
        {"log_mel"},
        {"decoding", "demo"},
        {"sources"},
        {"kept", "playback"},
    ),
    "core.model": ({"architecture", "merging"}, {"variants"}, {"format"}, {"networks"}, {"checkpoints"}, {"store"}),
    "training": (
        {"text"},
        {"config"},
        {"data.layouts"},
        {"data"},
        {"batches"},
        {"scenes"},
        {"data_check", "optimisation"},
        {"model"},
        {"evaluation"},
        {"loop"},
        {"head_only", "study"},
        {"cli"},
    ),
    "app": (
        {"style"},
        {"runtime"},
        {"widgets"},
        {"tags"},
        {"spectrogram"},
        {"playback"},
        {"files", "live", "kept", "results"},
        {"events"},
        {"models", "training"},
        {ROOT},
    ),
}
"""Within each package, the rooms in the order in which they may import: what stands to the left. Rooms of one set know
nothing of each other. ROOT are the modules beside the rooms."""
MAX_FOLDER_FILES = 12


def rooms_out_of_order(root: Path) -> list[str]:
    """Imports inside a package of ROOM_ORDERS whose target is not in a room to the left of the importing one."""
    return [
        f"{path.relative_to(root)}:{line} {reason}"
        for package, order in ROOM_ORDERS.items()
        for path in python_files(root, package.replace(".", "/"))
        for line, module in imports(path, root)
        if module.startswith(f"{package}.")
        for reason in _wrong_in_package(package, order, path.relative_to(root).with_suffix("").parts, module)
    ]


def _wrong_in_package(package: str, order: tuple[set[str], ...], parts: tuple[str, ...], module: str) -> Iterator[str]:
    rank = {room: place for place, rooms in enumerate(order) for room in rooms}
    depth = package.count(".") + 1
    source, aim = _room(parts[depth:], rank), _room(tuple(module.split(".")[depth:]), rank)
    if source == ROOT and len(parts) > depth + 1:
        source = parts[depth]
    if source == aim and source in rank:
        return
    unplaced = [room for room in (source, aim) if room not in rank]
    if unplaced:
        yield f"{package} has no place for {'.'.join((package, unplaced[0])).rstrip('.')} in ROOM_ORDERS"
    elif rank[aim] >= rank[source]:
        yield f"{package}.{source} imports {module}, which is not to its left"


def _room(parts: tuple[str, ...], rank: dict[str, int]) -> str:
    """The room of ROOM_ORDERS that a module lies in, the inner one of two; else ROOT."""
    inner = ".".join(parts[:2])
    return inner if inner in rank else parts[0] if parts[0] in rank else ROOT


def import_circle(root: Path) -> list[str]:
    """Modules that import each other in a circle, inside functions and for type checkers too; nothing without one."""
    files = {
        ".".join(path.relative_to(root).with_suffix("").parts).removesuffix(".__init__"): path
        for path in python_files(root, "main", "app", "core", "training")
    }
    graph = {name: {_module_of(target, files) for _, target in imports(path, root)} for name, path in files.items()}
    try:
        TopologicalSorter({name: targets - {"", name} for name, targets in graph.items()}).prepare()
    except CycleError as error:
        return error.args[1]
    return []


def _module_of(target: str, files: dict[str, Path]) -> str:
    """The module that an import's dotted name lies in; "" for one that is not ours."""
    while target and target not in files:
        target = target.rpartition(".")[0]
    return target


def overfull_folders(root: Path) -> list[str]:
    """Folders of code with more than MAX_FOLDER_FILES files beside `__init__.py`."""
    folders = {path.parent for path in python_files(root, "app", "core", "training")}
    n_files = {
        folder.relative_to(root).as_posix(): sum(path.name != "__init__.py" for path in folder.glob("*.py"))
        for folder in sorted(folders)
    }
    return [f"{folder} holds {n} files" for folder, n in n_files.items() if n > MAX_FOLDER_FILES]
