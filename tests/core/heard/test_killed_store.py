"""A store whose process is killed at any moment has lost nothing that was stored, and ends what was open."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from core.heard.event import KINDS, EventQuery
from core.heard.store import EventStore
from tests.core.heard.made_events import START_AT, heard
from tests.core.heard.memory_store import MemoryStore, do_something

REPOSITORY = Path(__file__).resolve().parents[3]
needs_kill = pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="this system kills otherwise")


def start(path: Path, seed: int) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tests.core.heard.killed_store", str(path), str(seed)]
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
    return subprocess.Popen(command, cwd=REPOSITORY, env=environment, stdout=subprocess.PIPE, text=True)


def read_and_kill(child: subprocess.Popen[str], n_lines: int) -> int:
    """Kill the child after a number of lines; how many it had printed."""
    assert child.stdout is not None
    with child:
        for _ in range(n_lines):
            assert child.stdout.readline()
        child.kill()
        rest = child.stdout.read()
    return n_lines + rest.count("\n")


def after(n_operations: int, seed: int) -> MemoryStore:
    """A store in memory after the operations of a child, and after the next start."""
    memory, rng, newest = MemoryStore(), random.Random(seed), 0
    for _ in range(n_operations):
        newest = do_something(rng, memory, newest)
    memory.end_left_open()
    return memory


@needs_kill
@pytest.mark.parametrize("seed", range(12))
def test_what_was_stored_survives_a_kill(tmp_path: Path, seed: int) -> None:
    path = tmp_path / "events.sqlite"
    n_done = read_and_kill(start(path, seed), random.Random(seed).randint(1, 200))

    with closing(EventStore(path)) as store:
        query = EventQuery(kinds=KINDS, is_descending=False)
        found = list(store.iterate(query))

    # The last operation may have been stored without having said so.
    assert found in [after(n, seed).found(query) for n in (n_done, n_done + 1)]


@needs_kill
def test_an_open_event_of_a_killed_process_is_kept_and_ended(tmp_path: Path) -> None:
    path = tmp_path / "events.sqlite"
    read_and_kill(start(path, 5), 30)

    with closing(EventStore(path)) as store:
        assert all(event.offset_s is not None for event in store.iterate(EventQuery(kinds=KINDS)))
        assert store.count(EventQuery(kinds=KINDS)) > 0
        assert list(tmp_path.glob("*.lock")) == []


def test_events_of_a_running_session_stay_open(tmp_path: Path) -> None:
    path = tmp_path / "events.sqlite"
    with closing(EventStore(path)) as first:
        number = first.begin(heard(3, None))
        with closing(EventStore(path)) as second:  # another window
            assert second.events([number])[0].offset_s is None
        first.add([heard(5, 2)])

    with closing(EventStore(path)) as next_start:
        [left] = next_start.events([number])
    assert (left.onset_s, left.offset_s, left.offset_at) == (3, 7, START_AT + 7)
    assert [found.name for found in tmp_path.iterdir()] == ["events.sqlite"]
