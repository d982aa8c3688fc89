"""What merging saves and costs, as the table that people read. Measures nothing."""

from __future__ import annotations

import statistics
from dataclasses import asdict, dataclass
from typing import Any

from rich.box import SIMPLE
from rich.table import Table

from core.cli.terminal.console import plain
from core.model.networks.cost import ModelCost
from training.study.merging_plan import UNMERGED


@dataclass(frozen=True, slots=True)
class Timing:
    """Medians over the rounds. ms: of a window alone; rate: windows a second of a full batch; ms_speedup, rate_speedup:
    how many times as fast as without merging in the same round."""

    ms: float
    rate: float
    ms_speedup: float
    rate_speedup: float


@dataclass(frozen=True, slots=True)
class MergingRow:
    """A schedule by its word. scores: accuracy and map with their intervals, empty before they are there; timing None
    before the first round."""

    merge: str
    cost: ModelCost
    scores: dict[str, float]
    timing: Timing | None


@dataclass(frozen=True, slots=True)
class MergingTable:
    """All of it, in words for people where it is no number."""

    title: str
    model: str
    data: str
    split: str
    n_clips: int
    machine: str
    window_s: float
    batch: int
    n_rounds: int
    rows: tuple[MergingRow, ...]


def timings(rounds: list[dict[str, float]], word: str) -> Timing | None:
    """Of one schedule, from what `Stopwatch.round` gave."""
    if not rounds:
        return None
    return Timing(
        ms=statistics.median(one[f"ms {word}"] for one in rounds),
        rate=statistics.median(one[f"rate {word}"] for one in rounds),
        ms_speedup=statistics.median(one[f"ms {UNMERGED}"] / one[f"ms {word}"] for one in rounds),
        rate_speedup=statistics.median(one[f"rate {word}"] / one[f"rate {UNMERGED}"] for one in rounds),
    )


def as_table(table: MergingTable) -> Table:
    """For the terminal; see `print_table`."""
    title = f"{table.title}: {table.model} on {table.data}, {table.split}: {table.n_clips} clips"
    shown = Table(
        title=plain(title, "table.title"),
        caption=plain(
            f"Windows of {table.window_s:g} s on {table.machine}. Medians of {table.n_rounds} rounds, × how many times "
            f"as fast as without merging in the same round; windows/s with {table.batch} at once. Accuracy with its "
            "95 % interval over clips (Clopper–Pearson).",
            "table.caption",
        ),
        box=SIMPLE,
        pad_edge=False,
    )
    shown.add_column("--merge", no_wrap=True)
    for heading in ("tokens left", "GMAC", "ms", "×", "windows/s", "×", "accuracy", "mAP"):
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
    """The same for programs."""
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
    said = {name: getattr(table, name) for name in MergingTable.__slots__ if name != "rows"}
    return {**said, "rows": rows}
