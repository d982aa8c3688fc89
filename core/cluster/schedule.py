"""Decides which files go to a worker next: the longest first, in bundles that shrink towards the end.

A bundle holds a share of what is left (guided self-scheduling, Polychronopoulos & Kuck 1987): few and large ones while
there is much to do, single files when the workers are to end together. Knows no worker and no clock.
"""

from __future__ import annotations

from bisect import insort
from collections import Counter
from collections.abc import Iterable

from core.cluster.models import Bundle, FileJob

MOST_BUNDLE_S, MOST_BUNDLE_FILES = 900.0, 64
"""So that little is lost with a worker: at a hundred times real time, nine seconds of its work."""
SHARE = 3
"""A worker gets a third of what would be its part of the rest."""
MOST_ATTEMPTS = 3


class Schedule:
    """The files of an archive that are not done yet. Each is either waiting or out in one bundle."""

    def __init__(self, jobs: Iterable[FileJob]) -> None:
        self._waiting = sorted(jobs, key=_length)  # the longest is the last, where it is cheap to take
        self._suspects: list[FileJob] = []
        """Files that were out when a worker ended: each goes alone, so that the one that ends workers is found."""
        self._waiting_s = sum(job.length_s for job in self._waiting)
        self._out: dict[int, Bundle] = {}
        self._n_attempts = Counter[str]()
        self._next_number = 1

    @property
    def is_empty(self) -> bool:
        """Whether every file is done."""
        return not self._waiting and not self._suspects and not self._out

    @property
    def has_waiting(self) -> bool:
        """Whether a worker could get something."""
        return bool(self._waiting or self._suspects)

    def take(self, n_workers: int) -> Bundle | None:
        """The next bundle, with so many workers at work; None while nothing waits."""
        if not self.has_waiting:
            return None
        jobs = [self._suspects.pop()] if self._suspects else self._take_waiting(max(1, n_workers))
        bundle = Bundle(self._next_number, tuple(jobs))
        self._next_number += 1
        self._out[bundle.number] = bundle
        return bundle

    def finish(self, number: int) -> Bundle | None:
        """A bundle that has come back; None if it is not out: it has come twice, or was given up and goes to others."""
        return self._out.pop(number, None)

    def lose(self, number: int, *, is_suspect: bool) -> tuple[FileJob, ...]:
        """Take a bundle back whose worker is gone; the files that have ended too many workers, and wait no more.

        is_suspect: whether one of its files may have ended the worker.
        """
        bundle = self._out.pop(number, None)
        if bundle is None:
            return ()
        if not is_suspect:
            for job in bundle.jobs:
                self._waiting_s += job.length_s
                insort(self._waiting, job, key=_length)
            return ()
        self._n_attempts.update(job.path for job in bundle.jobs)
        given_up = tuple(job for job in bundle.jobs if self._n_attempts[job.path] >= MOST_ATTEMPTS)
        self._suspects += [job for job in bundle.jobs if job not in given_up]
        return given_up

    def _take_waiting(self, n_workers: int) -> list[FileJob]:
        most_s = min(MOST_BUNDLE_S, self._waiting_s / (SHARE * n_workers))
        most_files = max(1, min(MOST_BUNDLE_FILES, len(self._waiting) // n_workers))
        jobs: list[FileJob] = []
        taken_s = 0.0
        while self._waiting and len(jobs) < most_files:
            if jobs and taken_s + self._waiting[-1].length_s > most_s:
                break
            jobs.append(self._waiting.pop())
            taken_s += jobs[-1].length_s
        self._waiting_s -= taken_s
        return jobs


def _length(job: FileJob) -> float:
    return job.length_s
