"""Reads CSV text into rows with their line numbers, as spreadsheets write it."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from pathlib import Path

from core.errors import UserError

_SEPARATOR = re.compile(r'"?sep=(?P<separator>[^\w"])"?[,;\t]*', re.IGNORECASE)


def read_cells(path: Path) -> Iterator[tuple[int, list[str]]]:
    """Yield (line number, cells) of every row, the header first, without rows that have only empty cells.

    The separator is that of a first line such as `sep=;`, which Excel writes and which is not a row; otherwise comma,
    semicolon or tab, whichever the header has most of. Raises UserError for text that is not UTF-8 or not CSV.
    """
    try:
        with open(path, newline="", encoding="utf-8-sig") as file:
            header = file.readline()
            named = _SEPARATOR.fullmatch(header.rstrip("\r\n"))
            if named is None:
                file.seek(0)
            delimiter = named["separator"] if named else max(",;\t", key=header.count)
            reader = csv.reader(file, delimiter=delimiter, skipinitialspace=True)
            n_lines_before = 1 if named else 0
            yield from ((reader.line_num + n_lines_before, cells) for cells in reader if any(map(str.strip, cells)))
    except UnicodeDecodeError as error:
        raise UserError(f"{path.name} is not UTF-8 text.", "Save it as “CSV UTF-8”.") from error
    except csv.Error as error:
        raise UserError(f"{path.name} is not CSV text ({error}).", "Save it as “CSV UTF-8”.") from error
    except OSError as error:
        raise UserError(f"{path} cannot be read ({error.strerror}).", "Check the file and its permissions.") from error
