"""WebVTT, the captions of web pages: a cue for each span, with its label as text (https://www.w3.org/TR/webvtt1/)."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Iterator

from core.event_files.handlers.cues import SHORTEST_S, clock, read_cues
from core.event_files.models import Found, LabelledSpan, Lines, one_line

_TAG = re.compile("<[^>]*>")
_BLOCKS = ("NOTE", "STYLE", "REGION")


def lines(spans: Iterable[LabelledSpan]) -> Iterator[str]:
    """The first line, and a cue for each."""
    yield "WEBVTT\n"
    for span in spans:
        offset_s = max(span.offset_s, span.onset_s + SHORTEST_S)
        times = f"{clock(span.onset_s, '.')} --> {clock(offset_s, '.')}"
        yield f"\n{times}\n{html.escape(one_line(span.label), quote=False)}\n"


def recognise(first: list[str]) -> bool:
    """Whether the first line says so."""
    return bool(first) and (first[0] == "WEBVTT" or first[0].startswith(("WEBVTT ", "WEBVTT\t")))


def read(lines: Lines) -> Iterator[Found]:
    """Spans and problems by line."""
    return read_cues(_without_blocks(lines), lambda text: html.unescape(_TAG.sub("", text)))


def _without_blocks(lines: Lines) -> Iterator[tuple[int, str]]:
    """The lines but those of notes and style sheets."""
    is_in_block, was_empty = False, True
    for line, text in lines:
        if was_empty and text.split(maxsplit=1)[:1] and text.split(maxsplit=1)[0] in _BLOCKS:
            is_in_block = True
        was_empty = not text.strip()
        is_in_block = is_in_block and not was_empty
        if not is_in_block:
            yield line, text
