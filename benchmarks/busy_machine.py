"""Measures what another busy program costs: tagging, training and listening with and without a busy loop on one core.

    python benchmarks/busy_machine.py --data ESC-50 [--rounds 3] [--out FILE]

Runs `soundmark tag` on sixty clips, `soundmark train` for two epochs and `soundmark listen` on the demo scene, each
with OpenMP's default wait policy (threads spin for milliseconds), without spinning, and with the short spin that
Soundmark sets, with and without a busy loop. The settings take turns within each round, so that changes in the speed
of the machine affect all of them. Prints medians and ranges: seconds (tag, train), milliseconds from sound to tag
(listen).
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice, product
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]
MAIN = [sys.executable, str(REPOSITORY / "main.py")]
N_TAGGED, N_TRAINED, LISTENED_S = 60, 64, 15
POLICIES = {
    "spin": {"GOMP_SPINCOUNT": "300000"},
    "sleep": {"OMP_WAIT_POLICY": "PASSIVE", "GOMP_SPINCOUNT": "0"},
    "short spin": {"OMP_WAIT_POLICY": "PASSIVE", "GOMP_SPINCOUNT": "1000"},
}
"""The default of libgomp, no spinning, and what Soundmark sets."""


def main(argv: list[str]) -> int:
    """Measure and print the table; also writes JSON lines to --out."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="a folder with manifest.csv, clips of 5 s")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args(argv)
    clips = sorted((options.data / "audio").rglob("*.*"))
    tasks = {"tag": lambda env: tag(clips, env), "train": lambda env: train(clips, env), "listen": listen}
    found: dict[tuple[str, str, str], list[float]] = {}
    for _ in range(options.rounds):
        for task, load, policy in product(tasks, ("quiet", "busy"), POLICIES):
            with busy_loop(load == "busy"):
                figure = tasks[task](os.environ | POLICIES[policy])
            found.setdefault((task, load, policy), []).append(figure)
            if options.out is not None:
                line = {"task": task, "load": load, "policy": policy, "figure": round(figure, 3)}
                with options.out.open("a") as file:
                    file.write(json.dumps(line) + "\n")
    for (task, load, policy), figures in found.items():
        spread = f"{min(figures):.1f} to {max(figures):.1f}"
        print(f"{task:7} {load:6} {policy:10} {statistics.median(figures):8.1f}  ({spread})")
    return 0


@contextmanager
def busy_loop(is_wanted: bool) -> Iterator[None]:
    """Run a process that always uses one core; the system chooses which."""
    loop = subprocess.Popen([sys.executable, "-c", "while True: pass"]) if is_wanted else None
    try:
        yield
    finally:
        if loop is not None:
            loop.kill()
            loop.wait()


def tag(clips: list[Path], environment: dict[str, str]) -> float:
    """Seconds that `soundmark tag` takes for sixty clips, including its start."""
    began_s = time.perf_counter()
    words = ["tag", *map(str, clips[:N_TAGGED]), "--format", "csv"]
    subprocess.run([*MAIN, *words], env=environment, check=True, capture_output=True)
    return time.perf_counter() - began_s


def train(clips: list[Path], environment: dict[str, str]) -> float:
    """Seconds that a training of two epochs on two classes takes on all cores, including its start."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for i, clip in enumerate(islice(clips, N_TRAINED)):
            link = folder / "data" / "ab"[i % 2] / clip.name
            link.parent.mkdir(parents=True, exist_ok=True)
            link.symlink_to(clip.resolve())
        words = ["train", "esc50-scratch", "--data", str(folder / "data"), "--out", str(folder / "run"), "--json"]
        settings = ["epochs=2", "threads=0", "test_folds=5", "variant=ast-tiny-residual", "evaluate_every=2"]
        began_s = time.perf_counter()
        subprocess.run([*MAIN, *words, *settings], env=environment, check=True, capture_output=True)
        return time.perf_counter() - began_s


def listen(environment: dict[str, str]) -> float:
    """The median of milliseconds from sound to tag while the demo scene plays."""
    words = ["listen", "--input", "demo", "--seconds", str(LISTENED_S), "--format", "jsonl"]
    done = subprocess.run([*MAIN, *words], env=environment, check=True, capture_output=True, text=True)
    windows = [json.loads(line) for line in done.stdout.splitlines() if '"window"' in line]
    return statistics.median(window["latency_ms"] for window in windows)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
