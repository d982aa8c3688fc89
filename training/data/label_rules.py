"""Finds labels that look the same to people, and turns findings into the error that ends a run."""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from collections.abc import Sequence

from core.errors import UserError
from core.labels import LabelSet, look_of
from core.run.data_report import Finding
from training.text import join_names


def refuse(findings: Sequence[Finding]) -> None:
    """Raise one UserError for all findings, with the remedy of the first; does nothing without findings."""
    if findings:
        raise UserError(" ".join(finding.text for finding in findings), findings[0].remedy)


def look_alike_findings(labels: LabelSet) -> list[Finding]:
    """Labels that differ only in capitals, spaces and underscores, or in how their accents are stored: one label for
    people, but two for a model."""
    alike: dict[str, list[str]] = defaultdict(list)
    for label in labels:
        alike[look_of(label.id)].append(label.id)
    sets = [ids for ids in alike.values() if len(ids) > 1]
    if not sets:
        return []
    named = join_names([" and ".join(map(_quoted, ids)) for ids in sets], 5)
    remedy = (
        "Use one spelling, in the list or as the name of one folder. If they mean different sounds, give them names "
        "that differ in more than capitals, spaces, underscores and the way accents are stored."
    )
    return [Finding("look_alike", "error", f"These labels look the same to people: {named}.", remedy)]


def _quoted(label: str) -> str:
    is_decomposed = unicodedata.normalize("NFC", label) != label
    return f"“{label}”{' (with decomposed accents, as on macOS)' if is_decomposed else ''}"
