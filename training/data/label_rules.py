"""Labels that look the same to people are refused; and how findings become the end of a run. Opens no file."""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from collections.abc import Sequence

from core.errors import UserError
from core.labels import LabelSet, look_of
from core.run.data_report import Finding
from training.text import join_names


def refuse(findings: Sequence[Finding]) -> None:
    """Raise UserError for what the rules found: all of it, with what to do about the first."""
    if findings:
        raise UserError(" ".join(finding.text for finding in findings), findings[0].remedy)


def look_alike_findings(labels: LabelSet) -> list[Finding]:
    """Labels that differ in capitals, in spaces and underscores, or in how their accents are stored, and in nothing
    else: to people they are one label, to a model two."""
    alike: dict[str, list[str]] = defaultdict(list)
    for label in labels:
        alike[look_of(label.id)].append(label.id)
    sets = [ids for ids in alike.values() if len(ids) > 1]
    if not sets:
        return []
    named = join_names([" and ".join(map(_quoted, ids)) for ids in sets], 5)
    remedy = (
        "Give them one spelling, in the list or as the name of one folder. If they mean different sounds, give them "
        "names that differ in more than capitals, spaces, underscores and the way accents are stored."
    )
    return [Finding("look_alike", "error", f"These labels look the same to people: {named}.", remedy)]


def _quoted(label: str) -> str:
    is_apart = unicodedata.normalize("NFC", label) != label
    return f"“{label}”{' (its accents stored apart, as macOS does)' if is_apart else ''}"
