"""Measures how the live view and tagging files share the cores: each alone, both at once, and both in turns.

    python benchmarks/sharing_cores.py [--model starter] [--seconds 20] [--rounds 3] [--json]

One thread computes a live window every hop, as listening does; another one asks the model about full windows without a
break, as tagging a file does. "At once" is without the turns of `core/inference/engines/threads.py`. Prints how long a
live window takes (median and 95th percentile, ms), the share of live windows that took longer than their hop, and how
many windows of files are done in a second. Needs the model's graphs: `soundmark models convert` makes them.
"""

from __future__ import annotations

import argparse
import json
import sys
import threading
import time
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np

from core.inference.engines.measuring import demo_windows
from core.inference.engines.models import Shape
from core.inference.engines.threads import TURNS, leave_a_core
from core.inference.results import Window
from core.inference.tagger import Tagger, load_tagger

WAYS = ("live alone", "files alone", "at once", "in turns")


def main(argv: list[str]) -> int:
    """Measure each way in turns, and print medians over the rounds."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model")
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(argv)
    leave_a_core()
    tagger = load_tagger(options.model, device="cpu")
    live, full = _live_window(tagger), _full_windows(tagger)
    live()
    tagger.tag_many(full)
    found: dict[str, list[dict[str, float]]] = {way: [] for way in WAYS}
    for _ in range(options.rounds):
        for way in WAYS:
            found[way].append(_measure(way, tagger, live, full, options.seconds))
    figures = {
        way: {name: round(float(np.median([one[name] for one in rounds])), 2) for name in rounds[0]}
        for way, rounds in found.items()
    }
    print(json.dumps({"engine": tagger.engine, **figures}) if options.json else _lines(tagger.engine, figures))
    return 0


def _live_window(tagger: Tagger) -> Callable[[], object]:
    """What the model is asked for each live window."""
    windows = [(shape, demo_windows(tagger, shape, 1)[0]) for shape in tagger.live_shapes]
    for shape in tagger.live_shapes:
        tagger.load_graph(shape)
    asks = [tagger.tag_frames if shape.reading == "columns" else tagger.tag for shape, _ in windows]
    return lambda: [ask(frames) for ask, (_, frames) in zip(asks, windows, strict=True)]


def _full_windows(tagger: Tagger) -> list[Window]:
    shape = Shape("clip", tagger.window_frames)
    return [(0, frames) for frames in demo_windows(tagger, shape, max(1, tagger.at_once))]


def _measure(
    way: str, tagger: Tagger, live: Callable[[], object], full: list[Window], seconds: float
) -> dict[str, float]:
    """One way for so long."""
    ends_s = time.monotonic() + seconds
    n_windows = 0

    def tag_files() -> None:
        nonlocal n_windows
        while time.monotonic() < ends_s:
            tagger.tag_many(full)
            n_windows += len(full)

    files = threading.Thread(target=tag_files)
    found: dict[str, float] = {}
    if way != "live alone":
        files.start()
    if way != "files alone":
        found = _listen(tagger.live_view.hop_s, live, ends_s, takes_turns=way == "in turns")
    if way != "live alone":
        files.join()
        found["file_windows_per_s"] = n_windows / seconds
    return found


def _listen(hop_s: float, live: Callable[[], object], ends_s: float, *, takes_turns: bool) -> dict[str, float]:
    """How long live windows took."""
    times_ms: list[float] = []
    due_s = time.monotonic()
    while not times_ms or due_s < ends_s:
        time.sleep(max(0.0, due_s - time.monotonic()))
        began_s = time.monotonic()
        with TURNS.live(hop_s) if takes_turns else nullcontext():
            live()
        times_ms.append(1000 * (time.monotonic() - began_s))
        due_s = max(due_s + hop_s, time.monotonic())
    return {
        "live_p50_ms": float(np.median(times_ms)),
        "live_p95_ms": float(np.percentile(times_ms, 95)),
        "late_share": sum(time_ms > 1000 * hop_s for time_ms in times_ms) / len(times_ms),
    }


def _lines(engine: str, figures: dict[str, dict[str, float]]) -> str:
    rows = [f"{way}: " + ", ".join(f"{name} {value:g}" for name, value in row.items()) for way, row in figures.items()]
    return "\n".join([engine, *rows])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
