"""What is in a folder of labelled clips, and what is wrong with it: written before training, read by people."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Literal

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
    """One label: how many clips and how many minutes of sound it has."""

    label: str
    n_clips: int
    minutes: float


@dataclass(frozen=True, slots=True)
class Finding:
    """One fault. severity: "error" stops training, "warning" spoils it, "note" is worth knowing.

    text: a sentence that says what is wrong, remedy: what to do about it. paths: the clips it is about.
    """

    kind: FindingKind
    severity: Literal["error", "warning", "note"]
    text: str
    remedy: str
    paths: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class DataReport:
    """name, layout: which data, and how they were read ("class folders", "ESC-50", …). folds: name and clips each."""

    name: str
    layout: str
    n_clips: int
    minutes: float
    classes: tuple[ClassContent, ...]
    folds: tuple[tuple[str, int], ...]
    findings: tuple[Finding, ...]

    def can_train(self) -> bool:
        """False when a finding is an error."""
        return all(finding.severity != "error" for finding in self.findings)

    def to_json(self) -> str:
        """One JSON object."""
        return json_text(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> DataReport:
        """The inverse of `to_json`. Raises UserError."""
        try:
            raw = json.loads(text)
            raw["classes"] = tuple(ClassContent(**one) for one in raw["classes"])
            raw["folds"] = tuple((str(name), int(count)) for name, count in raw["folds"])
            raw["findings"] = tuple(Finding(**{**one, "paths": tuple(one["paths"])}) for one in raw["findings"])
            return cls(**raw)
        except (ValueError, KeyError, TypeError) as error:
            raise UserError("The report on the data cannot be read.", "Check the data again.") from error
