"""Formats what merging saves and costs as a table and as JSON."""

from __future__ import annotations

import statistics
from dataclasses import asdict, dataclass
from typing import Any

from rich.box import SIMPLE
from rich.table import Table

from core.cli.terminal.console import plain
from core.model.networks.cost import ModelCost
from core.run.metric_names import metric_title
from training.study.merging_plan import UNMERGED


@dataclass(frozen=True, slots=True)
class Timing:
    """Medians over the rounds."""

    ms: float
    """Of a single window."""
    rate: float
    """Windows per second, in full batches."""
    ms_speedup: float
    """Of a single window, relative to no merging in the same round."""
    rate_speedup: float
    """Of full batches, relative to no merging in the same round."""


@dataclass(frozen=True, slots=True)
class MergingRow:
    """The results of one schedule."""

    merge: str
    """Its spelling for `--merge`."""
    cost: ModelCost
    scores: dict[str, float]
    """accuracy and map with their intervals; empty until they are measured."""
    timing: Timing | None
    """None before the first round."""


@dataclass(frozen=True, slots=True)
class MergingTable:
    """All rows and what they were measured on. Texts are for people."""

    title: str
    model: str
    data: str
    split: str
    """Which clips of the data were scored."""
    n_clips: int
    machine: str
    window_s: float
    """The length of the windows that were timed."""
    batch: int
    """Windows per batch, for the throughput."""
    n_rounds: int
    """Of timing, so far."""
    rows: tuple[MergingRow, ...]


def timings(rounds: list[dict[str, float]], merge: str) -> Timing | None:
    """The timing of one schedule, from the results of `Stopwatch.round`; None without any."""
    if not rounds:
        return None
    return Timing(
        ms=statistics.median(times[f"ms {merge}"] for times in rounds),
        rate=statistics.median(times[f"rate {merge}"] for times in rounds),
        ms_speedup=statistics.median(times[f"ms {UNMERGED}"] / times[f"ms {merge}"] for times in rounds),
        rate_speedup=statistics.median(times[f"rate {merge}"] / times[f"rate {UNMERGED}"] for times in rounds),
    )


def as_table(table: MergingTable) -> Table:
    """For the terminal; see `print_table`."""
    title = f"{table.title}: {table.model} on {table.data}, {table.split}: {table.n_clips} clips"
    shown = Table(
        title=plain(title, "table.title"),
        caption=plain(
            f"Windows of {table.window_s:g} s on {table.machine}. Medians of {table.n_rounds} rounds; × is the "
            f"speed-up over no merging in the same round; windows/s in batches of {table.batch}. Accuracy with its "
            "95 % interval over clips (Clopper–Pearson).",
            "table.caption",
        ),
        box=SIMPLE,
        pad_edge=False,
    )
    shown.add_column("--merge", no_wrap=True)
    for heading in ("tokens left", "GMAC", "ms", "×", "windows/s", "×", *map(metric_title, ("accuracy", "map"))):
        shown.add_column(heading, justify="right")
    for row in table.rows:
        left, cost = str(row.cost.n_tokens[-1]), f"{row.cost.gmac:.2f}"
        shown.add_row(row.merge, left, cost, *_timed(row.timing), *_scored(row.scores))
    return shown


def _timed(timing: Timing | None) -> tuple[str, ...]:
    if timing is None:
        return ("–",) * 4
    return f"{timing.ms:.1f}", f"{timing.ms_speedup:.2f}", f"{timing.rate:.1f}", f"{timing.rate_speedup:.2f}"


def _scored(scores: dict[str, float]) -> tuple[str, ...]:
    accuracy = "–"
    if "accuracy" in scores:
        low, high = 100 * scores["accuracy_low"], 100 * scores["accuracy_high"]
        accuracy = f"{scores['accuracy']:.1%} ({low:.1f} to {high:.1f})"
    return accuracy, f"{scores['map']:.3f}" if "map" in scores else "–"


def as_dict(table: MergingTable) -> dict[str, Any]:
    """The same as JSON, for programs."""
    whole = table.rows[0].cost
    rows = [
        {
            "merge": row.merge,
            "tokens": list(row.cost.n_tokens),
            "gmac": round(row.cost.gmac, 6),
            "gmac_of_matching": round(row.cost.matching / 1e9, 6),
            "saved": round(whole.total / row.cost.total, 4),
            **({} if row.timing is None else asdict(row.timing)),
            **row.scores,
        }
        for row in table.rows
    ]
    described = {name: getattr(table, name) for name in MergingTable.__slots__ if name != "rows"}
    return {**described, "rows": rows}
