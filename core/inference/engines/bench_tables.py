"""Keeps what `soundmark bench` measured of each model on this machine, so that listening can choose by it.

One small JSON file a model in the cache folder, found by all that decides its figures: weights, processor, cores,
device and the versions of the packages. A damaged one is removed, and is as good as none. Imports neither torch nor
OpenVINO.
"""

from __future__ import annotations

import hashlib
import json
import logging
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from filelock import FileLock, Timeout

from core.atomic_write import atomic_file
from core.errors import UserError
from core.foreign_text import as_object, parse_json
from core.inference.engines.device import device_in_words
from core.inference.engines.graph_files import package_versions, this_machine
from core.inference.engines.models import Measured, Setting, Shape
from core.program import cache_folder

if TYPE_CHECKING:
    from core.inference.tagger import Tagger

_log = logging.getLogger(__name__)
_FORMAT = 1
MOST_KEPT = 50
"""Models on machines and with versions; those measured longest ago go."""
_MOST_BYTES, _MOST_FRAMES = 1_000_000, 1_000_000
_LOCK_TIMEOUT_S = 1.0


@dataclass(frozen=True, slots=True)
class BenchTable:
    """rows: what each setting is worth, for inputs of one or several shapes. at: when the newest was measured, as
    `time.time()`; 0 where there are none."""

    rows: tuple[Measured, ...] = ()
    at: float = 0.0


class BenchTables:
    """The files. folder: None for the one in the cache folder. machine: None for this one."""

    def __init__(self, folder: Path | None = None, machine: str | None = None) -> None:
        self._folder = folder or cache_folder() / "bench"
        self._machine = machine or this_machine()

    def read(self, model: str) -> BenchTable:
        """What was measured of a model, by its `bench_key`; an empty table where nothing was, or is damaged."""
        path = self._path(model)
        try:
            content = path.read_bytes() if path.stat().st_size <= _MOST_BYTES else b""
            return _table(parse_json(content.decode("utf-8")))
        except FileNotFoundError:
            return BenchTable()
        except (OSError, ValueError, KeyError, TypeError, AttributeError, UserError) as error:
            _log.warning("%s is ignored and removed: %r", path, error)
            with suppress(OSError):
                path.unlink()
            return BenchTable()

    def keep(self, model: str, rows: Iterable[Measured]) -> None:
        """Add rows, in place of those of the same setting and shape. A disk that refuses is logged."""
        path = self._path(model)
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            with FileLock(path.with_suffix(".lock"), timeout=_LOCK_TIMEOUT_S):
                found = {(row.setting, row.shape): row for row in (*self.read(model).rows, *rows)}
                entries = [_entry(row) for row in found.values()]
                with atomic_file(path, durable=False) as file:
                    content = {"format": _FORMAT, "model": model, "at": time.time(), "rows": entries}
                    file.write(json.dumps(content, indent=1).encode())
            self._remove_oldest()
        except (OSError, Timeout) as error:
            _log.warning("what was measured could not be kept: %s", error)

    def _path(self, model: str) -> Path:
        parts = json.dumps([_FORMAT, model, self._machine, package_versions()])
        return self._folder / f"{hashlib.sha256(parts.encode()).hexdigest()[:32]}.json"

    def _remove_oldest(self) -> None:
        made = sorted((path.stat().st_mtime, path) for path in self._folder.glob("*.json"))
        for _, path in made[:-MOST_KEPT]:
            path.unlink(missing_ok=True)


def bench_key(tagger: Tagger) -> str:
    """By what a model's table is found, on one machine."""
    return f"{tagger.weights_hash}-{device_in_words(tagger.device)}"


def _table(raw: object) -> BenchTable:
    """Raises what nonsense raises."""
    table = as_object(raw) or {}
    if table.get("format") != _FORMAT:
        raise ValueError("it is of another version")
    return BenchTable(tuple(map(_measured, cast("list[Any]", table["rows"]))), _number(table, "at", 1e12))


def _entry(row: Measured) -> dict[str, Any]:
    shape = {"reading": row.shape.reading, "n_frames": row.shape.n_frames}
    figures = {name: getattr(row, name) for name in ("p50_ms", "p95_ms", "memory_mb", "agreement", "difference")}
    return {"setting": row.setting.to_dict(), **shape, **figures}


def _measured(raw: Mapping[str, Any]) -> Measured:
    reading, n_frames = raw["reading"], raw["n_frames"]
    if reading not in ("clip", "columns") or not isinstance(n_frames, int) or not 0 < n_frames <= _MOST_FRAMES:
        raise ValueError("an unknown input")
    p50_ms = _number(raw, "p50_ms", 1e9)
    if not p50_ms:
        raise ValueError("a window takes no time")
    return Measured(
        Setting.from_dict(raw["setting"]),
        Shape(reading, n_frames),
        p50_ms,
        p95_ms=_number(raw, "p95_ms", 1e9),
        memory_mb=_number(raw, "memory_mb", 1e9),
        agreement=_number(raw, "agreement", 1.0),
        difference=_number(raw, "difference", 1.0),
    )


def _number(raw: Mapping[str, Any], name: str, most: float) -> float:
    value = raw[name]
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= most:
        raise ValueError(f"{name} is no figure")
    return float(value)
