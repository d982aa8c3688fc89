"""Recognises files of weights by their content, and reads their tensors without running code in them."""

from __future__ import annotations

import json
import pickle
import struct
import zipfile
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open
from safetensors.torch import load
from torch import Tensor

from core.errors import UserError
from core.file_names import is_unicode

_PICKLED = "a pickled PyTorch file"
_DAMAGES = (RuntimeError, EOFError, OSError, ValueError, LookupError, AttributeError, TypeError, MemoryError)
"""What torch.load raises, beside pickle's own error, for files that are not whole or not what they say."""
_MOST_UNPACKED, _SPARE_BYTES = 4, 1_000_000
"""Weights hardly shrink when somebody packs them, and few are there twice."""
_WRAPPERS = ("state_dict", "model", "model_state_dict")
_MAGIC: tuple[tuple[bytes, str], ...] = (
    (b"\x80\x02", _PICKLED),
    (b"\x80\x03", _PICKLED),
    (b"\x80\x04", "a Python pickle"),
    (b"\x80\x05", "a Python pickle"),
    (b"PK\x03\x04", "the beginning of a PyTorch or ZIP file, cut off"),
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
    members = _members(path)
    if members is not None:
        if not members:
            return f"{path.name} is a damaged ZIP archive."
        is_pickled = any(one.filename.endswith("data.pkl") for one in members)
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


def read_safetensors(path: Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    """Tensors by name, and the words of the header. Raises OSError and SafetensorError."""
    if not is_unicode(path):  # safetensors opens no file whose name is not UTF-8
        content = path.read_bytes()
        weights = load(content)
        header = json.loads(content[8 : 8 + int.from_bytes(content[:8], "little")])
        return weights, header.get("__metadata__", {})
    with safe_open(path, framework="pt") as file:
        return {name: file.get_tensor(name) for name in file.keys()}, file.metadata() or {}  # noqa: SIM118


def read_pickled(path: Path, remedy: str) -> dict[str, Tensor]:
    """The tensors of a file that torch.save wrote, by name. What could run code is refused before it can.

    Raises UserError that says what the file is instead; `remedy` is what to do then.
    """
    what = describe_foreign(path, None)
    if _PICKLED not in what:
        raise UserError(what, remedy)
    _refuse_packed(path)
    try:
        found: Any = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        if "Weights only load failed" in str(error):
            raise UserError(
                f"{path.name} holds more than weights: it could run code, so it was not opened.",
                "Get it from its authors as a .safetensors file, or as weights alone (a state_dict).",
            ) from error
        raise UserError(f"{path.name} is a damaged or cut-off PyTorch file.", "Get the file anew.") from error
    except _DAMAGES as error:
        raise UserError(f"{path.name} is a damaged or cut-off PyTorch file.", "Get the file anew.") from error
    if isinstance(found, dict):
        found = next((found[key] for key in _WRAPPERS if isinstance(found.get(key), dict)), found)
    if not isinstance(found, dict) or not found or not all(isinstance(one, Tensor) for one in found.values()):
        raise UserError(f"{path.name} is {_PICKLED} that holds no weights by name.", remedy)
    odd = [name for name, one in found.items() if one.layout != torch.strided or one.is_quantized or one.is_meta]
    if odd:
        raise UserError(f"{odd[0]} in {path.name} is sparse, quantised or empty.", "Save it as plain numbers (dense).")
    _refuse_more_than_stored(path, sum(one.numel() * one.element_size() for one in found.values()))
    return {str(name): tensor for name, tensor in found.items()}


def _refuse_packed(path: Path) -> None:
    """torch.save packs nothing: a file that unpacks to many times its size was made to fill the memory."""
    _refuse_more_than_stored(path, sum(one.file_size for one in _members(path) or ()))


def _members(path: Path) -> list[zipfile.ZipInfo] | None:
    """What the directory of a ZIP file says; nothing where it is damaged, None where the file is no ZIP."""
    try:
        if not zipfile.is_zipfile(path):
            return None
        with zipfile.ZipFile(path) as archive:
            return archive.infolist()
    except (zipfile.BadZipFile, struct.error, RuntimeError, ValueError):  # also versions and names of no ZIP
        return []


def _refuse_more_than_stored(path: Path, n_bytes: int) -> None:
    """Also of tensors that all show the same few numbers, which would be copied one by one later."""
    size = path.stat().st_size
    if n_bytes > _MOST_UNPACKED * size + _SPARE_BYTES:
        problem = f"{path.name} has {size / 1e6:.1f} MB and would take {n_bytes / 1e6:.0f} MB of memory."
        raise UserError(problem, "Get the weights as torch.save or safetensors writes them, one copy of each.")


def _of_json(config: dict[str, Any]) -> str:
    if "model_type" in config or "architectures" in config:
        kind = config.get("model_type") or config.get("architectures")
        return f"describes a Hugging Face model ({kind})"
    return "is a JSON file that describes no Soundmark checkpoint"
