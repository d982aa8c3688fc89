"""What is known of a model's settings before it listens: by `soundmark bench`, by a quick look when graphs were made,
and by what was learnt while it listened before."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from core.inference.engines.bench_tables import BenchTable
from core.inference.engines.models import Agreement, Setting, Shape
from core.inference.pacing.memory import Remembered
from core.inference.pacing.settings import Known


@dataclass(frozen=True, slots=True)
class Figures:
    """Settings that are missing are not known."""

    ms: Mapping[Setting, float] = field(default_factory=dict[Setting, float])
    """What a live window takes."""
    benched: Mapping[Setting, float] = field(default_factory=dict[Setting, float])
    """What `soundmark bench` measured in one run, perhaps with another input: how much faster one is than another."""
    agreement: Mapping[Setting, Agreement] = field(default_factory=dict[Setting, Agreement])
    """How far its answers are as good."""


def figures_of(
    known: Mapping[Setting, Known], table: BenchTable, shapes: Sequence[Shape], remembered: Remembered | None
) -> Figures:
    """What is known of settings. shapes: what the model is asked for each live window. What was learnt while listening
    counts more than a table, unless the table is newer."""
    live_ms = _live_ms(table, shapes)
    quick_ms = {setting: one.ms for setting, one in known.items() if one.ms is not None}
    quick = {setting: one.agreement for setting, one in known.items() if one.agreement is not None}
    learnt_ms: Mapping[Setting, float] = {} if remembered is None else remembered.costs_ms
    later = (learnt_ms, live_ms) if is_newer(table, remembered) else (live_ms, learnt_ms)
    return Figures(
        ms={**quick_ms, **later[0], **later[1]},
        benched=_benched(table, shapes, live_ms),
        agreement={**quick, **_agreements(table, shapes)},
    )


def is_newer(table: BenchTable, remembered: Remembered | None) -> bool:
    """Whether a table was measured after the model last listened."""
    return bool(table.rows) and (remembered is None or table.at > remembered.at)


def _live_ms(table: BenchTable, shapes: Sequence[Shape]) -> dict[Setting, float]:
    """Of settings that were measured with all inputs of a live window."""
    ms = {(row.setting, row.shape): row.p50_ms for row in table.rows}
    settings = dict.fromkeys(row.setting for row in table.rows)
    return {one: sum(ms[one, shape] for shape in shapes) for one in settings if all((one, at) in ms for at in shapes)}


def _benched(table: BenchTable, shapes: Sequence[Shape], live_ms: dict[Setting, float]) -> dict[Setting, float]:
    """Of the input with which most settings were measured, that of listening if there is a choice."""
    by_shape: dict[Shape, dict[Setting, float]] = {}
    for row in sorted(table.rows, key=lambda one: one.shape not in shapes):
        by_shape.setdefault(row.shape, {})[row.setting] = row.p50_ms
    return max((live_ms, *by_shape.values()), key=len)


def _agreements(table: BenchTable, shapes: Sequence[Shape]) -> dict[Setting, Agreement]:
    """With the inputs of a live window, where one of them was measured, else with any; the worst of several."""
    found: dict[Setting, Agreement] = {}
    is_live: dict[Setting, bool] = {}
    for row in sorted(table.rows, key=lambda one: one.shape not in shapes):
        before, now_live = found.get(row.setting), row.shape in shapes
        if before is None:
            found[row.setting], is_live[row.setting] = row.agrees, now_live
        elif is_live[row.setting] == now_live:
            worst = Agreement(min(before.share, row.agreement), max(before.difference, row.difference))
            found[row.setting] = worst
    return found
