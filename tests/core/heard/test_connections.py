"""The store's file: refused, damaged, full, read-only, and used by several windows at once."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest

from core.errors import UserError
from core.heard.connections import Connections
from core.heard.event import EventQuery
from core.heard.store import EventStore
from tests.core.heard.made_events import START_AT, heard

REPOSITORY = Path(__file__).resolve().parents[3]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data" / "events.sqlite"


@pytest.fixture
def store(path: Path) -> Iterator[EventStore]:
    with closing(EventStore(path)) as made:
        made.add([heard(at) for at in range(3)])
        yield made


def test_a_folder_that_is_missing_is_made(path: Path) -> None:
    with closing(EventStore(path)) as store:
        assert store.count(EventQuery()) == 0
        assert store.set_aside is None


def test_a_file_of_text_is_set_aside_whole(path: Path) -> None:
    path.parent.mkdir()
    path.write_text("shopping list\n" * 100)

    with closing(EventStore(path)) as store:
        store.add([heard(1)])
        aside = store.set_aside

    assert aside is not None
    assert aside.read_text() == "shopping list\n" * 100
    with closing(EventStore(path)) as store:
        assert store.set_aside is None
        assert store.count(EventQuery()) == 1


def test_a_file_that_was_cut_off_is_set_aside(path: Path) -> None:
    with closing(EventStore(path)) as store:
        store.add([heard(at) for at in range(5000)])
    size = path.stat().st_size
    os.truncate(path, 4096 * 3)

    with closing(EventStore(path)) as store:
        assert store.set_aside is not None
        assert store.set_aside.stat().st_size == 4096 * 3 < size


def test_damage_that_shows_later_is_told_and_nothing_is_deleted(path: Path) -> None:
    with closing(EventStore(path)) as store:
        store.add([heard(at) for at in range(5000)])
    content = bytearray(path.read_bytes())
    middle = slice(len(content) // 4, len(content) // 2)
    content[middle] = bytes(byte ^ 0x5A for byte in content[middle])
    path.write_bytes(content)

    with closing(EventStore(path)) as store, pytest.raises(UserError, match="damaged"):
        list(store.iterate(EventQuery()))
    assert store.set_aside is None
    assert path.stat().st_size == len(content)


def test_a_database_of_another_program_is_refused_and_stays(path: Path) -> None:
    path.parent.mkdir()
    with closing(sqlite3.connect(path)) as database:
        database.execute("CREATE TABLE recipes (name)")
    content = path.read_bytes()

    with pytest.raises(UserError, match="another program"):
        EventStore(path)

    assert path.read_bytes() == content


@pytest.mark.skipif(os.name == "nt", reason="Windows refuses other names")
def test_a_place_without_folders_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(UserError):
        EventStore(tmp_path / "file" / "events.sqlite")


def _with_pragma(store: EventStore, pragma: str) -> None:
    with store._connections.alone() as database:
        database.execute(pragma)


def test_a_full_disk_is_told_and_the_store_goes_on_when_there_is_space(store: EventStore) -> None:
    _with_pragma(store, "PRAGMA max_page_count = 1")  # no more than there are
    with pytest.raises(UserError, match="full"):
        store.add([heard(at, note="a long note" * 1000) for at in range(100)])
    assert store.count(EventQuery()) == 3

    _with_pragma(store, "PRAGMA max_page_count = 100000")
    store.add([heard(9)])
    assert store.count(EventQuery()) == 4


def test_a_read_only_file_is_told_and_can_still_be_read(store: EventStore) -> None:
    _with_pragma(store, "PRAGMA query_only = 1")
    with pytest.raises(UserError, match="read-only"):
        store.begin(heard(5, None))
    with pytest.raises(UserError, match="read-only"):
        store.delete_all()

    assert store.count(EventQuery()) == 3


@pytest.mark.skipif(os.name == "nt" or os.getuid() == 0, reason="this account may write anywhere")
def test_a_folder_that_may_not_be_written_can_be_read(path: Path) -> None:
    with closing(EventStore(path)) as store:
        store.add([heard(1)])
    path.parent.chmod(0o500)
    with closing(EventStore(path)) as store:
        assert store.count(EventQuery()) == 1
        with pytest.raises(UserError):
            store.add([heard(2)])
    with pytest.raises(UserError):
        EventStore(path.with_name("new.sqlite"))


def test_another_program_that_holds_the_file_is_told(store: EventStore, monkeypatch: pytest.MonkeyPatch) -> None:
    _with_pragma(store, "PRAGMA busy_timeout = 20")
    with closing(sqlite3.connect(store.path, isolation_level=None)) as holder:
        holder.execute("BEGIN IMMEDIATE")
        with pytest.raises(UserError, match="Another program"):
            store.add([heard(5)])
        assert store.count(EventQuery()) == 3  # reading waits for nobody
        holder.execute("ROLLBACK")
    store.add([heard(5)])


def test_a_failed_transaction_leaves_no_half(path: Path) -> None:
    connections = Connections(path)
    with suppress(ZeroDivisionError), connections.writing() as database:
        database.execute("INSERT INTO inputs (input, folded) VALUES ('a', 'a')")
        raise ZeroDivisionError
    with connections.reading() as database:
        assert database.execute("SELECT count(*) FROM inputs").fetchone() == (0,)
    connections.close()


def test_windows_that_start_and_write_at_once_lose_nothing(path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from core.heard.store import EventStore;"
        "from tests.core.heard.made_events import heard;"
        "sys.stdin.read(); store = EventStore(Path(sys.argv[1]));"
        "[store.add([heard(at, session=sys.argv[2])]) for at in range(100)]; store.close()"
    )
    children = [
        subprocess.Popen([sys.executable, "-c", code, path, f"window{i}"], cwd=REPOSITORY, stdin=subprocess.PIPE)
        for i in range(3)
    ]
    for child in children:
        assert child.stdin is not None
        child.stdin.close()  # all begin
    assert [child.wait() for child in children] == [0, 0, 0]

    with closing(EventStore(path)) as store:
        assert [store.count(EventQuery(session=f"window{i}")) for i in range(3)] == [100, 100, 100]
        assert store.labels() == [("id of Dog", "Dog", 300)]


def test_what_was_deleted_is_nowhere_in_the_files(store: EventStore) -> None:
    number = store.add([heard(7, note="something private")])[0]
    store.put_picture(number, b"a private picture")

    store.delete_all()

    left = b"".join(file.read_bytes() for file in store.path.parent.iterdir())
    assert b"private" not in left
    assert b"USB microphone" not in left
    assert store.add([heard(8)])[0] > number


def test_a_store_can_be_used_by_another_thread_than_the_one_that_made_it(store: EventStore) -> None:
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(lambda at: store.add([heard(at)]), range(40)))
        counts = list(threads.map(lambda _: store.count(EventQuery(until=START_AT + 100)), range(4)))

    assert counts == [43] * 4
