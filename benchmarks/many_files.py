"""Measures tagging many short files in the window: its queue, without the widgets, beside the same work alone.

    python benchmarks/many_files.py [--files 200] [--seconds 12] [--kind flac] [--rounds 3] [--json]

Makes so many files of the demo scene, 44.1 kHz stereo, in a temporary folder; the model is the starter. Without a graph
PyTorch answers at first: `soundmark models convert` makes it; files shorter than a window (10.24 s) have lengths of
their own, for which there mostly is none. Takes turns: the queue tags all files, then the part of the program below it.
Prints the medians of processor time, all threads, and of time by the clock.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from PySide6.QtCore import QCoreApplication, QEventLoop

from app.files.row import FileState
from app.files.tagging_queue import TaggingQueue
from app.runtime.core_api import CoreApi
from benchmarks.files import CODECS, write_scene
from core.inference.frame_tagging import tag_files_frames
from core.inference.tagger import Tagger, load_tagger


def main(argv: list[str]) -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--files", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=12.0, help="length of each file")
    parser.add_argument("--kind", choices=tuple(CODECS), default="flac")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(argv)
    application = QCoreApplication([])  # whose event loop delivers what the queue's threads find
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder) / f"{place:05}.{options.kind}" for place in range(options.files)]
        for path in paths:
            write_scene(path, options.seconds)
        tagger = load_tagger()
        tag_alone(paths[:1], tagger)  # loads the graph
        ways = {"window": lambda: tag_in_queue(paths, tagger), "alone": lambda: tag_alone(paths, tagger)}
        found: dict[str, list[tuple[float, float]]] = {name: [] for name in ways}
        for _ in range(options.rounds):
            for name, way in ways.items():
                found[name].append(measured(way))
    medians = {
        name: {"cpu_s": statistics.median(cpu for cpu, _ in one), "wall_s": statistics.median(wall for _, wall in one)}
        for name, one in found.items()
    }
    del application
    if options.json:
        print(json.dumps(medians))
    else:
        print(f"{options.files} files of {options.seconds:g} s, {options.kind}, engine {tagger.engine}")
        for name, figures in medians.items():
            print("  {:8} {cpu_s:7.2f} CPU s {wall_s:7.2f} s".format(name, **figures))
    return 0


def tag_in_queue(paths: list[Path], tagger: Tagger) -> None:
    """Tag as the window does."""
    queue, loop = TaggingQueue(CoreApi()), QEventLoop()
    queue.use_tagger(tagger)
    queue.busy_changed.connect(lambda: None if queue.is_busy else loop.quit())
    queue.add_paths(paths)
    loop.exec()
    assert all(row.state is FileState.DONE for row in queue.model.rows), "a file has failed"
    queue.close(10.0)


def tag_alone(paths: list[Path], tagger: Tagger) -> None:
    """Tag as `soundmark tag --frames` does, and write nothing."""
    with tag_files_frames(paths, tagger) as files:
        for path in paths:
            for _ in files.of(path):
                pass


def measured(work: Callable[[], None]) -> tuple[float, float]:
    """Processor time of all threads, and time by the clock, in seconds."""
    began_cpu_s, began_s = time.process_time(), time.perf_counter()
    work()
    return time.process_time() - began_cpu_s, time.perf_counter() - began_s


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
