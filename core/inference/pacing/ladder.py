"""The settings and hops that a model may be given, and what each setting is thought to cost."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

from core.inference.engines.models import Precision, Setting
from core.inference.live_view import LiveView
from core.inference.pacing.costs import Costs
from core.inference.pacing.figures import Figures
from core.inference.pacing.models import MOST_SETTINGS, Ladder
from core.model.merging.schedule import MergeSchedule, tokens_after_layers

_TIMES = (1, 2, 4, 8)
"""Hops, as multiples of the model's own."""
_ENGINES = {"torch": 1.0, "openvino": 0.5}
_PRECISIONS: dict[Precision, float] = {"fp32": 1.0, "bf16": 0.6, "fp16": 0.6, "int8": 0.5}
"""Rough costs, for before anything is measured."""
_DOUBT = 1.25
NOTHING_KNOWN = Figures()
_DEPTH, _PROTECTED, _UNKNOWN_PATCHES = 12, 2, 512


def ladder_of(settings: Sequence[Setting], hops_s: tuple[float, ...], figures: Figures = NOTHING_KNOWN) -> Ladder:
    """The paces of these settings, finest first, those whose answers differ too much last. Of two engines that compute
    the same, only one is left: the faster one where both are known, otherwise OpenVINO, behind which PyTorch answers
    until there is a graph. What is coarser than another setting without being faster is left out too."""
    different = {one: found for one, found in figures.agreement.items() if one in settings and not found.is_enough}
    if len(different) == len(set(settings)):
        different = {}  # whoever asked for these alone gets the finest of them
    finest_first = sorted(dict.fromkeys(settings), key=lambda one: one in different)
    rivals = {one: _other_engine(one) for one in finest_first}
    others = [
        one
        for one, rival in rivals.items()
        if rival not in rivals or (rival in different) != (one in different) or not _is_outdone(one, rival, figures)
    ]
    ours = _that_pay(others, figures)[:MOST_SETTINGS]
    slower = [one for one in finest_first if one not in ours and (one in figures.ms or one in figures.benched)]
    return Ladder(
        ours,
        hops_s,
        guessed_costs(ours, figures.benched),
        refused={place: different[one] for place, one in enumerate(ours) if one in different},
        n_slower=len(slower),
        is_benched=all(one in figures.benched for one in (*slower, *different)),
    )


def hops_of(view: LiveView, *, has_frame_head: bool) -> tuple[float, ...]:
    """The model's own hop and multiples of it. Without a frame head what counts as now stays as it is; with one it
    grows with the hop, up to the context."""
    longest_s = view.context_s if has_frame_head else view.newest_s
    return tuple(times * view.hop_s for times in _TIMES if times == 1 or times * view.hop_s <= longest_s)


def guessed_cost(setting: Setting) -> float:
    """What a window is thought to cost, 1 for PyTorch in fp32 without merging."""
    return _ENGINES[setting.engine] * _PRECISIONS[setting.precision] * _tokens_share(setting.merge)


def guessed_costs(settings: Sequence[Setting], benched: Mapping[Setting, float]) -> tuple[float, ...]:
    """What a window is thought to cost in each setting, in one unit, by what `soundmark bench` measured of some."""
    guesses = {one: guessed_cost(one) for one in settings}
    known = {one: benched[one] for one in settings if one in benched}
    unit = min((cost / guesses[one] for one, cost in known.items()), default=1.0)
    return tuple(known.get(one, unit * guess) for one, guess in guesses.items())


def _other_engine(setting: Setting) -> Setting:
    return replace(setting, engine="torch" if setting.engine == "openvino" else "openvino")


def _is_outdone(setting: Setting, other: Setting, figures: Figures) -> bool:
    """Whether the other engine computes the same faster."""
    is_graph = setting.engine == "openvino"
    for known in (figures.benched, figures.ms):
        if setting in known and other in known:
            return known[other] < known[setting] or (known[other] == known[setting] and not is_graph)
    return not is_graph


def _that_pay(settings: Sequence[Setting], figures: Figures) -> tuple[Setting, ...]:
    """Those that cost less than all finer ones, as far as is known or guessed; the first always."""
    places, guesses = dict(enumerate(settings)), guessed_costs(settings, figures.benched)
    costs = Costs(guesses, {place: figures.ms[one] for place, one in places.items() if one in figures.ms})
    least, kept = math.inf, list[Setting]()
    for place, setting in places.items():
        cost = costs.ms(place) or guesses[place]
        finer = [figures.benched[one] for one in kept if one in figures.benched]
        if finer and setting in figures.benched:
            pays = figures.benched[setting] < min(finer)  # they were measured side by side
        else:
            # What was measured at different times may have been measured while the machine was busy.
            pays = cost < least * (_DOUBT if setting in figures.ms else 1)
        if pays:
            kept.append(setting)
            least = min(least, cost)
    return tuple(kept)


def _tokens_share(merge: MergeSchedule) -> float:
    """How many tokens layers have on average, of those that there are without merging."""
    patches = merge.reference_patches or _UNKNOWN_PATCHES
    left = tokens_after_layers(patches + _PROTECTED, merge.per_layer(_DEPTH, patches), _PROTECTED)
    return sum((patches + _PROTECTED, *left[:-1])) / _DEPTH / (patches + _PROTECTED)
