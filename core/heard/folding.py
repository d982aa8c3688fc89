"""Compares text as people search it: capitals, and how accents are stored, make no difference."""

from __future__ import annotations

import unicodedata


def folded(text: str) -> str:
    """The text in the form in which it is compared."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).casefold())


def has_text(text: str, folded_part: str) -> bool:
    """Whether `folded_part` is in `text`."""
    return folded_part in folded(text)
