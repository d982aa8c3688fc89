"""Measures how tagging an archive scales with Ray's workers on one machine, and what limits it.

    python benchmarks/cluster.py [--files 24] [--seconds 120] [--rounds 3] [--engine auto] [--model M]
        [--only SETTING] [--json]

Makes sounds of `--seconds`, half and a quarter of that, and tags them with one worker of one core, one worker of two
cores, and two workers of one core each. The settings take turns within each round. For each: seconds until the workers
are ready, seconds of tagging from then on, sound per second, CPU seconds of workers and of everything else (Ray's own
processes, and this one, which writes), all as medians; and the speed-up over the first. With `--engine auto`, make the
graphs beforehand (`soundmark models convert`), or the first rounds are PyTorch's.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import tempfile
import time
import wave
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from core.audio.decoding.decode import duration_s
from core.cli.model_options import ModelOptions
from core.cluster.archive import open_archive
from core.cluster.lengths import jobs_of
from core.cluster.models import FileJob, FileResult, Node, Ready, Reply, Start, TaggingOrder
from core.cluster.ray_cluster import RayCluster, open_cluster
from core.cluster.run import ArchiveRun

SETTINGS = {"1 worker, 1 core": (1, 1), "1 worker, 2 cores": (1, 2), "2 workers, 1 core each": (2, 1)}
"""Workers, and cores of each."""
SAMPLE_RATE = 16_000
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Figures:
    """One run. start_s: until the workers are ready. worker_cpu_s, other_cpu_s: from then to the end."""

    start_s: float
    tagging_s: float
    sound_per_s: float
    worker_cpu_s: float
    other_cpu_s: float


class SomeWorkers(RayCluster):
    """As many workers as are wanted, which begin together. ready_at: when, by `time.monotonic`."""

    n_workers, cores_each = 1, 1
    ready_at = 0.0
    cpu_at_start: tuple[float, float] = (0.0, 0.0)
    _ready: tuple[Reply, ...] = ()

    def nodes(self) -> tuple[Node, ...]:
        (node,) = super().nodes()
        return (Node(node.id, node.address, self.n_workers * self.cores_each),)

    def replies(self, timeout_s: float) -> list[Reply]:
        replies = super().replies(timeout_s)
        if self.ready_at:
            return replies
        assert all(isinstance(reply, Ready) for reply in replies), replies
        self._ready = (*self._ready, *replies)
        if len(self._ready) < self.n_workers:
            return []
        type(self).ready_at, type(self).cpu_at_start = time.monotonic(), cpu_seconds()
        return list(self._ready)


def main(argv: Sequence[str]) -> int:
    """Measure, and print a table or JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--files", type=int, default=24)
    parser.add_argument("--seconds", type=float, default=120, help="of the longest sounds")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--engine", choices=("auto", "torch", "openvino"), default="auto")
    parser.add_argument("--model", help="default: the starter")
    parser.add_argument("--only", choices=tuple(SETTINGS), help="one of the three settings")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(argv)
    model = ModelOptions(options.model, device="cpu", engine=options.engine).from_anywhere()
    settings = {name: SETTINGS[name] for name in SETTINGS if options.only in (None, name)}
    found: dict[str, list[Figures]] = {name: [] for name in settings}
    with tempfile.TemporaryDirectory() as folder:
        jobs = make_sounds(Path(folder), options.files, options.seconds)
        start = Start(TaggingOrder(model.load_tagger), model.load_tagger().weights_hash, tuple(jobs[:1]))
        for index in range(options.rounds):
            for name, (n_workers, cores) in settings.items():
                table = Path(folder, f"{index} {name}.parquet")
                found[name].append(measure(jobs, start, table, n_workers, cores))
    medians = {name: medians_of(figures) for name, figures in found.items()}
    print(json.dumps({name: asdict(figures) for name, figures in medians.items()}) if options.json else text(medians))
    return 0


def measure(jobs: Sequence[FileJob], start: Start, table: Path, n_workers: int, cores: int) -> Figures:
    """Tag everything once."""
    SomeWorkers.n_workers, SomeWorkers.cores_each, SomeWorkers.ready_at = n_workers, cores, 0.0
    ended_at, cpu_at_end = 0.0, (0.0, 0.0)
    began = time.monotonic()

    with open_archive(table, {}) as archive, open_cluster("local", start, SomeWorkers) as cluster:

        def commit(part: bytes, files: Sequence[FileResult]) -> None:
            nonlocal ended_at, cpu_at_end
            archive.commit(part, files)
            ended_at, cpu_at_end = time.monotonic(), cpu_seconds()  # while the workers are there

        ArchiveRun(cluster, commit, cores_each=cores).run(jobs)
    tagging_s = ended_at - SomeWorkers.ready_at
    worker_cpu_s, other_cpu_s = (end - at for end, at in zip(cpu_at_end, SomeWorkers.cpu_at_start, strict=True))
    sound_s = sum(job.length_s for job in jobs)
    return Figures(SomeWorkers.ready_at - began, tagging_s, sound_s / tagging_s, worker_cpu_s, other_cpu_s)


def cpu_seconds() -> tuple[float, float]:
    """CPU time so far of the workers, and of this process and all others below it."""
    parents, used, workers = dict[int, int](), dict[int, float](), set[int]()
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
            parents[int(folder.name)] = int(fields[1])
            used[int(folder.name)] = (int(fields[11]) + int(fields[12])) / _TICKS
            if b"SoundmarkWorker" in (folder / "cmdline").read_bytes():
                workers.add(int(folder.name))
    family = {os.getpid()}
    while more := {child for child, parent in parents.items() if parent in family} - family:
        family |= more
    return sum(used[pid] for pid in family & workers), sum(used[pid] for pid in family - workers)


def make_sounds(folder: Path, n: int, longest_s: float) -> list[FileJob]:
    """Noise that swells and fades, as wav files of three lengths."""
    generator = np.random.default_rng(0)
    for index in range(n):
        t = np.arange(round(longest_s / 2 ** (index % 3) * SAMPLE_RATE)) / SAMPLE_RATE
        samples = generator.normal(0, 3000, len(t)) * np.abs(np.sin(t))
        with wave.open(str(folder / f"{index}.wav"), "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(SAMPLE_RATE)
            file.writeframes(samples.astype("<i2").tobytes())
    return jobs_of(sorted(folder.glob("*.wav")), duration_s)[0]


def medians_of(figures: Sequence[Figures]) -> Figures:
    """Of each figure by itself."""
    rows = [asdict(one) for one in figures]
    return Figures(**{name: statistics.median(row[name] for row in rows) for name in rows[0]})


def text(medians: dict[str, Figures]) -> str:
    """A table for people."""
    names = f"{'tagging s':>11}{'sound/s':>9}{'worker CPU s':>14}{'other CPU s':>13}{'speed-up':>10}"
    lines = [f"{'':24}{'ready s':>9}{names}"]
    first = next(iter(medians.values()))
    for name, one in medians.items():
        figures = f"{one.start_s:9.1f}{one.tagging_s:11.1f}{one.sound_per_s:9.0f}{one.worker_cpu_s:14.1f}"
        lines.append(f"{name:24}{figures}{one.other_cpu_s:13.1f}{first.tagging_s / one.tagging_s:10.2f}")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
