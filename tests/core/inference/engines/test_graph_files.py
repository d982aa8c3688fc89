"""Graphs on disk: found by what decides them, made once, whole or not there."""

from __future__ import annotations

import os
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from core.errors import UserError
from core.inference.engines import graph_files
from core.inference.engines.graph_files import (
    GRAPH,
    WEIGHTS,
    GraphFacts,
    GraphKey,
    GraphKind,
    processor,
    read_facts,
    store_graph,
    this_machine,
)
from core.inference.engines.models import Shape
from core.inference.engines.threads import usable_cores

KEY = GraphKey("model", "no merging", Shape("clip", 128))


def make(folder: Path) -> GraphFacts:
    (folder / GRAPH).write_text("<net/>")
    (folder / WEIGHTS).write_bytes(b"0123456789")
    return GraphFacts("fp32", {"fp32": 1e-6}, {"torch": 2.0, "fp32": 1.0}, sizes={GRAPH: 6, WEIGHTS: 10})


def test_each_part_of_the_key_and_each_version_has_a_graph_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    keys = [
        KEY,
        replace(KEY, model="other"),
        replace(KEY, merge="16"),
        replace(KEY, kind="int8"),
        replace(KEY, shape=Shape("clip", 256)),
        replace(KEY, shape=Shape("columns", 128)),
    ]
    names = {key.name for key in keys}
    monkeypatch.setattr(graph_files, "package_versions", lambda: ("another", "version"))
    names.add(KEY.name)
    monkeypatch.setattr(graph_files, "processor", lambda: "another one")
    names.add(KEY.name)
    assert len(names) == len(keys) + 2


def test_a_graph_is_made_once_and_found_again(tmp_path: Path) -> None:
    assert read_facts(KEY, tmp_path) is None
    made = store_graph(KEY, make, tmp_path)
    assert store_graph(KEY, lambda _folder: pytest.fail("made twice"), tmp_path) == made
    assert read_facts(KEY, tmp_path) == made


def test_two_at_once_make_it_once(tmp_path: Path) -> None:
    calls: list[Path] = []

    def slow(folder: Path) -> GraphFacts:
        calls.append(folder)
        return make(folder)

    threads = [threading.Thread(target=store_graph, args=(KEY, slow, tmp_path)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(calls) == 1


@pytest.mark.parametrize("kind", ["float", "int8"])
@pytest.mark.parametrize("name", [GRAPH, WEIGHTS, "facts.json"])
def test_a_graph_that_is_cut_off_is_made_again(tmp_path: Path, name: str, kind: GraphKind) -> None:
    key = replace(KEY, kind=kind)
    store_graph(key, make, tmp_path)
    path = tmp_path / key.name / name
    path.write_bytes(path.read_bytes()[:3])
    assert read_facts(key, tmp_path) is None
    assert not path.parent.exists()
    assert store_graph(key, make, tmp_path).precision == "fp32"


def test_a_graph_made_anew_takes_the_place_of_the_old_one_unless_it_fails(tmp_path: Path) -> None:
    def refuse(_folder: Path) -> GraphFacts:
        raise UserError("A recording is missing.", "Give another.")

    store_graph(KEY, make, tmp_path)
    with pytest.raises(UserError):
        store_graph(KEY, refuse, tmp_path, anew=True)
    assert store_graph(KEY, refuse, tmp_path).precision == "fp32"
    assert store_graph(KEY, lambda _folder: GraphFacts("bf16"), tmp_path, anew=True).precision == "bf16"
    known = read_facts(KEY, tmp_path)
    assert known is not None
    assert known.precision == "bf16"


def test_graphs_of_long_ago_make_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(graph_files, "MOST_KEPT", 2)
    keys = [replace(KEY, model=str(number)) for number in range(4)]
    for place, key in enumerate(keys):
        store_graph(key, make, tmp_path)
        os.utime(tmp_path / key.name, (place + 1, place + 1))
    assert [read_facts(key, tmp_path) is not None for key in keys] == [False, False, True, True]


def test_what_a_killed_process_left_is_removed_and_a_failed_one_leaves_nothing(tmp_path: Path) -> None:
    left = tmp_path / f".{KEY.name}.1234.new"
    left.mkdir(parents=True)

    def fail(folder: Path) -> GraphFacts:
        make(folder)
        raise MemoryError

    with pytest.raises(MemoryError):
        store_graph(KEY, fail, tmp_path)
    assert not left.exists()
    assert read_facts(KEY, tmp_path) is None
    assert [path for path in tmp_path.iterdir() if path.is_dir()] == []


def test_a_machine_is_its_processor_and_its_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    assert this_machine() == f"{processor()}-{usable_cores()}"
    monkeypatch.setenv("SOUNDMARK_CORES", "64")
    assert this_machine().endswith("-64")
