"""Which kinds of licence a clip has, from what its list says in free text; and which clips a run may learn from."""

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
"""The first that the words fit, so the one that asks for most: "CC BY-SA or maybe BY-NC" is taken for the latter. But
"CC BY-SA or GPL" is a choice, and CC BY-SA is made use of."""
_OTHER, _NOT_STATED = "other", "not-stated"
KINDS = (*_PATTERNS, _OTHER, _NOT_STATED)
"""All that `licences` may name."""
_SHORT = (
    (r"[\s_-]+", "-"),
    (r"attribution", "by"),
    (r"non-?commercial", "nc"),
    (r"share-?alike", "sa"),
    (r"no-?deriv(ative)?s?(-works)?", "nd"),
)


def kinds_of(licence: str) -> frozenset[str]:
    """The kinds of licence that all have to be granted: of a clip, and what follows it after a `;` that stands in no
    brackets, such as that of its set as a whole. "other" for what fits none, "not-stated" for nothing."""
    return frozenset(map(_kind_of, re.split(r";(?![^()]*\))", licence)))


def _kind_of(licence: str) -> str:
    words = licence.strip().lower()
    for long, short in _SHORT:
        words = re.sub(long, short, words)
    if words in ("", _NOT_STATED):
        return _NOT_STATED
    return next((kind for kind, pattern in _PATTERNS.items() if re.search(pattern, words)), _OTHER)


def is_permitted(licence: str, permitted: Sequence[str]) -> bool:
    """Whether all that a clip is licensed under is of the permitted kinds. None of them stands for any."""
    return not permitted or kinds_of(licence) <= set(permitted)


def refuse_unknown_kinds(permitted: Sequence[str]) -> None:
    """Raise UsageError for what is no kind of licence."""
    unknown = [kind for kind in permitted if kind not in KINDS]
    if unknown:
        raise UsageError(f"There is no kind of licence {', '.join(unknown)}.", f"Choose among {', '.join(KINDS)}.")


def refuse_nothing_left(name: str, permitted: Sequence[str], licences: Iterable[str]) -> None:
    """Raise UserError: no clip of the data has permitted licences. licences: of all clips, in words."""
    there = sorted({kind for licence in licences for kind in kinds_of(licence)})
    raise UserError(
        f"No clip of {name} is under {' or '.join(permitted)}; what is there is under {', '.join(there)}.",
        "Name more kinds in licences, or set none to take every clip.",
    )
