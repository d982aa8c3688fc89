"""Joins the parts of an archive to one table, in the order of its files."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache
from importlib import import_module
from pathlib import Path
from typing import Any

from core.atomic_write import atomic_file
from core.cluster.ledger import Ledger, Placed
from core.cluster.models import FileJob, Kind
from core.cluster.rows import GROUP_ROWS, schema_of
from core.errors import UserError
from core.file_names import shown

_OPEN_PARTS = 64


def write_table(path: Path, kind: Kind, folder: Path, jobs: Iterable[FileJob], ledger: Ledger) -> int:
    """Write the rows of all these files that are done, each called as it is named now; how many there are.

    `path` is replaced when all is written. Raises UserError for a part that is gone or damaged, and where nothing can
    be written.
    """
    arrow: Any = import_module("pyarrow")
    try:
        return _write(path, schema_of(kind), _groups(folder, jobs, ledger))
    except arrow.ArrowException as error:
        raise UserError(f"{folder} has a damaged part ({error}).", "Begin again with --overwrite.") from error
    except FileNotFoundError as error:
        raise UserError(f"{error.filename or folder} is gone.", "Begin again with --overwrite.") from error
    except OSError as error:
        raise UserError(f"{path} cannot be written ({error.strerror or error}).", "Make room there.") from error


def _write(path: Path, schema: Any, groups: Iterator[Any]) -> int:
    parquet: Any = import_module("pyarrow.parquet")
    concat: Any = import_module("pyarrow").concat_tables
    n_rows = n_waiting = 0
    waiting: list[Any] = []
    with atomic_file(path) as file, parquet.ParquetWriter(file, schema, compression="zstd") as writer:
        for group in groups:
            waiting.append(group)
            n_rows, n_waiting = n_rows + group.num_rows, n_waiting + group.num_rows
            if n_waiting >= GROUP_ROWS:
                writer.write_table(concat(waiting))
                waiting, n_waiting = [], 0
        if waiting:
            writer.write_table(concat(waiting))
    return n_rows


def _groups(folder: Path, jobs: Iterable[FileJob], ledger: Ledger) -> Iterator[Any]:
    """The row groups of the files, in their order."""
    parquet: Any = import_module("pyarrow.parquet")

    @lru_cache(_OPEN_PARTS)
    def part(name: str) -> Any:
        return parquet.ParquetFile(folder / name)

    for job in jobs:
        placed = ledger.of(job)
        if placed is not None and placed.part:
            yield from (_called(job, part(placed.part).read_row_group(group)) for group in _places(placed))


def _places(placed: Placed) -> range:
    first = placed.result.first_group
    return range(first, first + placed.result.n_groups)


def _called(job: FileJob, group: Any) -> Any:
    """Rows under the name that the file has in this run: it may have been named by another path before."""
    arrow: Any = import_module("pyarrow")
    place = group.schema.get_field_index("source")
    return group.set_column(place, "source", arrow.repeat(arrow.scalar(shown(job.source)), group.num_rows))
