"""The rules of docs/architecture.md that a machine can check: each function lists what breaks one.

Reads source text with `ast`; imports nothing of the project.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOMS_ALLOWED = {"main": {"app", "core", "training"}, "app": {"core"}, "training": {"core"}, "core": set[str]()}
CORE_ORDER = (
    {"errors", "file_names", "program", "throttle"},
    {"bounds", "foreign_text", "terminal_text", "atomic_write", "version"},
    {"unforeseen", "labels", "run"},
    {"label_tree"},
    {"audio"},
    {"heard"},
    {"event_files"},
    {"model"},
    {"inference"},
    {"cluster"},
    {"cli"},
)
CORE_RANK = {name: rank for rank, names in enumerate(CORE_ORDER) for name in names}
QT = {"PySide6", "shiboken6", "pyqtgraph", "pytestqt"}
THREADS = {"threading", "queue", "_thread", "concurrent", "multiprocessing", "asyncio"}
# The crossings and their parts.
MAY_THREAD = (
    "core/audio/sources/microphone",
    "core/inference/listener",
    "core/audio/kept/",
    "core/audio/playback/",
    "core/inference/engines/",
    "core/inference/files/reading_ahead",
)
# What elsewhere starts nothing and guards nothing: a flag that stops a pool job, the hook for unforeseen errors.
HARMLESS = {"threading.Event", "threading.excepthook", "threading.ExceptHookArgs"}
VAGUE = {"manager", "helper", "helpers", "util", "utils", "common", "misc", "handler", "handlers", "base", "data2"}
MAX_FILE_LINES = 320
MAX_BODY_LINES = 60
TABLES = {"MODEL_VARIANTS": "core", "SOURCES": "core", "FORMATS": "core", "PANELS": "app"}


def labels_that_read_markup(root: Path) -> list[str]:
    """Labels whose text Qt may take for rich text; those with words of ours alone may be."""
    allowed = {"app/style/plain_text.py", "app/widgets/shortcuts_dialog.py"}
    return [
        f"{path.relative_to(root)} makes a QLabel"
        for path in python_files(root, "app")
        if path.relative_to(root).as_posix() not in allowed and re.search(r"\bQLabel\(", path.read_text("utf-8"))
    ]


def python_files(root: Path, *rooms: str) -> list[Path]:
    """Every Python file of `rooms` (folders, or main.py) under `root`."""
    found = [root / "main.py"] if "main" in rooms and (root / "main.py").exists() else []
    for room in rooms:
        found += sorted((root / room).rglob("*.py"))
    return found


def imports(path: Path, root: Path) -> tuple[tuple[int, str], ...]:
    """(line, dotted module) of every import in a file, at any depth, `import_module("…")` and relative ones too."""
    return _imports(path.read_text(encoding="utf-8"), path.relative_to(root).with_suffix("").parts)


@cache  # five rules ask for the imports of the same files
def _imports(text: str, package: tuple[str, ...]) -> tuple[tuple[int, str], ...]:
    return tuple(_imports_in(ast.parse(text), package))


def _imports_in(module_tree: ast.Module, package: tuple[str, ...]) -> Iterator[tuple[int, str]]:
    for node in ast.walk(module_tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = ".".join(package[: len(package) - node.level]) if node.level else ""
            module = ".".join(part for part in (above, node.module) if part)
            # `from core import history` names a module by its alias.
            yield from ((node.lineno, f"{module}.{alias.name}") for alias in node.names)
        elif isinstance(node, ast.Call) and _called(node.func) in ("import_module", "__import__"):
            yield from ((node.lineno, str(word.value)) for word in node.args if isinstance(word, ast.Constant))


def _called(function: ast.expr) -> str:
    """The last name of what is called; "" for what has none."""
    if isinstance(function, ast.Attribute):
        return function.attr
    return function.id if isinstance(function, ast.Name) else ""


def wrong_arrows(root: Path) -> list[str]:
    """Imports between rooms, or inside core, that go against the picture."""
    wrong = []
    for path in python_files(root, "main", "app", "core", "training"):
        parts = path.relative_to(root).with_suffix("").parts
        for line, module in imports(path, root):
            target = module.split(".")
            if target[0] not in ROOMS_ALLOWED:
                continue
            if target[0] != parts[0] and target[0] not in ROOMS_ALLOWED[parts[0]]:
                wrong.append(f"{path.relative_to(root)}:{line} {parts[0]} imports {target[0]}")
            if parts[0] == target[0] == "core" and len(target) > 1:
                wrong += [f"{path.relative_to(root)}:{line} {reason}" for reason in _wrong_in_core(parts, target)]
    return wrong


def _wrong_in_core(parts: tuple[str, ...], target: list[str]) -> Iterator[str]:
    source, aim = parts[1], target[1]
    if source == aim or source == "__init__":
        return
    unknown = [name for name in (source, aim) if name not in CORE_RANK]
    if unknown:
        yield f"core.{unknown[0]} has no place in CORE_ORDER"
    elif CORE_RANK[aim] >= CORE_RANK[source]:
        yield f"core.{source} imports core.{aim}, which is not below it"


def qt_imports(root: Path, *rooms: str) -> list[str]:
    """Imports of Qt in files of `rooms`."""
    return [
        f"{path.relative_to(root)}:{line} imports {module}"
        for path in python_files(root, *rooms)
        for line, module in imports(path, root)
        if module.split(".")[0] in QT
    ]


def threads_elsewhere(root: Path) -> list[str]:
    """Threads, locks and queues outside the crossings."""
    return [
        f"{path.relative_to(root)}:{line} uses {name}"
        for path in python_files(root, "main", "app", "core")
        if not path.relative_to(root).as_posix().startswith(MAY_THREAD)
        for line, name in sorted(_thread_words(path, root))
        if name not in HARMLESS
    ]


def _thread_words(path: Path, root: Path) -> Iterator[tuple[int, str]]:
    """(line, `module.name`) of what a file uses of the modules in THREADS."""
    for line, module in imports(path, root):
        if module.split(".")[0] in THREADS and module != "threading":
            yield line, module
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "threading":
            yield node.lineno, f"threading.{node.attr}"


def vague_names(root: Path) -> list[str]:
    """Files and classes whose names say nothing."""
    vague = []
    for path in python_files(root, "main", "app", "core", "training"):
        where = path.relative_to(root).as_posix()
        if VAGUE & set(path.stem.split("_")):
            vague.append(where)
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ClassDef):
                words = {word.lower() for word in re.findall(r"[A-Z]+[a-z0-9]*", node.name)}
                vague += [f"{where}:{node.lineno} class {node.name}"] if VAGUE & words else []
    return vague


def too_long(root: Path, *rooms: str) -> list[str]:
    """Files of more than MAX_FILE_LINES lines and functions whose body has more than MAX_BODY_LINES."""
    long = []
    for path in python_files(root, *rooms):
        text = path.read_text(encoding="utf-8")
        where = path.relative_to(root).as_posix()
        if text.count("\n") > MAX_FILE_LINES:
            long.append(f"{where} has {text.count(chr(10))} lines")
        long += [
            f"{where}:{node.lineno} {node.name} has a body of {_body_lines(node)} lines"
            for node in ast.walk(ast.parse(text))
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and _body_lines(node) > MAX_BODY_LINES
        ]
    return long


def _body_lines(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    statements = function.body[1:] if ast.get_docstring(function) is not None else function.body
    if not statements:
        return 0
    return (statements[-1].end_lineno or 0) - statements[0].lineno + 1


def undescribed(root: Path) -> list[str]:
    """Modules that hold code and do not open by saying what they are."""
    return [
        path.relative_to(root).as_posix()
        for path in python_files(root, "main", "app", "core", "training")
        if (tree := ast.parse(path.read_text(encoding="utf-8"))).body and not ast.get_docstring(tree)
    ]


def untested_tables(root: Path) -> list[str]:
    """Tables of `TABLES` that are defined nowhere, or that no test goes through row by row."""
    wrong = []
    for table, room in TABLES.items():
        if not any(table in _assigned(path) for path in python_files(root, room)):
            wrong.append(f"{table} is defined nowhere in {room}")
        tests = [path for path in (root / "tests").rglob("test_*.py") if path.name != "test_house_rules.py"]
        if not any(table in _names_read(path) for path in tests):
            wrong.append(f"no test goes through the rows of {table}")
    return wrong


def _assigned(path: Path) -> set[str]:
    names = set[str]()
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
        names |= {target.id for target in targets if isinstance(target, ast.Name)}
    return names


def _names_read(path: Path) -> set[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    plain = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    return plain | {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
