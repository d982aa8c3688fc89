"""Has the workers of a cluster tag what is to do, and commits what they send back, each file once.

Workers come and go: every place of every node has one as long as there is something to do. What a lost one had goes to
others. Runs in one thread.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from core.cluster.models import (
    Bundle,
    BundleResult,
    Cluster,
    FileJob,
    FileResult,
    Lost,
    Place,
    Ready,
    Refused,
    Reply,
    Tagged,
)
from core.cluster.places import USUAL_CORES, places_on
from core.cluster.schedule import MOST_ATTEMPTS, Schedule
from core.errors import UserError

MOST_STARTS = 3
"""Workers that may end at a place, one after the other, before one has tagged anything there."""
LOOK_S = 2.0
"""From one look at the cluster's nodes to the next; at the same time how long a wait for replies lasts."""
Commit = Callable[[bytes, Sequence[FileResult]], None]
"""Keeps a part, and that these files are done."""
Clock = Callable[[], float]


@dataclass(slots=True)
class _Worker:
    """One that has been started and not ended."""

    place: Place
    is_ready: bool = False
    bundle: Bundle | None = None
    """What it is tagging."""


@dataclass(frozen=True, slots=True)
class Watchers:
    """Who is told what happens."""

    on_files: Callable[[Sequence[FileResult], float], None] = lambda files, length_s: None
    """Files that are done, and about how long they are together."""
    on_note: Callable[[str], None] = lambda text: None
    """What went wrong with a worker and needs nobody's help."""
    on_workers: Callable[[int], None] = lambda n: None
    """How many workers are ready, whenever that changes."""


class ArchiveRun:
    """The tagging of files by a cluster. cores_each: of a worker without a GPU. clock: seconds."""

    def __init__(
        self,
        cluster: Cluster,
        commit: Commit,
        *,
        cores_each: int = USUAL_CORES,
        watchers: Watchers | None = None,
        clock: Clock = time.monotonic,
    ) -> None:
        self._cluster, self._commit, self._cores_each = cluster, commit, cores_each
        self._watchers = watchers or Watchers()
        self._clock = clock
        self._workers: dict[int, _Worker] = {}
        self._n_failed = Counter[tuple[str, int]]()
        """Workers that have ended at a place since one finished a bundle there."""
        self._refusals: dict[str, UserError] = {}
        """By node."""
        self._first_nodes: frozenset[str] | None = None
        """Those that were there at the beginning."""
        self._look_at = 0.0

    def run(self, jobs: Sequence[FileJob]) -> None:
        """Tag and commit every file. Raises UserError when no worker is left that could, and for a node that has other
        files, another version or another model; what is committed stays."""
        schedule = Schedule({job.path: job for job in jobs}.values())
        try:
            while not schedule.is_empty:
                self._fill_places()
                for number, worker in self._workers.items():
                    self._give(number, worker, schedule)
                for reply in self._cluster.replies(LOOK_S):
                    self._take(reply, schedule)
        finally:
            for number in list(self._workers):
                self._cluster.stop(number)

    @property
    def _n_ready(self) -> int:
        return sum(worker.is_ready for worker in self._workers.values())

    def _fill_places(self) -> None:
        """Start a worker at every place that has none. Raises UserError if there is none at all."""
        now = self._clock()
        if self._workers and now < self._look_at:
            return
        self._look_at = now + LOOK_S
        taken = {(worker.place.node.id, worker.place.index) for worker in self._workers.values()}
        nodes = self._cluster.nodes()
        if self._first_nodes is None:
            self._first_nodes = frozenset(node.id for node in nodes)
        for node in nodes:
            for place in places_on(node, self._cores_each):
                key = (node.id, place.index)
                is_usable = node.id not in self._refusals and self._n_failed[key] < MOST_STARTS
                if key not in taken and is_usable:
                    self._workers[self._cluster.start(place)] = _Worker(place)
        if not self._workers:
            raise self._nobody_left()

    def _nobody_left(self) -> UserError:
        if self._refusals:
            return next(iter(self._refusals.values()))
        if self._n_failed:
            remedy = "The logs of Ray's workers have the reason; the same command goes on from here."
            return UserError("Every worker of the cluster has ended.", remedy)
        return UserError("The cluster has no node with a free core.", "Add a node, or use --cluster local.")

    def _give(self, number: int, worker: _Worker, schedule: Schedule) -> None:
        if worker.is_ready and worker.bundle is None:
            worker.bundle = schedule.take(self._n_ready)
            if worker.bundle is not None:
                self._cluster.send(number, worker.bundle)

    def _take(self, reply: Reply, schedule: Schedule) -> None:
        worker = self._workers.get(reply.worker)
        if worker is None:
            return  # of a worker that was given up: its files are with others
        if isinstance(reply, Ready):
            worker.is_ready = True
            self._watchers.on_workers(self._n_ready)
        elif isinstance(reply, Refused):
            self._refuse(reply, worker)
        elif isinstance(reply, Tagged):
            self._finish(reply, worker, schedule)
        else:
            self._lose(reply, worker, schedule)

    def _finish(self, reply: Tagged, worker: _Worker, schedule: Schedule) -> None:
        bundle = worker.bundle
        if bundle is None or bundle.number != reply.result.number or schedule.finish(bundle.number) is None:
            return  # it came twice
        worker.bundle = None
        self._n_failed[worker.place.node.id, worker.place.index] = 0
        # The next one first: the worker is busy while the disk is.
        self._give(reply.worker, worker, schedule)
        self._keep(reply.result, bundle.length_s)

    def _keep(self, result: BundleResult, length_s: float) -> None:
        self._commit(result.part, result.files)
        self._watchers.on_files(result.files, length_s)

    def _lose(self, reply: Lost, worker: _Worker, schedule: Schedule) -> None:
        self._end(reply.worker, worker)
        if not reply.is_node_lost:
            self._n_failed[worker.place.node.id, worker.place.index] += 1
        self._watchers.on_note(f"A worker on {worker.place.node.address} has ended: {reply.reason}")
        if worker.bundle is None:
            return
        for job in schedule.lose(worker.bundle.number, is_suspect=not reply.is_node_lost):
            problem = f"The worker ended {MOST_ATTEMPTS} times while it tagged this file."
            failed = FileResult.failed(
                job, UserError(problem, "It may need more memory; or convert it to WAV or FLAC.")
            )
            self._keep(BundleResult(worker.bundle.number, (failed,)), job.length_s)

    def _refuse(self, reply: Refused, worker: _Worker) -> None:
        """A node that cannot take part. If it was there at the beginning that is the end, so that somebody puts it
        right; one that has joined later is passed over."""
        self._end(reply.worker, worker)
        node = worker.place.node
        error = UserError(f"Node {node.address}: {reply.error.problem}", reply.error.remedy)
        is_news = node.id not in self._refusals
        self._refusals[node.id] = error
        if node.id in (self._first_nodes or ()):
            raise error
        if is_news:
            self._watchers.on_note(str(error))

    def _end(self, number: int, worker: _Worker) -> None:
        del self._workers[number]
        self._cluster.stop(number)
        if worker.is_ready:
            self._watchers.on_workers(self._n_ready)
