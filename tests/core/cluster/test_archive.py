"""Results survive a kill at any moment, and are not mixed with those of other settings or of another process."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from core.cluster.archive import LEDGER, open_archive, parts_folder
from core.cluster.ledger import part_name
from core.errors import UsageError, UserError
from tests.core.cluster.made_jobs import job, result_of

SETTINGS = {"kind": "windows"}
JOBS = [job(f"{place}.wav") for place in range(3)]
RESULTS = [replace(result_of(one), n_rows=1, n_groups=1) for one in JOBS]


@pytest.fixture
def table(tmp_path: Path) -> Path:
    return tmp_path / "tags.parquet"


@pytest.fixture
def begun(table: Path) -> Path:
    """The folder of a table with two parts."""
    with open_archive(table, SETTINGS) as archive:
        archive.commit(b"first", RESULTS[:1])
        archive.commit(b"second", RESULTS[1:2])
    return parts_folder(table)


def test_what_was_committed_is_there_again(begun: Path, table: Path) -> None:
    with open_archive(table, SETTINGS) as archive:
        assert [archive.ledger.of(one) is not None for one in JOBS] == [True, True, False]
        archive.commit(b"third", RESULTS[2:])
        assert archive.ledger.of(JOBS[2]) is not None
    assert (begun / part_name(1)).read_bytes() == b"first"
    assert (begun / part_name(3)).read_bytes() == b"third"


def test_a_line_that_was_cut_off_counts_for_nothing_and_its_part_goes(begun: Path, table: Path) -> None:
    ledger = begun / LEDGER
    os.truncate(ledger, ledger.stat().st_size - 5)
    with open_archive(table, SETTINGS) as archive:
        assert [archive.ledger.of(one) is not None for one in JOBS] == [True, False, False]
        assert not (begun / part_name(2)).exists()
        archive.commit(b"second again", RESULTS[1:2])
    with open_archive(table, SETTINGS) as archive:
        assert archive.ledger.of(JOBS[1]) is not None
    assert (begun / part_name(2)).read_bytes() == b"second again"


def test_half_a_part_is_removed(begun: Path, table: Path) -> None:
    half = begun / f".{part_name(3)}.0123.new"
    half.write_bytes(b"ha")
    with open_archive(table, SETTINGS):
        assert not half.exists()


def test_a_kill_within_the_first_line_leaves_a_new_archive(begun: Path, table: Path) -> None:
    os.truncate(begun / LEDGER, 4)
    with open_archive(table, SETTINGS) as archive:
        assert archive.ledger.of(JOBS[0]) is None
        archive.commit(b"first", RESULTS[:1])
    with open_archive(table, SETTINGS) as archive:
        assert archive.ledger.of(JOBS[0]) is not None


def test_files_without_rows_need_no_part(table: Path) -> None:
    with open_archive(table, SETTINGS) as archive:
        archive.commit(b"", [result_of(JOBS[0])])
        assert archive.ledger.parts() == set()
    with open_archive(table, SETTINGS) as archive:
        assert archive.ledger.of(JOBS[0]) is not None


def test_other_settings_are_refused_until_somebody_begins_again(begun: Path, table: Path) -> None:
    with pytest.raises(UsageError, match="kind"), open_archive(table, {"kind": "events"}):
        pass
    assert (begun / part_name(1)).exists()
    with open_archive(table, {"kind": "events"}, begin_again=True) as archive:
        assert archive.ledger.of(JOBS[0]) is None
    assert not (begun / part_name(1)).exists()


def test_a_table_of_something_else_is_not_replaced_by_itself(table: Path) -> None:
    table.write_bytes(b"of another program")
    with pytest.raises(UsageError), open_archive(table, SETTINGS):
        pass
    assert table.read_bytes() == b"of another program"
    assert not parts_folder(table).exists()


def test_one_process_at_a_time_writes(table: Path) -> None:
    with open_archive(table, SETTINGS), pytest.raises(UsageError), open_archive(table, SETTINGS):
        pass
    with open_archive(table, SETTINGS):
        pass


def test_a_damaged_ledger_is_named(begun: Path, table: Path) -> None:
    (begun / LEDGER).write_text("nothing\nof the kind\n")
    with pytest.raises(UserError, match=LEDGER), open_archive(table, SETTINGS):
        pass


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="cannot be written"), open_archive(tmp_path / "none" / "t.parquet", SETTINGS):
        pass


def test_a_disk_that_refuses_is_told_and_nothing_counts_as_done(
    begun: Path, table: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(number: int) -> None:
        raise OSError(28, "No space left on device")

    with open_archive(table, SETTINGS) as archive:
        monkeypatch.setattr(os, "fsync", refuse)
        with pytest.raises(UserError, match="No space left"):
            archive.commit(b"third", RESULTS[2:])
        assert archive.ledger.of(JOBS[2]) is None
    monkeypatch.undo()
    with open_archive(table, SETTINGS) as archive:
        assert archive.ledger.of(JOBS[0]) is not None
        assert archive.ledger.of(JOBS[2]) is None
    assert begun.is_dir()
