"""Reads the tensors of files of weights without running code in them."""

from __future__ import annotations

import json
import pickle
from pathlib import Path
from typing import Any, cast

import torch
from safetensors import safe_open
from safetensors.torch import load
from torch import Tensor

from core.errors import UserError
from core.file_names import is_unicode
from core.model.format.file_kind import PICKLED, describe_foreign, members_of

_DAMAGE_ERRORS = (RuntimeError, EOFError, OSError, ValueError, LookupError, AttributeError, TypeError, MemoryError)
"""What torch.load raises, beside pickle's own error, for incomplete or mislabelled files."""
_LARGEST_EXPANSION, _SPARE_BYTES = 4, 1_000_000
"""Weights barely compress, and few are stored once and used twice: a file that grows more than this is hostile."""
_WRAPPERS = ("state_dict", "model", "model_state_dict")


def read_safetensors(path: Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    """Tensors by name, and the header's metadata. Raises OSError and SafetensorError."""
    if not is_unicode(path):  # safetensors cannot open a file whose name is not UTF-8
        content = path.read_bytes()
        weights = load(content)
        header = json.loads(content[8 : 8 + int.from_bytes(content[:8], "little")])
        return weights, header.get("__metadata__", {})
    opened: Any = safe_open(path, framework="pt")  # it comes without types
    with opened as file:
        return {name: file.get_tensor(name) for name in file.keys()}, file.metadata() or {}  # noqa: SIM118


def read_pickled(path: Path, remedy: str) -> dict[str, Tensor]:
    """The tensors by name of a file that torch.save wrote. A file that could run code is rejected before it can.

    Raises UserError that says what the file is instead, with `remedy`.
    """
    what = describe_foreign(path, None)
    if PICKLED not in what:
        raise UserError(what, remedy)
    _check_unpacked_size(path)
    try:
        found = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        if "Weights only load failed" in str(error):
            raise UserError(
                f"{path.name} contains more than weights: it could run code, so it was not opened.",
                "Ask its authors for a .safetensors file, or for the weights alone (a state_dict).",
            ) from error
        raise UserError(f"{path.name} is a damaged or truncated PyTorch file.", "Copy or download it again.") from error
    except _DAMAGE_ERRORS as error:
        raise UserError(f"{path.name} is a damaged or truncated PyTorch file.", "Copy or download it again.") from error
    weights = _named_tensors(found)
    if not weights:
        raise UserError(f"{path.name} is {PICKLED} without named weights.", remedy)
    odd = [name for name, tensor in weights.items() if not _is_dense(tensor)]
    if odd:
        raise UserError(f"{odd[0]} in {path.name} is sparse, quantised or has no values.", "Save it as a dense tensor.")
    _check_memory(path, sum(tensor.numel() * tensor.element_size() for tensor in weights.values()))
    return weights


def _named_tensors(found: object) -> dict[str, Tensor]:
    """The tensors of a state_dict, alone or in one of the usual wrappers; none if it holds anything else."""
    outer = _entries(found) or {}
    wrapped = (_entries(outer.get(key)) for key in _WRAPPERS)
    entries = next((inner for inner in wrapped if inner is not None), outer)
    tensors = {str(name): value for name, value in entries.items() if isinstance(value, Tensor)}
    return tensors if len(tensors) == len(entries) else {}


def _entries(value: object) -> dict[object, object] | None:
    return cast("dict[object, object]", value) if isinstance(value, dict) else None


def _is_dense(tensor: Tensor) -> bool:
    return tensor.layout == torch.strided and not tensor.is_quantized and not tensor.is_meta


def _check_unpacked_size(path: Path) -> None:
    """torch.save does not compress: a file that unpacks to many times its size was made to fill the memory."""
    _check_memory(path, sum(member.file_size for member in members_of(path) or ()))


def _check_memory(path: Path, n_bytes: int) -> None:
    """Raises UserError for far more bytes than the file has: it was packed, or its tensors share a few values."""
    size = path.stat().st_size
    if n_bytes > _LARGEST_EXPANSION * size + _SPARE_BYTES:
        problem = f"{path.name} is {size / 1e6:.1f} MB but would take {n_bytes / 1e6:.0f} MB of memory."
        raise UserError(problem, "Ask for the weights as torch.save or safetensors writes them, each stored once.")
