"""Says what a file that is no Soundmark checkpoint seems to be, and reads the weights of pickled ones without running
anything in them. Knows no architecture."""

from __future__ import annotations

import pickle
import zipfile
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from core.errors import UserError

_PICKLED = "a pickled PyTorch file"
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


def read_pickled(path: Path, remedy: str) -> dict[str, Tensor]:
    """The tensors of a file that torch.save wrote, by name. What could run code is refused before it can.

    Raises UserError that says what the file is instead; `remedy` is what to do then.
    """
    what = describe_foreign(path, None)
    if _PICKLED not in what:
        raise UserError(what, remedy)
    try:
        found: Any = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        if "Weights only load failed" in str(error):
            raise UserError(
                f"{path.name} holds more than weights: it could run code, so it was not opened.",
                "Get it from its authors as a .safetensors file, or as weights alone (a state_dict).",
            ) from error
        raise UserError(f"{path.name} is a damaged or cut-off PyTorch file.", "Get the file anew.") from error
    except (RuntimeError, EOFError, OSError, ValueError, KeyError, AttributeError, UnicodeDecodeError) as error:
        raise UserError(f"{path.name} is a damaged or cut-off PyTorch file.", "Get the file anew.") from error
    if isinstance(found, dict):
        found = next((found[key] for key in _WRAPPERS if isinstance(found.get(key), dict)), found)
    if not isinstance(found, dict) or not found or not all(isinstance(one, Tensor) for one in found.values()):
        raise UserError(f"{path.name} is {_PICKLED} that holds no weights by name.", remedy)
    odd = [name for name, one in found.items() if one.layout != torch.strided or one.is_quantized or one.is_meta]
    if odd:
        raise UserError(f"{odd[0]} in {path.name} is sparse, quantised or empty.", "Save it as plain numbers (dense).")
    return {str(name): tensor for name, tensor in found.items()}


def _of_json(config: dict[str, Any]) -> str:
    if "model_type" in config or "architectures" in config:
        kind = config.get("model_type") or config.get("architectures")
        return f"describes a Hugging Face model ({kind})"
    return "is a JSON file that describes no Soundmark checkpoint"
