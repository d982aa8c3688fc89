"""Recognises files of weights by their content. Imports no torch."""

from __future__ import annotations

import struct
import zipfile
from pathlib import Path
from typing import Any

from core.foreign_text import as_object

PICKLED = "a pickled PyTorch file"
_MAGIC: tuple[tuple[bytes, str], ...] = (
    (b"\x80\x02", PICKLED),
    (b"\x80\x03", PICKLED),
    (b"\x80\x04", "a Python pickle"),
    (b"\x80\x05", "a Python pickle"),
    (b"PK\x03\x04", "a truncated PyTorch or ZIP file"),
    (b"\x89HDF", "an HDF5 (Keras) file"),
    (b"GGUF", "a GGUF file"),
    (b"RIFF", "an audio file"),
    (b"fLaC", "an audio file"),
    (b"OggS", "an audio file"),
    (b"ID3", "an audio file"),
)


def describe_foreign(path: Path, config: Any) -> str:
    """One sentence that says what kind of file `path` is; `config` is its parsed JSON, if it has any."""
    described = as_object(config)
    if described is not None:
        return f"{path.name} {_of_json(described)}."
    if path.stat().st_size == 0:
        return f"{path.name} is empty."
    members = members_of(path)
    if members is not None:
        if not members:
            return f"{path.name} is a damaged ZIP archive."
        is_pickled = any(member.filename.endswith("data.pkl") for member in members)
        return f"{path.name} is {PICKLED if is_pickled else 'a ZIP archive'}."
    with path.open("rb") as file:
        head = file.read(256)
    for magic, what in _MAGIC:
        if head.startswith(magic):
            return f"{path.name} is {what}."
    if path.suffix == ".safetensors":
        return f"{path.name} is a damaged or truncated safetensors file."
    is_text = bool(head) and all(byte >= 9 for byte in head)
    return f"{path.name} is {'a text file' if is_text else 'a file of an unknown kind'}."


def members_of(path: Path) -> list[zipfile.ZipInfo] | None:
    """The entries of a ZIP file's directory; none if it is damaged, None if the file is not a ZIP."""
    try:
        if not zipfile.is_zipfile(path):
            return None
        with zipfile.ZipFile(path) as archive:
            return archive.infolist()
    except (zipfile.BadZipFile, struct.error, RuntimeError, ValueError):  # also unknown versions and undecodable names
        return []


def _of_json(config: dict[str, Any]) -> str:
    if "model_type" in config or "architectures" in config:
        kind = config.get("model_type") or config.get("architectures")
        return f"describes a Hugging Face model ({kind})"
    return "is a JSON file, but not the config of a Soundmark checkpoint"
