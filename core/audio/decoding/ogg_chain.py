"""Opens the later links of a chained Ogg file.

Ogg files may be concatenated. libav follows such a chain until a link has another sample rate or channel count, where
it stops; from that link on, the rest of the file is opened as a separate file.
"""

from __future__ import annotations

import io
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import av
from av.container import InputContainer

_PAGE_HEADER_BYTES = 27
_BEGINS_STREAM = 2


def next_link(path: Path, after: int) -> int | None:
    """Where the first page after the page at byte `after` is that starts a stream; None if there is none."""
    with path.open("rb") as file:
        file.seek(after)
        position = after
        while len(header := file.read(_PAGE_HEADER_BYTES)) == _PAGE_HEADER_BYTES and header[:4] == b"OggS":
            if header[5] & _BEGINS_STREAM and position > after:
                return position
            lengths = file.read(header[26])
            position += _PAGE_HEADER_BYTES + len(lengths) + sum(lengths)
            file.seek(position)
    return None


@contextmanager
def open_link(path: Path, offset: int) -> Generator[InputContainer]:
    """Open the part of the file from byte `offset` to its end as a container."""
    with _Tail(path, offset) as file, av.open(file, "r", format="ogg", metadata_errors="replace") as container:
        yield container


class _Tail(io.FileIO):
    """A file that starts at an offset within another."""

    def __init__(self, path: Path, offset: int) -> None:
        super().__init__(path, "rb")
        self._offset = offset
        super().seek(offset)

    def seek(self, position: int, whence: int = io.SEEK_SET, /) -> int:
        return super().seek(position + (self._offset if whence == io.SEEK_SET else 0), whence) - self._offset

    def tell(self) -> int:
        return super().tell() - self._offset
