"""Escapes names of files, labels and models for display in a terminal."""

from __future__ import annotations

import re

from core import file_names

# C0 and C1 controls, line and paragraph separators, and what reverses the direction of the text around it
_ACTIVE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")


def shown(text: object) -> str:
    r"""`text` on one line, with control characters escaped (ESC becomes `\x1b`), and bytes that are not UTF-8 too."""
    return _ACTIVE.sub(lambda found: found[0].encode("unicode_escape").decode(), file_names.shown(str(text)))
