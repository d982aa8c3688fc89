"""Remembers, for each machine and model, what settings cost and which pace was in use.

One small JSON file in the data folder. A damaged one is set aside; nothing here stops anybody from listening.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from filelock import FileLock, Timeout

from core.atomic_write import atomic_file
from core.errors import UserError
from core.foreign_text import as_object, parse_json
from core.inference.engines.graph_files import this_machine
from core.inference.engines.models import Setting
from core.program import data_folder

_log = logging.getLogger(__name__)
_FORMAT = 1
MOST_KEPT = 200
"""Models on machines; those used longest ago go."""
_MOST_BYTES = 4_000_000
_LOCK_TIMEOUT_S = 1.0


@dataclass(frozen=True, slots=True)
class Remembered:
    """What is known of a model on this machine."""

    setting: Setting
    """The one last in use."""
    hop_s: float
    """The hop last in use."""
    costs_ms: Mapping[Setting, float] = field(default_factory=dict[Setting, float])
    """What a window takes while nothing else runs."""
    at: float = 0.0
    """When it was written, as `time.time()`; 0 where that is not known."""


class PaceMemory:
    """The file. path: None for the one in the data folder. machine: None for this one."""

    def __init__(self, path: Path | None = None, machine: str | None = None) -> None:
        self._path = path or data_folder() / "pacing.json"
        self._machine = machine or this_machine()

    def recall(self, model: str) -> Remembered | None:
        """What was remembered of a model on this machine; None for nothing, and for what cannot be read."""
        for entry in reversed(self._entries()):
            if entry.get("machine") == self._machine and entry.get("model") == model:
                with suppress(KeyError, TypeError, ValueError, AttributeError, UserError):
                    return _remembered(entry)
        return None

    def remember(self, model: str, remembered: Remembered) -> None:
        """Write what is to be remembered of a model, in place of what was. A disk that refuses is logged."""
        mine = {"machine": self._machine, "model": model, **_entry(remembered)}
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with FileLock(self._path.with_name(f"{self._path.name}.lock"), timeout=_LOCK_TIMEOUT_S):
                others = [one for one in self._entries() if (one.get("machine"), one.get("model")) != self._key(model)]
                content = {"format": _FORMAT, "models": [*others, mine][-MOST_KEPT:]}
                with atomic_file(self._path, durable=False) as file:
                    file.write(json.dumps(content, indent=1).encode())
        except (OSError, Timeout) as error:
            _log.warning("the pace could not be remembered: %s", error)

    def _key(self, model: str) -> tuple[str, str]:
        return self._machine, model

    def _entries(self) -> list[dict[str, Any]]:
        """What the file holds; nothing, and the file under another name, where it is damaged."""
        try:
            content = self._path.read_bytes() if self._path.stat().st_size <= _MOST_BYTES else b""
            return _entries_of(content)
        except FileNotFoundError:
            return []
        except (OSError, ValueError) as error:
            self._set_aside(error)
            return []

    def _set_aside(self, reason: Exception) -> None:
        aside = self._path.with_name(f"{self._path.name}.damaged")
        _log.warning("%s is ignored and set aside as %s: %s", self._path, aside.name, reason)
        with suppress(OSError):
            self._path.replace(aside)


def _entries_of(content: bytes) -> list[dict[str, Any]]:
    """Raises ValueError for a file that is not one of these."""
    table = as_object(parse_json(content.decode("utf-8"))) or {}
    entries = table.get("models")
    if table.get("format") != _FORMAT or not isinstance(entries, list):
        raise ValueError("it is of another version")
    return [entry for entry in map(as_object, cast("list[Any]", entries)) if entry is not None]


def _entry(remembered: Remembered) -> dict[str, Any]:
    costs = [{"setting": one.to_dict(), "ms": round(ms, 3)} for one, ms in remembered.costs_ms.items()]
    return {"setting": remembered.setting.to_dict(), "hop_s": remembered.hop_s, "costs": costs, "at": remembered.at}


def _remembered(entry: dict[str, Any]) -> Remembered:
    costs = {Setting.from_dict(one["setting"]): _positive(one["ms"]) for one in entry["costs"]}
    at = _positive(entry["at"]) if entry.get("at") else 0.0
    return Remembered(Setting.from_dict(entry["setting"]), _positive(entry["hop_s"]), costs, at)


def _positive(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < 1e12:
        raise ValueError("not a positive number")
    return float(value)
