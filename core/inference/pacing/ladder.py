"""The settings and hops that a model may be given, and what each setting is thought to cost."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

from core.inference.engines.models import Precision, Setting
from core.inference.live_view import LiveView
from core.inference.pacing.costs import Costs
from core.inference.pacing.models import MOST_SETTINGS, Ladder
from core.model.merging.schedule import MergeSchedule, tokens_after_layers

_TIMES = (1, 2, 4, 8)
"""Hops, as multiples of the model's own."""
_ENGINES = {"torch": 1.0, "openvino": 0.5}
_PRECISIONS: dict[Precision, float] = {"fp32": 1.0, "bf16": 0.6, "int8": 0.5}
"""Rough costs, for before anything is measured."""
_DOUBT = 1.25
_DEPTH, _PROTECTED, _UNKNOWN_PATCHES = 12, 2, 512


def ladder_of(
    settings: Sequence[Setting], hops_s: tuple[float, ...], known_ms: Mapping[Setting, float] | None = None
) -> Ladder:
    """The paces of these settings, finest first. Of two engines that compute the same, only one is left: the faster one
    where `known_ms` has both, otherwise OpenVINO, behind which PyTorch answers until there is a graph. What is coarser
    than another setting without being faster is left out too."""
    known_ms = known_ms or {}
    others = tuple(one for one in dict.fromkeys(settings) if not _is_outdone(one, settings, known_ms))
    ours = _that_pay(others, known_ms)[:MOST_SETTINGS]
    return Ladder(ours, hops_s, tuple(map(guessed_cost, ours)))


def hops_of(view: LiveView, *, has_frame_head: bool) -> tuple[float, ...]:
    """The model's own hop and multiples of it. Without a frame head what counts as now stays as it is; with one it
    grows with the hop, up to the context."""
    longest_s = view.context_s if has_frame_head else view.newest_s
    return tuple(times * view.hop_s for times in _TIMES if times == 1 or times * view.hop_s <= longest_s)


def guessed_cost(setting: Setting) -> float:
    """What a window is thought to cost, 1 for PyTorch in fp32 without merging."""
    return _ENGINES[setting.engine] * _PRECISIONS[setting.precision] * _tokens_share(setting.merge)


def _is_outdone(setting: Setting, settings: Sequence[Setting], known_ms: Mapping[Setting, float]) -> bool:
    """Whether the other engine computes the same faster."""
    other = replace(setting, engine="torch" if setting.engine == "openvino" else "openvino")
    if other not in settings:
        return False
    is_graph = setting.engine == "openvino"
    if setting not in known_ms or other not in known_ms:
        return not is_graph
    return known_ms[other] < known_ms[setting] or (known_ms[other] == known_ms[setting] and not is_graph)


def _that_pay(settings: Sequence[Setting], known_ms: Mapping[Setting, float]) -> tuple[Setting, ...]:
    """Those that cost less than all finer ones, as far as is known or guessed; the first always."""
    places = dict(enumerate(settings))
    costs = Costs(
        tuple(map(guessed_cost, settings)), {place: known_ms[one] for place, one in places.items() if one in known_ms}
    )
    least, kept = math.inf, list[Setting]()
    for place, setting in places.items():
        cost = costs.ms(place) or guessed_cost(setting)
        # What was measured may have been measured while the machine was busy.
        if cost < least * (_DOUBT if setting in known_ms else 1):
            kept.append(setting)
            least = min(least, cost)
    return tuple(kept)


def _tokens_share(merge: MergeSchedule) -> float:
    """How many tokens layers have on average, of those that there are without merging."""
    patches = merge.reference_patches or _UNKNOWN_PATCHES
    left = tokens_after_layers(patches + _PROTECTED, merge.per_layer(_DEPTH, patches), _PROTECTED)
    return sum((patches + _PROTECTED, *left[:-1])) / _DEPTH / (patches + _PROTECTED)
