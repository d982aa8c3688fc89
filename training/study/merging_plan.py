"""Reads a study of token merging from a TOML file: the schedules to compare on any model.

    kind = "merging"
    title = "Token merging without training"
    summary = "One sentence for the list."
    r = [0, 5, 10]                          # tokens per layer, on the reference model
    reference = { patches = 1212, depth = 12 }
    forms = ["constant", "energy-decreasing"]
    rounds = 12                             # of timing; each times every schedule once
    batch = 8                               # windows per batch, for the throughput

On another model, r is scaled to remove the same share of the full window's patches: r · depth / patches is constant.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.errors import UserError
from core.model.architecture import ModelConfig, TransformerConfig
from core.model.merging.schedule import FORMS, NO_MERGING, MergeSchedule
from training.study.loading import read_study_file

UNMERGED = "off"
_REMEDY = "It needs title, r, reference with patches and depth, forms, rounds and batch; counts are integers above 0."


@dataclass(frozen=True, slots=True)
class MergingStudy:
    """What is compared, and how it is timed."""

    name: str
    title: str
    summary: str
    rs: tuple[int, ...]
    """Tokens removed per layer, on the reference model."""
    patches: int
    """Of the reference model's full window."""
    depth: int
    """Layers of the reference model."""
    forms: tuple[str, ...]
    """Keys of `core.model.merging.schedule.FORMS`."""
    rounds: int
    """Of timing."""
    batch: int
    """Windows per batch, for the throughput."""

    def schedules(self, model: ModelConfig) -> dict[str, MergeSchedule]:
        """This model's schedules by their spelling for `--merge`, "off" first. Raises UserError for a CNN."""
        if not isinstance(model, TransformerConfig):
            raise UserError("This model is a CNN and has no tokens to merge.", "Give a transformer with --model.")
        full_patches = model.n_patches(model.max_frames)
        rs = [round(r * self.depth / self.patches * full_patches / model.depth) for r in self.rs]
        found: dict[str, MergeSchedule] = {UNMERGED: NO_MERGING}
        for form in self.forms:
            kind, matcher = FORMS[form]
            for r in rs:
                schedule = MergeSchedule(kind, r, reference_patches=full_patches, matcher=matcher)
                if not schedule.removes_nothing():
                    found[schedule.to_word()] = schedule
        return found

    @property
    def n_settings(self) -> int:
        """The maximum number of schedules; on small models some coincide."""
        return 1 + len(self.forms) * len({r for r in self.rs if r})


def is_merging(raw: dict[str, Any]) -> bool:
    """Whether a study's file describes a study of merging."""
    return raw.get("kind") == "merging"


def load_merging_study(study: str) -> MergingStudy:
    """A study by its name or the path of a .toml file. Raises UserError."""
    path, raw = read_study_file(study)
    try:
        loaded = MergingStudy(
            name=path.stem,
            title=str(raw["title"]),
            summary=str(raw.get("summary", "")),
            rs=tuple(int(r) for r in raw["r"]),
            patches=int(raw["reference"]["patches"]),
            depth=int(raw["reference"]["depth"]),
            forms=tuple(_form(str(form), path) for form in raw["forms"]),
            rounds=int(raw.get("rounds", 12)),
            batch=int(raw.get("batch", 8)),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise UserError(f"{path.name} is not a study of merging ({error!r}).", _REMEDY) from error
    counts = (loaded.patches, loaded.depth, loaded.rounds, loaded.batch, len(loaded.rs), len(loaded.forms))
    if min(counts) < 1 or min(loaded.rs) < 0:
        raise UserError(f"{path.name} is not a study of merging: a count is too small, or a list is empty.", _REMEDY)
    return loaded


def _form(form: str, path: Path) -> str:
    key = "" if form == "constant" else form
    if key not in FORMS:
        known = ", ".join(name or "constant" for name in FORMS)
        raise UserError(f"{path.name} names an unknown form, {form!r}.", f"Use {known}.")
    return key
