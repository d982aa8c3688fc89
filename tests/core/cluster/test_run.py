"""Whatever happens to workers, each file is committed exactly once; and a run that cannot go on says why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.cluster.ledger import Ledger, commit_line, first_line, part_name, read_ledger
from core.cluster.models import FileJob, FileResult, Lost, Node, Refused
from core.cluster.run import MOST_STARTS, ArchiveRun, Watchers
from core.errors import UserError
from tests.core.cluster.made_jobs import PromptCluster, ScriptedCluster, job

NODES = [Node("a", "10.0.0.1", 2), Node("b", "10.0.0.2", 4)]
JOBS = [job(f"{place}.wav") for place in range(5)]


class Stopped(Exception):
    """The command itself is killed."""


class Clock:
    """Time passes whenever somebody looks."""

    def __init__(self) -> None:
        self._now = 0.0

    def __call__(self) -> float:
        self._now += 1.0
        return self._now


def no_commit(part: bytes, files: Sequence[FileResult]) -> None:
    del part, files


@given(st.integers(1, 40), st.integers(0, 3), st.data())
def test_each_file_is_committed_once_whatever_happens_to_workers(n: int, n_ends: int, data: st.DataObject) -> None:
    committed = Counter[str]()
    cluster = ScriptedCluster(NODES, lambda able: data.draw(st.sampled_from(able)), n_ends)
    jobs = [job(f"{place}.wav", float(place % 7)) for place in range(n)]

    def commit(part: bytes, files: Sequence[FileResult]) -> None:
        del part
        committed.update(file.path for file in files)

    ArchiveRun(cluster, commit, clock=Clock()).run(jobs)
    assert committed == Counter(one.path for one in jobs)
    assert not cluster.open, "no worker is left behind"


class Disk:
    """Parts by name and the text of a ledger, written as `Archive` does, and killed by `choose`: before, between or
    within the two writes."""

    def __init__(self) -> None:
        self.parts: dict[str, list[str]] = {}
        self.text = first_line({})

    def opened(self) -> Ledger:
        self.text = self.text[: self.text.rfind("\n") + 1]
        ledger = read_ledger(self.text, "ledger")
        assert ledger is not None
        self.parts = {name: paths for name, paths in self.parts.items() if name in ledger.parts()}
        return ledger

    def write(self, ledger: Ledger, files: Sequence[FileResult], n_bytes: int | None) -> None:
        """n_bytes: of the line, before the kill; -1 if not even the part is written; None without a kill."""
        name = part_name(ledger.n_parts + 1)
        with_rows = [FileResult(file.path, file.size, file.mtime_ns, n_rows=1) for file in files]
        line = commit_line(name, with_rows)
        if n_bytes != -1:
            self.parts[name] = [file.path for file in files]
            self.text += line if n_bytes is None else line[:n_bytes]
        if n_bytes is not None:
            raise Stopped
        ledger.commit(name, with_rows)


@given(st.integers(1, 30), st.lists(st.tuples(st.integers(0, 12), st.integers(-1, 90)), max_size=4), st.data())
def test_a_run_that_is_killed_and_resumed_commits_each_file_once(
    n: int, kills: list[tuple[int, int]], data: st.DataObject
) -> None:
    jobs, disk = [job(f"{place}.wav", float(place % 5)) for place in range(n)], Disk()

    def attempt(ledger: Ledger, until_kill: int, n_bytes: int | None) -> None:
        n_commits = 0

        def commit(part: bytes, files: Sequence[FileResult]) -> None:
            nonlocal n_commits
            del part
            n_commits += 1
            disk.write(ledger, files, n_bytes if n_commits > until_kill else None)

        cluster = ScriptedCluster(NODES, lambda able: data.draw(st.sampled_from(able)), n_ends=1)
        ArchiveRun(cluster, commit, clock=Clock()).run([one for one in jobs if ledger.of(one) is None])

    for until_kill, n_bytes in (*kills, (1000, None)):
        try:
            attempt(disk.opened(), until_kill, n_bytes)
        except Stopped:
            continue
    assert Counter(path for paths in disk.parts.values() for path in paths) == Counter(one.path for one in jobs)


def test_a_node_that_cannot_take_part_is_named_before_anything_goes_on() -> None:
    refused = partial(Refused, error=UserError("Soundmark 1 is installed there.", "Install 2."))
    with pytest.raises(UserError) as caught:
        ArchiveRun(PromptCluster(NODES, {"b": refused}), no_commit).run(JOBS)
    assert "10.0.0.2" in caught.value.problem
    assert caught.value.remedy == "Install 2."


def test_a_node_that_joins_later_and_cannot_take_part_is_passed_over() -> None:
    cluster = PromptCluster(NODES[:1], {"b": partial(Refused, error=UserError("It has other files.", "Mount them."))})
    notes: list[str] = []
    done: list[str] = []

    def commit(part: bytes, files: Sequence[FileResult]) -> None:
        del part
        done.extend(file.path for file in files)
        cluster.there = tuple(NODES)

    ArchiveRun(cluster, commit, watchers=Watchers(on_note=notes.append), clock=Clock()).run(JOBS)
    assert sorted(done) == [one.path for one in JOBS]
    assert len(notes) == 1
    assert "10.0.0.2" in notes[0]
    assert len([place for place in cluster.started if place.node.id == "b"]) == 2, "it is not asked again"


def test_workers_that_always_end_are_not_started_for_ever() -> None:
    cluster = PromptCluster(NODES[:1], {"a": partial(Lost, reason="out of memory")})
    with pytest.raises(UserError):
        ArchiveRun(cluster, no_commit, clock=Clock()).run(JOBS)
    assert len(cluster.started) == MOST_STARTS


def test_a_cluster_without_cores_is_refused() -> None:
    with pytest.raises(UserError):
        ArchiveRun(PromptCluster([Node("a", "10.0.0.1", 0)]), no_commit).run(JOBS)


def test_a_file_named_twice_is_tagged_once() -> None:
    cluster = PromptCluster(NODES[:1])
    again = FileJob(JOBS[0].path, "./0.wav", JOBS[0].size, JOBS[0].mtime_ns, 1.0)
    ArchiveRun(cluster, no_commit).run([*JOBS, again])
    assert Counter(one.path for bundle in cluster.sent for one in bundle.jobs) == Counter(one.path for one in JOBS)


def test_who_watches_is_told_of_every_file_and_of_the_workers() -> None:
    files: list[str] = []
    lengths: list[float] = []
    workers: list[int] = []

    def on_files(done: Sequence[FileResult], length_s: float) -> None:
        files.extend(file.path for file in done)
        lengths.append(length_s)

    ArchiveRun(PromptCluster(NODES), no_commit, watchers=Watchers(on_files, on_workers=workers.append)).run(JOBS)
    assert sorted(files) == [one.path for one in JOBS]
    assert sum(lengths) == 5.0
    assert max(workers) == 3
