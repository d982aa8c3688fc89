"""Parts become one table in the order of the files."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow
import pyarrow.parquet
import pytest

from core.cluster import table as table_module
from core.cluster.ledger import Ledger, part_name
from core.cluster.models import FileJob, FileResult
from core.cluster.rows import PartWriter, schema_of
from core.cluster.table import write_table
from core.errors import UserError
from tests.core.cluster.made_jobs import job, result_of

JOBS = [job(f"{place}.wav") for place in range(6)]


def batch_of(one: FileJob, n_rows: int) -> Any:
    row = {"source": one.source, "index": 0, "start_s": 0.0, "end_s": 1.0, "label": "dog", "p": 0.5, "name": "Dog"}
    rows = [{**row, "index": index} for index in range(n_rows)]
    return pyarrow.RecordBatch.from_pylist(rows, schema=schema_of("windows"))


def write_part(folder: Path, ledger: Ledger, jobs: Sequence[FileJob], n_rows: int = 3) -> None:
    writer, results = PartWriter("windows"), list[FileResult]()
    for one in jobs:
        first = writer.n_groups
        writer.write([batch_of(one, n_rows), batch_of(one, 0)])
        results.append(replace(result_of(one), n_rows=n_rows, first_group=first, n_groups=writer.n_groups - first))
    name = part_name(ledger.n_parts + 1)
    (folder / name).write_bytes(writer.finish())
    ledger.commit(name, results)


def rows_of(path: Path) -> list[tuple[str, int]]:
    return [(row["source"], row["index"]) for row in pyarrow.parquet.read_table(path).to_pylist()]


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    """Of all but the last job, in parts that are in another order."""
    ledger = Ledger({})
    write_part(tmp_path, ledger, [JOBS[4], JOBS[0]])
    write_part(tmp_path, ledger, [JOBS[3], JOBS[1], JOBS[2]])
    return ledger


def test_rows_are_in_the_order_of_the_files(tmp_path: Path, ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table_module, "GROUP_ROWS", 5)
    assert write_table(tmp_path / "t.parquet", "windows", tmp_path, JOBS, ledger) == 15
    wanted = [(one.source, index) for one in JOBS[:5] for index in range(3)]
    assert rows_of(tmp_path / "t.parquet") == wanted


def test_a_file_is_called_as_it_is_named_now_and_only_its_newest_rows_count(tmp_path: Path, ledger: Ledger) -> None:
    changed = replace(JOBS[1], size=11, source="/absolute/1.wav")
    write_part(tmp_path, ledger, [changed], n_rows=1)
    write_table(tmp_path / "t.parquet", "windows", tmp_path, [changed, JOBS[0]], ledger)
    assert rows_of(tmp_path / "t.parquet") == [("/absolute/1.wav", 0), *[("0.wav", index) for index in range(3)]]


def test_no_rows_are_an_empty_table(tmp_path: Path) -> None:
    assert write_table(tmp_path / "t.parquet", "events", tmp_path, JOBS, Ledger({})) == 0
    assert pyarrow.parquet.read_schema(tmp_path / "t.parquet").names == schema_of("events").names


def test_a_part_that_is_damaged_or_gone_is_told_and_the_old_table_stays(tmp_path: Path, ledger: Ledger) -> None:
    (tmp_path / "t.parquet").write_bytes(b"old")
    (tmp_path / part_name(1)).write_bytes(b"PAR1 no more")
    with pytest.raises(UserError, match="damaged"):
        write_table(tmp_path / "t.parquet", "windows", tmp_path, JOBS, ledger)
    (tmp_path / part_name(1)).unlink()
    with pytest.raises(UserError, match="gone"):
        write_table(tmp_path / "t.parquet", "windows", tmp_path, JOBS, ledger)
    assert (tmp_path / "t.parquet").read_bytes() == b"old"


def test_row_groups_of_a_part_stay_small(tmp_path: Path) -> None:
    writer = PartWriter("windows")
    writer.write(batch_of(JOBS[0], 20_000) for _ in range(6))
    part = pyarrow.parquet.ParquetFile(io.BytesIO(writer.finish()))
    assert [part.metadata.row_group(n).num_rows for n in range(part.num_row_groups)] == [60_000, 60_000]
