"""Says what a file that is no Soundmark checkpoint seems to be. Reads bytes; never loads or runs anything."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

_PICKLED = "a pickled PyTorch file, which could run code when loaded"
_MAGIC: tuple[tuple[bytes, str], ...] = (
    (b"\x80\x02", _PICKLED),
    (b"\x80\x03", _PICKLED),
    (b"\x80\x04", "a Python pickle, which could run code when loaded"),
    (b"\x89HDF", "an HDF5 (Keras) file"),
    (b"GGUF", "a GGUF file"),
    (b"RIFF", "an audio file"),
    (b"fLaC", "an audio file"),
    (b"OggS", "an audio file"),
    (b"ID3", "an audio file"),
)


def describe_foreign(path: Path, config: Any) -> str:
    """One sentence on what `path` is; `config` is its parsed JSON, where it has some."""
    if isinstance(config, dict):
        return f"{path.name} {_of_json(config)}."
    if path.stat().st_size == 0:
        return f"{path.name} is empty."
    if zipfile.is_zipfile(path):
        try:
            with zipfile.ZipFile(path) as archive:
                names = archive.namelist()
        except zipfile.BadZipFile:
            return f"{path.name} is a damaged ZIP archive."
        is_pickled = any(name.endswith("data.pkl") for name in names)
        return f"{path.name} is {_PICKLED if is_pickled else 'a ZIP archive'}."
    with open(path, "rb") as file:
        head = file.read(256)
    for magic, what in _MAGIC:
        if head.startswith(magic):
            return f"{path.name} is {what}."
    if path.suffix == ".safetensors":
        return f"{path.name} is a damaged or truncated safetensors file."
    is_text = bool(head) and all(byte >= 9 for byte in head)
    return f"{path.name} is {'a text file' if is_text else 'a file of an unknown kind'}."


def _of_json(config: dict[str, Any]) -> str:
    if "model_type" in config or "architectures" in config:
        kind = config.get("model_type") or config.get("architectures")
        return f"describes a Hugging Face model ({kind})"
    return "is a JSON file that describes no Soundmark checkpoint"
