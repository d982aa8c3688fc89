"""A study's outcome as the table that people compare: ours, with its spread, beside the paper's. Runs nothing."""

from __future__ import annotations

import math
import statistics
from dataclasses import dataclass
from typing import Any

from rich.table import Table
from scipy import stats

from training.study_ledger import Ledger, LedgerEntry
from training.study_plan import PaperFigure, Study

INTERVAL = "95 % interval of the mean by Student's t, over folds and seeds as if each were a draw of its own"


@dataclass(frozen=True, slots=True)
class RowOutcome:
    """One row so far. mean, seconds: None before the first run; deviation, interval: None before the second.

    n_wanted: cells; seconds: mean of a run.
    """

    name: str
    n_runs: int
    n_failed: int
    n_wanted: int
    mean: float | None
    deviation: float | None
    interval: tuple[float, float] | None
    seconds: float | None
    paper: PaperFigure | None


def outcomes(study: Study, ledger: Ledger) -> tuple[RowOutcome, ...]:
    """Of each row; entries whose settings have changed since, and those of other clips, do not count."""
    by_row: dict[str, list[LedgerEntry]] = {row.name: [] for row in study.rows if not row.of}
    n_wanted = dict.fromkeys(by_row, 0)
    for cell in study.cells():
        n_wanted[cell.row] += 1
        entry = ledger.of(cell.name, cell.digest, cell.data)
        if entry is not None:
            by_row[cell.row].append(entry)
    return tuple(
        _outcome(row.name, row.paper, by_row[runs], n_wanted[runs], row.metric or study.metric)
        for row in study.rows
        for runs in (row.of or row.name,)
    )


def _outcome(
    name: str, paper: PaperFigure | None, entries: list[LedgerEntry], n_wanted: int, metric: str
) -> RowOutcome:
    finished = [one for one in entries if one.state == "finished" and metric in one.metrics]
    values = [one.metrics[metric] for one in finished]
    return RowOutcome(
        name=name,
        n_runs=len(finished),
        n_failed=len(entries) - len(finished),
        n_wanted=n_wanted,
        mean=statistics.fmean(values) if values else None,
        deviation=statistics.stdev(values) if len(values) > 1 else None,
        interval=mean_interval(values) if len(values) > 1 else None,
        seconds=statistics.fmean(one.seconds for one in finished) if finished else None,
        paper=paper,
    )


def mean_interval(values: list[float]) -> tuple[float, float]:
    """The 95 % interval of the mean of two or more values, by Student's t with one degree of freedom fewer."""
    reach = float(stats.t.ppf(0.975, len(values) - 1)) * statistics.stdev(values) / math.sqrt(len(values))
    mean = statistics.fmean(values)
    return mean - reach, mean + reach


def as_table(study: Study, rows: tuple[RowOutcome, ...]) -> Table:
    """For the terminal; sources and notes of the papers stand below."""
    sources = [_source(row) for row in rows if row.paper]
    table = Table(
        title=f"{study.title}: {study.metric}", caption="\n".join([*sources, f"± standard deviation; {INTERVAL}."])
    )
    for heading in ("row", "ours", "95 %", "runs", "paper", "seconds a run"):
        table.add_column(heading, justify="left" if heading == "row" else "right")
    for row in rows:
        mean = "–" if row.mean is None else f"{row.mean:.4f}"
        ours = mean if row.deviation is None else f"{mean} ± {row.deviation:.4f}"
        span = "–" if row.interval is None else f"{row.interval[0]:.4f} to {row.interval[1]:.4f}"
        failed = f", {row.n_failed} failed" if row.n_failed else ""
        seconds = "–" if row.seconds is None else f"{row.seconds:.0f}"
        table.add_row(row.name, ours, span, f"{row.n_runs} of {row.n_wanted}{failed}", _published(row.paper), seconds)
    return table


def _published(paper: PaperFigure | None) -> str:
    if paper is None:
        return "–"
    return f"{paper.value:.4f}" + ("" if paper.spread is None else f" ± {paper.spread:.4f}")


def _source(row: RowOutcome) -> str:
    assert row.paper is not None, "only rows with a paper have a source"
    return f"{row.name}: {row.paper.source}" + (f" ({row.paper.note})" if row.paper.note else "")


def as_dict(study: Study, rows: tuple[RowOutcome, ...]) -> dict[str, Any]:
    """The same for programs."""
    plain = [
        {
            "row": row.name,
            "mean": row.mean,
            "deviation": row.deviation,
            "interval": row.interval,
            "n_runs": row.n_runs,
            "n_failed": row.n_failed,
            "n_wanted": row.n_wanted,
            "seconds": row.seconds,
            "paper": None if row.paper is None else row.paper.value,
            "source": "" if row.paper is None else row.paper.source,
        }
        for row in rows
    ]
    return {"study": study.name, "metric": study.metric, "interval": INTERVAL, "rows": plain}
