"""CSV text to rows with their line numbers, refusing what cannot be read. Knows no clip and no label."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

from core.errors import UserError


def read_cells(path: Path) -> Iterator[tuple[int, list[str]]]:
    """(line number, cells) of every row that is not blank, the header first.

    Commas, or the semicolons or tabs that some spreadsheets write: whichever the first line has most of. Raises
    UserError for text that is not UTF-8 or no CSV.
    """
    try:
        with open(path, newline="", encoding="utf-8-sig") as file:
            header = file.readline()
            file.seek(0)
            delimiter = max(",;\t", key=header.count)
            reader = csv.reader(file, delimiter=delimiter, skipinitialspace=True)
            yield from ((reader.line_num, cells) for cells in reader if cells)
    except UnicodeDecodeError as error:
        raise UserError(f"{path.name} is not UTF-8 text.", "Save it as “CSV UTF-8”.") from error
    except csv.Error as error:
        raise UserError(f"{path.name} is no CSV text ({error}).", "Save it as “CSV UTF-8”.") from error
    except OSError as error:
        raise UserError(f"{path} cannot be read ({error.strerror}).", "Check the file and its permissions.") from error
