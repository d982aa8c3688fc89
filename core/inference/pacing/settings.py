"""The settings that a tagger may be run in, and what is known of each without running it."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from core.inference.engines.graph_engine import usable_precision
from core.inference.engines.graph_files import GraphFacts, read_facts
from core.inference.engines.measuring import settings_of
from core.inference.engines.models import Agreement, Setting, Shape

if TYPE_CHECKING:
    # Not at run time: it brings the whole model's imports, and the picture should move before those are done.
    from core.inference.tagger import Tagger


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of a setting."""

    is_ready: bool
    """It can run at once: PyTorch, or a graph that has been made."""
    ms: float | None = None
    """What a live window takes, measured when the graph was made; None where that is not known."""
    is_usable: bool = True
    """It runs, and answers as PyTorch does in the same merging, as far as anybody has looked."""
    agreement: Agreement | None = None
    """With PyTorch in fp32 without merging, on a few windows when the graph was made; None where that is not known."""


def settings_for(tagger: Tagger) -> tuple[Setting, ...]:
    """The settings among which a live view may choose, finest first; none where what was asked for leaves no choice."""
    engine, precision, merge = tagger.asked_for
    engine = os.environ.get("SOUNDMARK_ENGINE", "auto") if engine == "auto" else engine
    found = settings_of(tagger)
    if merge != "auto":
        found = dict.fromkeys(replace(one, merge=tagger.merge) for one in found)
    return tuple(one for one in found if engine in ("auto", one.engine) and precision in ("auto", one.precision))


def live_shapes(tagger: Tagger) -> tuple[Shape, ...]:
    """What the model is asked for each live window."""
    return tagger.live_shapes if tagger.has_frame_head else tagger.usual_shapes


def known_of(tagger: Tagger, setting: Setting) -> Known:
    """What is known of a setting; tagger: the model in this setting."""
    facts = [_facts(tagger, setting, shape) for shape in live_shapes(tagger)]
    names = [_name(one, setting) for one in facts]
    found = [(one, name) for one, name in zip(facts, names, strict=True) if one is not None and name is not None]
    is_torch = setting.engine == "torch"
    is_complete = len(found) == len(facts)
    return Known(
        is_ready=is_torch or all(facts),
        ms=_sum_ms([one.milliseconds.get(name) for one, name in found]) if is_complete else None,
        is_usable=is_torch or None in facts or is_complete,
        agreement=_worst([_agreement(one, name) for one, name in found]) if is_complete else None,
    )


def _facts(tagger: Tagger, setting: Setting, shape: Shape) -> GraphFacts | None:
    key = tagger.graph_key(shape)
    return read_facts(replace(key, kind="int8" if setting.precision == "int8" else "float"))


def _name(facts: GraphFacts | None, setting: Setting) -> str | None:
    """What a setting is called in a graph's facts; None where it cannot be used."""
    if facts is None:
        return None
    if setting.engine == "torch":
        return "torch" if setting.precision == "fp32" else None
    return usable_precision(facts, setting.precision)


def _agreement(facts: GraphFacts, name: str) -> Agreement | None:
    share, difference = facts.shares.get(name), facts.mean_differences.get(name)
    return None if share is None or difference is None else Agreement(share, difference)


def _worst(found: Sequence[Agreement | None]) -> Agreement | None:
    """Of all inputs of a live window."""
    known = [one for one in found if one is not None]
    if not known or len(known) < len(found):
        return None
    return Agreement(min(one.share for one in known), max(one.difference for one in known))


def _sum_ms(times: Sequence[float | str | None]) -> float | None:
    known = [time_ms for time_ms in times if isinstance(time_ms, float) and time_ms > 0]
    return sum(known) if len(known) == len(times) else None
