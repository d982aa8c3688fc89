"""The weights of a safetensors file as bytes, without making tensors of them, and a hash of a model's weights.

The format: eight bytes with the length of the header, the header as JSON with the place of each tensor, the tensors.
Imports no torch.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import IO, Any

from core.foreign_text import as_object, parse_json
from core.model.format.config import CheckpointConfig

_LENGTH_BYTES = 8
_LONGEST_HEADER = 100_000_000
"""Bytes, as the format has it."""
_AT_ONCE = 1 << 20


def read_header(path: Path) -> tuple[dict[str, tuple[int, int]], dict[str, str]]:
    """Where the bytes of each tensor begin and end in the file, by its name, and the header's metadata. Raises
    ValueError for a file that is damaged or of another kind, and OSError."""
    size = path.stat().st_size
    with path.open("rb") as file:
        length = int.from_bytes(file.read(_LENGTH_BYTES), "little")
        begin = _LENGTH_BYTES + length
        if length > _LONGEST_HEADER or begin > size:
            raise ValueError("the header is longer than the file")
        entries = as_object(parse_json(file.read(length).decode("utf-8")))
    if entries is None:
        raise ValueError("the header is no table")
    metadata = as_object(entries.pop("__metadata__", {})) or {}
    places = {name: _place(entry, begin, size) for name, entry in entries.items()}
    return places, {name: str(value) for name, value in metadata.items()}


def _place(entry: Any, begin: int, size: int) -> tuple[int, int]:
    try:
        first, last = (begin + int(offset) for offset in entry["data_offsets"])
    except (TypeError, KeyError) as error:
        raise ValueError("a tensor has no place") from error
    if not begin <= first <= last <= size:
        raise ValueError("a tensor lies outside the file")
    return first, last


def hash_of_file(config: CheckpointConfig, path: Path) -> str:
    """`hash_of_weights` of the tensors in a safetensors file. Raises ValueError and OSError as `read_header` does."""
    places, _ = read_header(path)
    with path.open("rb") as file:
        return hash_of_weights(config, ((name, _bytes_of(file, *place)) for name, place in sorted(places.items())))


def hash_of_weights(config: CheckpointConfig, weights: Iterable[tuple[str, Iterable[bytes | memoryview]]]) -> str:
    """Of all that decides what the network answers, 16 hexadecimal digits. weights: names in alphabetical order, each
    with the bytes of its tensor in pieces. Takes up to a second for a large model."""
    digest = hashlib.sha256(json.dumps(asdict(config.model), sort_keys=True, default=str).encode())
    digest.update(str((config.activation, config.calibration)).encode())
    for name, pieces in weights:
        digest.update(name.encode())
        for piece in pieces:
            digest.update(piece)
    return digest.hexdigest()[:16]


def _bytes_of(file: IO[bytes], begin: int, end: int) -> Iterator[bytes]:
    file.seek(begin)
    while begin < end and (piece := file.read(min(_AT_ONCE, end - begin))):
        begin += len(piece)
        yield piece
