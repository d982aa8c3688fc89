"""SRT, the subtitles of film players: numbered cues with the label as text."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from core.event_files.handlers.cues import SHORTEST_S, clock, read_cues
from core.event_files.models import Found, LabelledSpan, Lines, one_line

_TAGGED = re.compile(r"<(?P<tag>[bius]|font)\b[^>]*>(?P<text>.*?)</(?P=tag)>|\{\\[^}]*\}", re.IGNORECASE)
"""Text between tags of some players; other angle brackets are text."""


def lines(spans: Iterable[LabelledSpan]) -> Iterator[str]:
    """A numbered cue for each."""
    for number, span in enumerate(spans, 1):
        offset_s = max(span.offset_s, span.onset_s + SHORTEST_S)
        yield f"{number}\n{clock(span.onset_s, ',')} --> {clock(offset_s, ',')}\n{one_line(span.label)}\n\n"


def recognise(first: list[str]) -> bool:
    """Whether times follow a number."""
    return len(first) > 1 and first[0].strip().isdecimal() and "-->" in first[1]


def read(lines: Lines) -> Iterator[Found]:
    """Spans and problems by line."""
    return read_cues(lines, lambda text: _TAGGED.sub(lambda found: found["text"] or "", text))
