"""Describes a folder of labelled clips and what is wrong with it: written by `soundmark check`, shown by the window."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Any, Literal

from core.errors import UserError
from core.file_names import json_text

FindingKind = Literal[
    "unreadable",
    "missing",
    "silent",
    "short",
    "long",
    "clipped",
    "duplicate",
    "near_duplicate",
    "empty_class",
    "tiny_class",
    "shared_source",
    "look_alike",
    "split",
    "left_out",
    "note",
]


@dataclass(frozen=True, slots=True)
class ClassContent:
    """How many clips and how many minutes of sound a label has."""

    label: str
    n_clips: int
    minutes: float


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing to know about the clips."""

    kind: FindingKind
    """What sort of thing."""
    severity: Literal["error", "warning", "note"]
    """An error prevents training, a warning makes its result worse, a note is worth knowing."""
    text: str
    """A sentence that says what is wrong."""
    remedy: str
    """A sentence that says what to do about it."""
    paths: tuple[str, ...] = ()
    """The clips it is about."""


@dataclass(frozen=True, slots=True)
class DataReport:
    """What is in a folder or list of labelled clips."""

    name: str
    """The data set's name."""
    layout: str
    """How it was read: "class folders", "ESC-50", …"""
    n_clips: int
    """Clips in all."""
    minutes: float
    """Minutes of sound in all."""
    classes: tuple[ClassContent, ...]
    """Every label's share, in order."""
    folds: tuple[tuple[str, int], ...]
    """Every fold's name and number of clips."""
    findings: tuple[Finding, ...]
    """What is wrong, errors first."""

    def can_train(self) -> bool:
        """Whether no finding is an error."""
        return all(finding.severity != "error" for finding in self.findings)

    def to_json(self) -> str:
        """Write one JSON object."""
        return json_text(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> DataReport:
        """Read what `to_json` wrote. Raises UserError."""
        try:
            raw = json.loads(text)
            raw["classes"] = tuple(ClassContent(**content) for content in raw["classes"])
            raw["folds"] = tuple((str(name), int(count)) for name, count in raw["folds"])
            raw["findings"] = tuple(_finding(row) for row in raw["findings"])
            return cls(**raw)
        except (ValueError, KeyError, TypeError) as error:
            raise UserError("The report on the data cannot be read.", "Check the data again.") from error


def _finding(row: dict[str, Any]) -> Finding:
    fields: dict[str, Any] = {**row, "paths": tuple(row["paths"])}
    return Finding(**fields)
