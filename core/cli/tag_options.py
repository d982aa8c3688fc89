"""The options of `soundmark tag`, and what they ask for."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

from core.cli.argument_types import positive_number, whole_count
from core.cli.model_options import ModelOptions, add_model_options
from core.cli.output.window_output import FORMATS, PARENTS_HELP
from core.cluster.places import USUAL_CORES
from core.event_files.main import FORMATS as EVENT_FORMATS
from core.inference.edges.finders import EVENT_FINDERS, USUAL_EDGES

EXAMPLES = """\
examples:
  soundmark tag dog.wav                                        a table in the terminal
  soundmark tag recordings --format csv --output tags.csv      a row for each window and label
  soundmark tag recordings --format audacity --output-dir recordings
                                                               a label file beside each sound
"""
EVENT_FILES = tuple(name for name in EVENT_FORMATS if name not in FORMATS)
"""Formats that hold events only, as `--events` finds them."""
CLUSTER_FORMATS = ("table", "parquet")
"""What --format may be with --cluster: left out, for windows or rows, or the name of a table of events."""


@dataclass(frozen=True, slots=True)
class TagOptions:
    """What `tag` was asked to do."""

    paths: tuple[Path, ...]
    """Files, or folders to search."""
    model: ModelOptions
    """Which model, and how it runs."""
    format: str = "table"
    """A key of FORMATS, or one of EVENT_FILES."""
    output: Path | None = None
    """The file for the results; None for standard output."""
    output_dir: Path | None = None
    """The folder for a file of results for each file; None for one output."""
    may_overwrite: bool = False
    """Whether files in that folder may be replaced."""
    window_s: float | None = None
    """Length of a window; None for the model's own."""
    hop_s: float | None = None
    """From window to window; None for the usual one."""
    top_k: int | None = 5
    """Labels per window; None for all of them."""
    parents: bool = False
    """Also show detected labels in tables, and events, that a more specific one implies."""
    frames: bool = False
    """Rows of 100 ms, or in a table onsets and offsets, instead of windows."""
    events: bool = False
    """Events with onset and offset, instead of windows."""
    edges: str = USUAL_EDGES
    """How onsets and offsets of events are found, a key of EVENT_FINDERS."""
    cluster: str | None = None
    """"local" or the address of a Ray cluster that tags; None for this process."""
    worker_cores: int | None = None
    """Of each worker of a cluster; None for the usual number."""

    @property
    def is_timed(self) -> bool:
        """Whether the model has to tell when sounds occur."""
        return self.frames or self.events or self.format in EVENT_FILES


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of `tag`."""
    parser.epilog = EXAMPLES
    parser.add_argument("paths", nargs="+", type=Path, metavar="PATH", help="files, or folders to search")
    _add_results(parser)
    _add_windows(parser)
    add_model_options(parser)
    cluster = parser.add_argument_group("an archive, on all cores or on several machines")
    address = "tag with Ray into one Parquet table, --output: on this machine, or on the cluster at HOST:PORT"
    cluster.add_argument("--cluster", metavar="local|ADDRESS", help=address)
    cores = f"cores of each worker that has no GPU (default: {USUAL_CORES})"
    cluster.add_argument("--worker-cores", type=whole_count, metavar="N", help=cores)


def _add_results(parser: argparse.ArgumentParser) -> None:
    results = parser.add_argument_group("results")
    formats = f"default: table; {', '.join(EVENT_FILES)} hold events, as --events finds them"
    results.add_argument("--format", choices=(*FORMATS, *EVENT_FILES), default="table", help=formats)
    results.add_argument("--output", type=Path, metavar="FILE", help="write to this file instead of the terminal")
    beside = "write a file for each file below this folder; named as the folder of the sounds, beside each of them"
    results.add_argument("--output-dir", type=Path, metavar="DIR", help=beside)
    overwrite = "replace files that are in --output-dir already; with --cluster, begin again"
    results.add_argument("--overwrite", action="store_true", help=overwrite)
    how_many = results.add_mutually_exclusive_group()
    how_many.add_argument("--top-k", type=whole_count, default=5, metavar="K", help="labels per window (default: 5)")
    how_many.add_argument("--all-scores", action="store_true", help="every label of every window")
    results.add_argument("--parents", action="store_true", help=PARENTS_HELP)


def _add_windows(parser: argparse.ArgumentParser) -> None:
    windows = parser.add_argument_group("windows and events")
    window = "window length in seconds, up to 30.72 (default: the model's own, usually 10.24)"
    windows.add_argument("--window-s", type=positive_number, metavar="S", help=window)
    hop = "seconds from window to window (default: 5, or the window if that is shorter; for events half of it)"
    windows.add_argument("--hop-s", type=positive_number, metavar="S", help=hop)
    when = windows.add_mutually_exclusive_group()
    frames = "when sounds occur: scores every 100 ms, in a table onsets and offsets"
    when.add_argument("--frames", action="store_true", help=frames)
    when.add_argument("--events", action="store_true", help="when sounds occur: onset and offset of each event")
    edges = f"how onsets and offsets of events are found (default: {USUAL_EDGES})"
    windows.add_argument("--edges", choices=tuple(EVENT_FINDERS), default=USUAL_EDGES, help=edges)


def options_of(namespace: argparse.Namespace) -> TagOptions:
    """What a command line asks for that `add_options` described."""
    return TagOptions(
        paths=tuple(namespace.paths),
        model=ModelOptions.of(namespace, namespace.model),
        format=namespace.format,
        output=namespace.output,
        output_dir=namespace.output_dir,
        may_overwrite=namespace.overwrite,
        window_s=namespace.window_s,
        hop_s=namespace.hop_s,
        top_k=None if namespace.all_scores else namespace.top_k,
        parents=namespace.parents,
        frames=namespace.frames,
        events=namespace.events,
        edges=namespace.edges,
        cluster=namespace.cluster,
        worker_cores=namespace.worker_cores,
    )
