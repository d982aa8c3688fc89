"""A study's outcome as the table that people compare: ours, with its spread, beside the paper's. Runs nothing."""

from __future__ import annotations

import math
import statistics
from dataclasses import asdict, dataclass
from typing import Any

from rich.table import Table
from rich.text import Text
from scipy import stats

from core.cli.terminal.console import plain
from training.study.ledger import Ledger, LedgerEntry, may_be_same
from training.study.plan import PaperFigure, Study, StudyRow

INTERVAL = "95 % interval of the mean by Student's t, over folds and seeds as if each were a draw of its own"


@dataclass(frozen=True, slots=True)
class Difference:
    """How much more a row has than the study's base row, run against run of the same fold and seed. interval: None
    where one run of each is all. Where both rows begin with the same, runs that began with other weights than the
    base's, on another computer, are no pair."""

    n_pairs: int
    mean: float
    interval: tuple[float, float] | None


@dataclass(frozen=True, slots=True)
class RowOutcome:
    """One row so far. mean, seconds: None before the first run; deviation, interval: None before the second.

    metric: the figure that it shows. n_wanted: cells; seconds: mean of a run; over_base: None for the base row itself,
    for rows of one seed, which are no part of the comparison, and without pairs of runs.
    """

    name: str
    metric: str
    n_runs: int
    n_failed: int
    n_wanted: int
    mean: float | None
    deviation: float | None
    interval: tuple[float, float] | None
    seconds: float | None
    paper: PaperFigure | None
    over_base: Difference | None


def outcomes(study: Study, ledger: Ledger) -> tuple[RowOutcome, ...]:
    """Of each row; entries whose settings have changed since, and those of other clips, do not count."""
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
    """A figure of each finished run, by fold and seed."""
    return {
        place: run.metrics[metric] for place, run in runs.items() if run.state == "finished" and metric in run.metrics
    }


def _over_base(
    study: Study, row: StudyRow, base: StudyRow, runs: dict[str, dict[tuple[str, int], LedgerEntry]]
) -> Difference | None:
    made = {one.name: one for one in study.rows}
    ran, base_ran = made[row.of or row.name], made[base.of or base.name]
    if row is base or ran.seed is not None:
        return None
    mine, bases = (_values(runs[one.name], study.metric_of(one.name)) for one in (row, base))
    places = mine.keys() & bases.keys()
    if ran.init == base_ran.init:
        starts = {place: (runs[row.name][place].start, runs[base.name][place].start) for place in places}
        places = {place for place in places if may_be_same(*starts[place])}
    pairs = [mine[place] - bases[place] for place in sorted(places)]
    if not pairs:
        return None
    return Difference(len(pairs), statistics.fmean(pairs), mean_interval(pairs) if len(pairs) > 1 else None)


def mean_interval(values: list[float]) -> tuple[float, float]:
    """The 95 % interval of the mean of two or more values, by Student's t with one degree of freedom fewer."""
    reach = float(stats.t.ppf(0.975, len(values) - 1)) * statistics.stdev(values) / math.sqrt(len(values))
    mean = statistics.fmean(values)
    return mean - reach, mean + reach


def as_table(study: Study, rows: tuple[RowOutcome, ...]) -> Table:
    """For the terminal; sources and notes of the papers stand below."""
    sources = [_source(row) for row in rows if row.paper]
    over = (f"over {study.base}, 95 %",) if study.base else ()
    paired = [f"{over[0]}: mean of the differences between runs of one fold and seed."] if over else []
    caption = [*sources, *paired, f"± standard deviation; {INTERVAL}."]
    below = Text("\n").join(plain(line, "table.caption") for line in caption)
    table = Table(title=plain(study.title, "table.title"), caption=below)
    for heading in ("row", "figure", "ours", "95 %", *over, "runs", "paper", "seconds a run"):
        is_word = heading in ("row", "figure")
        table.add_column(heading, justify="left" if is_word else "right", no_wrap=is_word)
    for row in rows:
        mean = "–" if row.mean is None else f"{row.mean:.4f}"
        ours = mean if row.deviation is None else f"{mean} ± {row.deviation:.4f}"
        span = "–" if row.interval is None else f"{row.interval[0]:.4f} to {row.interval[1]:.4f}"
        failed = f", {row.n_failed} failed" if row.n_failed else ""
        seconds = "–" if row.seconds is None else f"{row.seconds:.0f}"
        difference = (_in_words(row),) if over else ()
        runs = f"{row.n_runs} of {row.n_wanted}{failed}"
        table.add_row(plain(row.name), row.metric, ours, span, *difference, runs, _published(row.paper), seconds)
    return table


def _in_words(row: RowOutcome) -> str:
    difference = row.over_base
    if difference is None:
        return "–"
    span = f", {difference.interval[0]:+.4f} to {difference.interval[1]:+.4f}" if difference.interval else ""
    pairs = f" ({difference.n_pairs} of {row.n_runs} runs)" if difference.n_pairs < row.n_runs else ""
    return f"{difference.mean:+.4f}{span}{pairs}"


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
