"""Has a cluster tag an archive, and writes one Parquet table: what `tag --cluster` does."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from rich.progress import Progress, TextColumn, TimeRemainingColumn

from core.audio.decoding.decode import duration_s
from core.audio.decoding.search import MediaFound
from core.cli.output.window_output import print_note
from core.cli.terminal.console import progress_bar
from core.cli.terminal.streams import print_error
from core.cluster.archive import Archive, open_archive
from core.cluster.ledger import Placed, Settings
from core.cluster.lengths import jobs_of
from core.cluster.models import FileJob, FileResult, Start
from core.cluster.ray_cluster import open_cluster
from core.cluster.run import ArchiveRun, Watchers
from core.cluster.table import write_table
from core.errors import UserError

_SAMPLES = 8
"""Files that every node must see."""


@dataclass(frozen=True, slots=True)
class ArchiveOptions:
    """Where an archive is tagged, and where the results go."""

    address: str
    """"local", or a cluster's HOST:PORT."""
    table: Path
    cores_each: int
    """Of a worker without a GPU."""
    model: Settings
    """What of the model the rows depend on, beside its hash."""
    begin_again: bool = False
    """Whether what is there may be replaced."""


def tag_archive(options: ArchiveOptions, start: Start, found: MediaFound) -> int:
    """Tag everything that is not done yet, then write the table; 1 if a file could not be read, else 0.

    start: without samples. Raises UserError as `open_archive`, `open_cluster` and `ArchiveRun.run` do; what was tagged
    until then stays, and the next call resumes there.
    """
    jobs, gone = jobs_of(found.files, duration_s)
    for path, error in (*found.problems, *gone):
        print_error(f"{path}: {error}")
    with open_archive(options.table, _settings(options, start), begin_again=options.begin_again) as archive:
        to_do = [job for job in jobs if archive.ledger.of(job) is None]
        if len(to_do) < len(jobs):
            print_error(f"{len(jobs) - len(to_do)} of {len(jobs)} files are tagged already.")
        if to_do:
            _tag(options, Start(start.order, start.model_hash, _spread(to_do)), to_do, archive)
        write_table(options.table, start.order.kind, archive.folder, jobs, archive.ledger)
        done = [archive.ledger.of(job) for job in jobs]
    return 1 if found.problems or gone or any(_has_failed(placed) for placed in done) else 0


def _tag(options: ArchiveOptions, start: Start, jobs: Sequence[FileJob], archive: Archive) -> None:
    with _Progress(jobs) as progress:
        try:
            with open_cluster(options.address, start) as cluster:
                watchers = Watchers(progress.on_files, progress.on_note, progress.on_workers)
                ArchiveRun(cluster, archive.commit, cores_each=options.cores_each, watchers=watchers).run(jobs)
        except (KeyboardInterrupt, UserError):
            print_error(f"{progress.n_done} of {len(jobs)} files were tagged; run the same command again to resume.")
            raise


class _Progress:
    """A bar on standard error if that is a terminal; errors and notes always."""

    def __init__(self, jobs: Sequence[FileJob]) -> None:
        self._sources = {job.path: job.source for job in jobs}
        self._bar: Progress = progress_bar(TextColumn("{task.fields[files]}", markup=False), TimeRemainingColumn())
        self._task = self._bar.add_task("Starting", total=sum(job.length_s for job in jobs), files="")
        self.n_done = 0

    def __enter__(self) -> _Progress:
        self._bar.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._bar.stop()

    def on_files(self, files: Sequence[FileResult], length_s: float) -> None:
        self.n_done += len(files)
        self._bar.update(self._task, advance=length_s, files=f"{self.n_done} of {len(self._sources)} files")
        for file in files:
            source = self._sources[file.path]
            if file.note:
                print_note(source, file.note)
            if file.problem:
                print_error(f"{source}: {UserError(file.problem, file.remedy)}")

    def on_note(self, text: str) -> None:
        print_error(text)

    def on_workers(self, n: int) -> None:
        self._bar.update(self._task, description="1 worker" if n == 1 else f"{n} workers")


def _settings(options: ArchiveOptions, start: Start) -> Settings:
    """What rows depend on, as JSON keeps it."""
    unused = ("top_k",) if start.order.kind == "events" else ("parents", "edges")
    order = {name: value for name, value in asdict(start.order).items() if name not in ("load_tagger", *unused)}
    return json.loads(json.dumps({**order, **options.model, "model_hash": start.model_hash}))


def _spread(jobs: Sequence[FileJob]) -> tuple[FileJob, ...]:
    return tuple(jobs[:: max(1, len(jobs) // _SAMPLES)][:_SAMPLES])


def _has_failed(placed: Placed | None) -> bool:
    return placed is None or bool(placed.result.problem)
