"""Workers share the cores, GPUs and memory of a machine."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from core.cluster.models import Node
from core.cluster.places import WORKER_BYTES, places_on


@given(st.integers(0, 256), st.integers(0, 16), st.integers(0, 2**40), st.integers(1, 64))
def test_no_core_is_given_twice_and_a_node_with_cores_has_a_worker(
    cores: int, gpus: int, memory_bytes: int, cores_each: int
) -> None:
    places = places_on(Node("n", "address", cores, gpus, memory_bytes), cores_each)
    assert sum(place.cores for place in places) <= cores
    assert sum(place.gpus for place in places) <= gpus
    assert bool(places) == (cores > 0)
    assert [place.index for place in places] == list(range(len(places)))
    assert all(place.cores >= 1 for place in places)


def test_each_gpu_has_a_worker_with_its_share_of_the_cores() -> None:
    places = places_on(Node("n", "address", 16, 4))
    assert [(place.cores, place.gpus) for place in places] == [(4, 1)] * 4


def test_without_a_gpu_each_group_of_cores_has_one() -> None:
    assert [place.cores for place in places_on(Node("n", "address", 7), 2)] == [2, 2, 2]
    assert [place.cores for place in places_on(Node("n", "address", 1), 2)] == [1]


def test_little_memory_means_fewer_workers_with_more_cores() -> None:
    assert [place.cores for place in places_on(Node("n", "address", 8, 0, 2 * WORKER_BYTES), 2)] == [4, 4]
