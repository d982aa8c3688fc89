"""Every file goes out, the longest first, and goes to others when a worker is lost."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from core.cluster.models import Bundle, FileJob
from core.cluster.schedule import MOST_ATTEMPTS, MOST_BUNDLE_FILES, MOST_BUNDLE_S, Schedule
from tests.core.cluster.made_jobs import job

lengths = st.lists(st.floats(0, 40_000), min_size=1, max_size=60)


def jobs_of(lengths_s: list[float]) -> list[FileJob]:
    return [job(f"{place}.wav", length_s) for place, length_s in enumerate(lengths_s)]


@given(lengths, st.integers(1, 5))
def test_every_file_goes_out_once_and_the_longest_first(lengths_s: list[float], n_workers: int) -> None:
    schedule, sent = Schedule(jobs_of(lengths_s)), list[float]()
    while (bundle := schedule.take(n_workers)) is not None:
        assert len(bundle.jobs) <= MOST_BUNDLE_FILES
        assert bundle.length_s <= MOST_BUNDLE_S or len(bundle.jobs) == 1
        sent += [one.length_s for one in bundle.jobs]
        assert schedule.finish(bundle.number) == bundle
    assert sent == sorted(lengths_s, reverse=True)
    assert schedule.is_empty


@given(lengths, st.integers(1, 5), st.data())
def test_whatever_is_lost_every_file_is_finished_or_given_up_once(
    lengths_s: list[float], n_workers: int, data: st.DataObject
) -> None:
    jobs = jobs_of(lengths_s)
    schedule, over, n_suspect = Schedule(jobs), Counter[str](), Counter[str]()
    out: list[Bundle] = []
    while not schedule.is_empty:
        while len(out) < n_workers and (bundle := schedule.take(n_workers)) is not None:
            out.append(bundle)
        bundle = out.pop(data.draw(st.integers(0, len(out) - 1)))
        fate = data.draw(st.sampled_from(["finished", "finished", "lost", "suspect"]))
        if fate == "finished":
            assert schedule.finish(bundle.number) == bundle
            over.update(one.path for one in bundle.jobs)
        else:
            n_suspect.update(one.path for one in bundle.jobs if fate == "suspect")
            over.update(one.path for one in schedule.lose(bundle.number, is_suspect=fate == "suspect"))
        assert schedule.finish(bundle.number) is None, "a bundle comes back once"
    assert over == Counter(one.path for one in jobs)
    assert max(n_suspect.values(), default=0) <= MOST_ATTEMPTS


def test_files_of_a_worker_that_ended_go_alone() -> None:
    schedule = Schedule(job(f"{place}.wav", 1.0) for place in range(40))
    first = schedule.take(1)
    assert first is not None
    assert len(first.jobs) > 1
    schedule.lose(first.number, is_suspect=True)
    again = [schedule.take(1) for _ in first.jobs]
    assert {bundle.jobs for bundle in again if bundle is not None} == {(one,) for one in first.jobs}


def test_a_file_that_ends_workers_is_given_up_and_no_other() -> None:
    schedule = Schedule([job("deadly.wav", 2.0), job("good.wav", 1.0)])
    given_up: list[str] = []
    finished: list[str] = []
    while (bundle := schedule.take(1)) is not None:
        if "deadly.wav" in [one.source for one in bundle.jobs]:
            given_up += [one.source for one in schedule.lose(bundle.number, is_suspect=True)]
        else:
            finished += [one.source for one in bundle.jobs]
            schedule.finish(bundle.number)
    assert (given_up, finished) == (["deadly.wav"], ["good.wav"])


def test_bundles_shrink_towards_the_end() -> None:
    schedule = Schedule(job(f"{place}.wav", 10.0) for place in range(500))
    sizes: list[int] = []
    while (bundle := schedule.take(4)) is not None:
        sizes.append(len(bundle.jobs))
        schedule.finish(bundle.number)
    assert sizes[0] > sizes[-1] == 1
    assert sizes == sorted(sizes, reverse=True)
