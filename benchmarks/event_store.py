"""Measures how long a page of the event store takes, with a year of a busy microphone in it.

    python benchmarks/event_store.py [--rows 2000000] [--rounds 40] [--file FILE] [--json]

Makes events like those of a room that is listened to around the clock: labels of which a few are very common and most
are rare, a session a day, an input that was used in spring only, near misses, some notes and stars. Then asks for
pages of 200 in every order, from the beginning and from random places, with every filter alone and with others, and
prints the median and the 95th percentile of each, and of counting to 10 000, in ms: by the clock, and of processor
time, which other programs on the machine disturb less. FILE is kept and used again.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np
from numpy.typing import NDArray

from core.heard.event import SORTS, Cursor, EventQuery, HeardEvent
from core.heard.store import EventStore

AIM_MS = 50.0
YEAR_S = 365 * 86_400.0
DAY_S = 86_400.0
BEGIN_AT = 1_735_689_600.0
N_LABELS = 500
COUNTED = 10_000
"""The window counts to this number."""
N_PREPARED = 50_000
KINDS = ("event", "near_miss")
Ask = Callable[[EventStore], tuple[EventQuery, Cursor | None]]


def year(n_rows: int, seed: int = 1) -> Iterator[list[HeardEvent]]:
    """The events of a year in order of time, in lists."""
    rng = np.random.default_rng(seed)
    for part in np.array_split(np.sort(rng.uniform(0, YEAR_S, n_rows)), max(1, n_rows // N_PREPARED)):
        ranks = np.minimum(rng.zipf(1.3, len(part)), N_LABELS) - 1
        lengths, peaks = rng.exponential(3, len(part)), rng.beta(4, 2, len(part))
        yield [
            _event(float(at), int(rank), float(length), float(peak), float(chance))
            for at, rank, length, peak, chance in zip(part, ranks, lengths, peaks, rng.random(len(part)), strict=True)
        ]


def _event(at: float, rank: int, length_s: float, peak: float, chance: float) -> HeardEvent:
    day = int(at // DAY_S)
    onset_s, onset_at = at - day * DAY_S, BEGIN_AT + at
    return HeardEvent(
        session=f"day{day}",
        label_id=f"/m/{rank:04}",
        label=f"Sound {rank} of {'animals' if rank % 7 else 'engines'}",
        onset_s=onset_s,
        offset_s=onset_s + length_s,
        onset_at=onset_at,
        offset_at=onset_at + length_s,
        peak=peak,
        model="starter",
        model_hash="0123456789abcdef",
        input="Spring microphone" if 80 < day < 150 else "USB audio device",
        kind="near_miss" if chance < 0.2 else "event",
        note="Heard again from the garden" if chance > 0.9998 else "",
        is_starred=0.2 < chance < 0.2004,
    )


def questions(rng: random.Random) -> dict[str, Ask]:
    """What is asked for, by its name in the table."""

    def first(**values: object) -> Ask:
        return lambda store: (EventQuery(**values), None)  # type: ignore[arg-type]

    def since_some_day() -> float:
        return BEGIN_AT + rng.uniform(0, YEAR_S - 8 * DAY_S)

    def label(most: int) -> tuple[str, ...]:
        return (f"/m/{rng.randrange(most):04}",)

    asks: dict[str, Ask] = {}
    for sort in SORTS:
        asks[f"first page by {sort}"] = first(sort=sort)
        asks[f"first page by {sort}, ascending"] = first(sort=sort, is_descending=False)
        asks[f"next page by {sort}, anywhere"] = lambda store, sort=sort: _anywhere(store, sort, rng)
    for sort in SORTS:
        asks[f"one label by {sort}"] = lambda _, sort=sort: (EventQuery(label(N_LABELS), sort=sort), None)
        asks[f"20 labels by {sort}"] = lambda _, sort=sort: (
            EventQuery(tuple(f"/m/{rng.randrange(N_LABELS):04}" for _ in range(20)), sort=sort),
            None,
        )
        asks[f"a week by {sort}"] = lambda _, sort=sort: (
            EventQuery(since=(at := since_some_day()), until=at + 7 * DAY_S, sort=sort),
            None,
        )
        asks[f"half a year by {sort}"] = first(since=BEGIN_AT + YEAR_S / 4, until=BEGIN_AT + 3 * YEAR_S / 4, sort=sort)
        asks[f"a common label of one week by {sort}"] = lambda _, sort=sort: (
            EventQuery(label(5), since=(at := since_some_day()), until=at + 7 * DAY_S, sort=sort),
            None,
        )
        asks[f"text in a label's name by {sort}"] = lambda _, sort=sort: (
            EventQuery(text=f"sound {rng.randrange(N_LABELS)}", sort=sort),
            None,
        )
        asks[f"text in many names by {sort}"] = first(text="ENGINES", sort=sort)
        asks[f"text in notes by {sort}"] = first(text="garden", sort=sort)
        asks[f"text in an input by {sort}"] = first(text="spring", sort=sort)
        asks[f"text that is nowhere by {sort}"] = first(text="qwertz", sort=sort)
        asks[f"near misses by {sort}"] = first(kinds=("near_miss",), sort=sort)
        asks[f"both kinds by {sort}"] = first(kinds=KINDS, sort=sort)
        asks[f"starred by {sort}"] = first(is_starred=True, sort=sort)
        asks[f"peak from 0.9 by {sort}"] = first(least_peak=0.9, sort=sort)
        asks[f"peak from 0.999 by {sort}"] = first(least_peak=0.999, sort=sort)
        asks[f"a session by {sort}"] = lambda _, sort=sort: (
            EventQuery(session=f"day{rng.randrange(365)}", sort=sort),
            None,
        )
    return asks


def _anywhere(store: EventStore, sort: str, rng: random.Random) -> tuple[EventQuery, Cursor | None]:
    """A page that begins after a random event, as scrolling far down reaches it."""
    since = BEGIN_AT + rng.uniform(0, 0.99 * YEAR_S)
    [event] = store.page(EventQuery(since=since, is_descending=False), limit=1).events
    keys = {"time": event.onset_at, "length": event.length_s, "peak": event.peak}
    if sort == "label":
        return EventQuery(sort=sort), Cursor(
            (event.label.lower(), event.label, event.label_id, event.onset_at, event.id)
        )
    return EventQuery(sort=sort), Cursor((keys[sort], event.id))


def fill(file: Path, n_rows: int) -> float:
    """Store a year of events; the seconds that took."""
    began = time.perf_counter()
    with closing(EventStore(file)) as store:
        for events in year(n_rows):
            store.add(events)
    return time.perf_counter() - began


def measure(file: Path, n_rounds: int) -> dict[str, tuple[float, float, float, float]]:
    """Median and 95th percentile by the clock, then of processor time, in ms, of every question."""
    times: dict[str, list[tuple[float, float]]] = {}
    with closing(EventStore(file)) as store:
        for name, ask in questions(random.Random(2)).items():
            for _ in range(n_rounds):
                query, cursor = ask(store)
                times.setdefault(name, []).append(_took(partial(store.page, query, cursor)))
                if query.sort == "time" and cursor is None:
                    counted = _took(partial(store.count_up_to, query, COUNTED))
                    times.setdefault(f"count of {name.removesuffix(' by time')}", []).append(counted)
    return {name: _percentiles(np.array(pairs) * 1000) for name, pairs in times.items()}


def _took(call: Callable[[], object]) -> tuple[float, float]:
    """Seconds by the clock, and of processor time."""
    began, began_cpu = time.perf_counter(), time.process_time()
    call()
    return time.perf_counter() - began, time.process_time() - began_cpu


def _percentiles(ms: NDArray[np.float64]) -> tuple[float, float, float, float]:
    (median, median_cpu), (high, high_cpu) = np.percentile(ms, (50, 95), axis=0).tolist()
    return median, high, median_cpu, high_cpu


def main() -> None:
    """Fill a store, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=2_000_000)
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--file", type=Path)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        file = options.file or Path(folder) / "events.sqlite"
        if not file.exists():
            print(f"stored {options.rows} events in {fill(file, options.rows):.0f} s", file=sys.stderr)
        figures = measure(file, options.rounds)
        size = file.stat().st_size / 1e6
    if options.json:
        print(json.dumps({"megabytes": size, "ms": figures}))
        return
    print(f"{size:.0f} MB")
    print(f"{'ms':44} {'p50':>8} {'p95':>8} {'p50 CPU':>8} {'p95 CPU':>8}")
    for name, row in figures.items():
        print(f"{name:44} {' '.join(f'{ms:8.1f}' for ms in row)}{'  above the aim' if row[1] > AIM_MS else ''}")
    table = np.array(list(figures.values()))
    print(f"{'all questions, the highest':44} {' '.join(f'{ms:8.1f}' for ms in table.max(axis=0))}")


if __name__ == "__main__":
    main()
