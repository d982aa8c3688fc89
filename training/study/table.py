"""Summarises a study's runs in a table: our figures with their spread, beside those of the papers."""

from __future__ import annotations

import math
import statistics
from dataclasses import asdict, dataclass
from typing import Any

from rich.table import Table
from rich.text import Text
from scipy import stats

from core.cli.terminal.console import plain
from core.run.metric_names import metric_title
from training.study.ledger import Ledger, LedgerEntry, may_be_same
from training.study.plan import PaperFigure, Study, StudyRow

INTERVAL = "95 % confidence interval of the mean by Student's t, treating folds and seeds as independent"


@dataclass(frozen=True, slots=True)
class Difference:
    """The mean difference between a row and the study's base row, over pairs of runs with the same fold and seed.

    Where both rows have the same `init`, runs that started from different weights (on different computers) are not
    paired.
    """

    n_pairs: int
    mean: float
    interval: tuple[float, float] | None
    """95 % interval of the mean; None for a single pair."""


@dataclass(frozen=True, slots=True)
class RowOutcome:
    """The results of one row so far."""

    name: str
    metric: str
    """The figure that it shows."""
    n_runs: int
    """Finished runs."""
    n_failed: int
    """Failed runs."""
    n_wanted: int
    """Cells of the row."""
    mean: float | None
    """None without a run."""
    deviation: float | None
    """Standard deviation; None with fewer than two runs."""
    interval: tuple[float, float] | None
    """Of the mean; None with fewer than two runs."""
    seconds: float | None
    """Mean duration of a run; None without a run."""
    paper: PaperFigure | None
    """The published figure to compare with; None without one."""
    over_base: Difference | None
    """None for the base row, for rows with one seed, which are not compared, and without pairs of runs."""


def outcomes(study: Study, ledger: Ledger) -> tuple[RowOutcome, ...]:
    """The outcome of each row, without entries of other settings or other clips."""
    by_row: dict[str, dict[tuple[str, int], LedgerEntry]] = {row.name: {} for row in study.rows if not row.of}
    n_wanted = dict.fromkeys(by_row, 0)
    for cell in study.cells():
        n_wanted[cell.row] += 1
        entry = ledger.of(cell.name, cell.digest, cell.data)
        if entry is not None:
            by_row[cell.row][cell.fold, cell.seed] = entry
    runs = {row.name: by_row[row.of or row.name] for row in study.rows}
    base = next((row for row in study.rows if row.name == study.base), None)
    return tuple(
        _outcome(
            row,
            study.metric_of(row.name),
            runs[row.name],
            n_wanted=n_wanted[row.of or row.name],
            over_base=_over_base(study, row, base, runs) if base else None,
        )
        for row in study.rows
    )


def _outcome(
    row: StudyRow,
    metric: str,
    runs: dict[tuple[str, int], LedgerEntry],
    n_wanted: int,
    over_base: Difference | None,
) -> RowOutcome:
    by_place = _values(runs, metric)
    values = list(by_place.values())
    return RowOutcome(
        name=row.name,
        metric=metric,
        n_runs=len(values),
        n_failed=len(runs) - len(values),
        n_wanted=n_wanted,
        mean=statistics.fmean(values) if values else None,
        deviation=statistics.stdev(values) if len(values) > 1 else None,
        interval=mean_interval(values) if len(values) > 1 else None,
        seconds=statistics.fmean(runs[place].seconds for place in by_place) if values else None,
        paper=row.paper,
        over_base=over_base,
    )


def _values(runs: dict[tuple[str, int], LedgerEntry], metric: str) -> dict[tuple[str, int], float]:
    """The figure of each finished run, by fold and seed."""
    return {
        place: run.metrics[metric] for place, run in runs.items() if run.state == "finished" and metric in run.metrics
    }


def _over_base(
    study: Study, row: StudyRow, base: StudyRow, runs: dict[str, dict[tuple[str, int], LedgerEntry]]
) -> Difference | None:
    by_name = {each.name: each for each in study.rows}
    with_runs, base_with_runs = by_name[row.of or row.name], by_name[base.of or base.name]
    if row is base or with_runs.seed is not None:
        return None
    mine, bases = (_values(runs[each.name], study.metric_of(each.name)) for each in (row, base))
    places = mine.keys() & bases.keys()
    if with_runs.init == base_with_runs.init:
        starts = {place: (runs[row.name][place].start, runs[base.name][place].start) for place in places}
        places = {place for place in places if may_be_same(*starts[place])}
    pairs = [mine[place] - bases[place] for place in sorted(places)]
    if not pairs:
        return None
    return Difference(len(pairs), statistics.fmean(pairs), mean_interval(pairs) if len(pairs) > 1 else None)


def mean_interval(values: list[float]) -> tuple[float, float]:
    """The 95 % interval of the mean of n >= 2 values, by Student's t with n - 1 degrees of freedom."""
    reach = float(stats.t.ppf(0.975, len(values) - 1)) * statistics.stdev(values) / math.sqrt(len(values))
    mean = statistics.fmean(values)
    return mean - reach, mean + reach


def as_table(study: Study, rows: tuple[RowOutcome, ...]) -> Table:
    """The table for the terminal, with the papers' sources and notes as its caption."""
    sources = [_source(row) for row in rows if row.paper]
    over = (f"over {study.base}, 95 %",) if study.base else ()
    paired = [f"{over[0]}: mean difference between runs with the same fold and seed."] if over else []
    caption = [*sources, *paired, f"± standard deviation; {INTERVAL}."]
    below = Text("\n").join(plain(line, "table.caption") for line in caption)
    table = Table(title=plain(study.title, "table.title"), caption=below)
    for heading in ("row", "figure", "ours", "95 %", *over, "runs", "paper", "seconds per run"):
        is_word = heading in ("row", "figure")
        table.add_column(heading, justify="left" if is_word else "right", no_wrap=is_word)
    for row in rows:
        mean = "–" if row.mean is None else f"{row.mean:.4f}"
        ours = mean if row.deviation is None else f"{mean} ± {row.deviation:.4f}"
        span = "–" if row.interval is None else f"{row.interval[0]:.4f} to {row.interval[1]:.4f}"
        failed = f", {row.n_failed} failed" if row.n_failed else ""
        seconds = "–" if row.seconds is None else f"{row.seconds:.0f}"
        difference = (_difference(row),) if over else ()
        runs = f"{row.n_runs} of {row.n_wanted}{failed}"
        table.add_row(
            plain(row.name), metric_title(row.metric), ours, span, *difference, runs, _paper_figure(row.paper), seconds
        )
    return table


def _difference(row: RowOutcome) -> str:
    difference = row.over_base
    if difference is None:
        return "–"
    span = f", {difference.interval[0]:+.4f} to {difference.interval[1]:+.4f}" if difference.interval else ""
    pairs = f" ({difference.n_pairs} of {row.n_runs} runs)" if difference.n_pairs < row.n_runs else ""
    return f"{difference.mean:+.4f}{span}{pairs}"


def _paper_figure(paper: PaperFigure | None) -> str:
    if paper is None:
        return "–"
    return f"{paper.value:.4f}" + ("" if paper.spread is None else f" ± {paper.spread:.4f}")


def _source(row: RowOutcome) -> str:
    assert row.paper is not None, "only rows with a paper have a source"
    return f"{row.name}: {row.paper.source}" + (f" ({row.paper.note})" if row.paper.note else "")


def as_dict(study: Study, rows: tuple[RowOutcome, ...]) -> dict[str, Any]:
    """The same as JSON, for programs."""
    plain = [
        {
            "row": row.name,
            "metric": row.metric,
            "mean": row.mean,
            "deviation": row.deviation,
            "interval": row.interval,
            "over_base": row.over_base and asdict(row.over_base),
            "n_runs": row.n_runs,
            "n_failed": row.n_failed,
            "n_wanted": row.n_wanted,
            "seconds": row.seconds,
            "paper": None if row.paper is None else row.paper.value,
            "source": "" if row.paper is None else row.paper.source,
        }
        for row in rows
    ]
    return {"study": study.name, "metric": study.metric, "base": study.base, "interval": INTERVAL, "rows": plain}
