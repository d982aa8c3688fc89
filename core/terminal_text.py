"""Names of files, labels and models as a terminal may show them."""

from __future__ import annotations

import re

from core import file_names

# C0 and C1 controls, line and paragraph separators, and what reverses the direction of the text around it
_ACTIVE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")


def shown(text: object) -> str:
    r"""`text` in one line, each character that a terminal would obey as an escape: ESC becomes `\x1b`; bytes of a name
    that are not UTF-8 likewise."""
    return _ACTIVE.sub(lambda found: found[0].encode("unicode_escape").decode(), file_names.shown(str(text)))
