"""Recognises the kinds of licence of a clip from free text, and selects the clips that a run may use."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from core.errors import UsageError, UserError

_PATTERNS = {
    "cc-by-nc-nd": r"by-nc-nd\b",
    "cc-by-nc-sa": r"by-nc-sa\b",
    "cc-by-nc": r"by-nc\b",
    "cc-by-nd": r"by-nd\b",
    "sampling+": r"sampling-?\+",
    "cc-by-sa": r"by-sa\b",
    "odbl": r"\bodbl\b",
    "mit": r"\bmit\b",
    "apache": r"\bapache\b",
    "cc-by": r"\bcc-?by\b|/by/|^by\b",
    "cc0": r"\bcc-?0\b|/zero/",
    "public-domain": r"\bpublic-domain\b|/mark/",
    "gpl": r"\bl?gpl\b",
}
"""The first match counts, so the most restrictive one: "CC BY-SA or maybe BY-NC" counts as the latter. "CC BY-SA or
GPL" is a choice, and counts as CC BY-SA."""
_OTHER, _NOT_STATED = "other", "not-stated"
KINDS = (*_PATTERNS, _OTHER, _NOT_STATED)
"""The possible values of the setting `licences`."""
_SHORT = (
    (r"[\s_-]+", "-"),
    (r"attribution", "by"),
    (r"non-?commercial", "nc"),
    (r"share-?alike", "sa"),
    (r"no-?deriv(ative)?s?(-works)?", "nd"),
)


def kinds_of(licence: str) -> frozenset[str]:
    """The kinds of licence that apply together to a clip, such as its own and that of its data set.

    They are separated by `;` outside brackets. "other" stands for an unknown kind, "not-stated" for an empty text.
    """
    return frozenset(map(_kind_of, re.split(r";(?![^()]*\))", licence)))


def _kind_of(licence: str) -> str:
    words = licence.strip().lower()
    for long, short in _SHORT:
        words = re.sub(long, short, words)
    if words in ("", _NOT_STATED):
        return _NOT_STATED
    return next((kind for kind, pattern in _PATTERNS.items() if re.search(pattern, words)), _OTHER)


def is_permitted(licence: str, permitted: Sequence[str]) -> bool:
    """Whether all licences of a clip are of permitted kinds; without `permitted`, any is."""
    return not permitted or kinds_of(licence) <= set(permitted)


def refuse_unknown_kinds(permitted: Sequence[str]) -> None:
    """Raise UsageError for unknown kinds of licence."""
    unknown = [kind for kind in permitted if kind not in KINDS]
    if unknown:
        raise UsageError(f"Unknown kinds of licence: {', '.join(unknown)}.", f"Choose from {', '.join(KINDS)}.")


def refuse_nothing_left(name: str, permitted: Sequence[str], licences: Iterable[str]) -> None:
    """Raise the UserError for data of which no clip is permitted. licences: of all clips, as stated."""
    found = sorted({kind for licence in licences for kind in kinds_of(licence)})
    raise UserError(
        f"No clip of {name} has the licence {' or '.join(permitted)}; its clips have {', '.join(found)}.",
        "Add more kinds to licences, or leave it empty to use every clip.",
    )
