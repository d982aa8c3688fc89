"""What WebVTT and SRT share: lines with two times, each followed by lines of text up to an empty one."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from core.event_files.models import Found, LabelledSpan, LineProblem, Lines, span_or_problem

SHORTEST_S = 0.001
"""A cue must end after it begins; times are in milliseconds."""
_TIMES = re.compile(r"\s*(?P<onset>-?[\d:]+(?:[.,]\d+)?)\s*-->\s*(?P<offset>-?[\d:]+(?:[.,]\d+)?)(?:\s.*)?")


def clock(seconds: float, point: str) -> str:
    """Seconds as 00:01:02.345, with this point."""
    ms = round(seconds * 1000)
    return f"{ms // 3_600_000:02}:{ms // 60_000 % 60:02}:{ms // 1000 % 60:02}{point}{ms % 1000:03}"


def read_cues(lines: Lines, text_of: Callable[[str], str]) -> Iterator[Found]:
    """Spans and problems by line. text_of: takes the format's tags and escapes out of a text."""
    times: re.Match[str] | None = None
    texts: list[str] = []
    at = 0
    for line, text in lines:
        found = _TIMES.fullmatch(text)
        if found is None and "-->" in text and times is None:
            yield LineProblem(line, "its times are not like 00:01:02.345 --> 00:01:03.456")
        if found is not None or not text.strip():
            if times is not None:
                # A cue that follows without an empty line has its number or name above its times.
                yield _cue(at, times, texts[:-1] if found is not None and len(texts) > 1 else texts, text_of)
            times, texts, at = found, [], line
        elif times is not None:
            texts.append(text.strip())
    if times is not None:
        yield _cue(at, times, texts, text_of)


def _cue(line: int, times: re.Match[str], texts: list[str], text_of: Callable[[str], str]) -> Found:
    label = text_of(" ".join(texts)).strip()
    return span_or_problem(line, lambda: LabelledSpan(label, _seconds(times["onset"]), _seconds(times["offset"])))


def _seconds(text: str) -> float:
    """Seconds of a time with up to three parts. Raises ValueError."""
    parts = text.replace(",", ".").removeprefix("-").split(":")
    if len(parts) > 3 or not all(parts):
        raise ValueError(f"{text!r} is no time")
    ms = sum(round(float(part) * 1000) * 60**power for power, part in enumerate(reversed(parts)))
    return (-ms if text.startswith("-") else ms) / 1000
