"""Reads a safetensors file, whatever the bytes of its name. Knows no model."""

from __future__ import annotations

import json
from pathlib import Path

from safetensors import safe_open
from safetensors.torch import load
from torch import Tensor

from core.file_names import is_unicode


def read_safetensors(path: Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    """Tensors by name, and the words of the header. Raises OSError and SafetensorError."""
    if not is_unicode(path):  # safetensors opens no file whose name is not UTF-8
        content = path.read_bytes()
        weights = load(content)
        header = json.loads(content[8 : 8 + int.from_bytes(content[:8], "little")])
        return weights, header.get("__metadata__", {})
    with safe_open(path, framework="pt") as file:
        return {name: file.get_tensor(name) for name in file.keys()}, file.metadata() or {}  # noqa: SIM118
