"""Loads checkpoints of others: Hugging Face folders and the files of AST's authors."""

from __future__ import annotations

from pathlib import Path

from safetensors import SafetensorError
from torch import Tensor

from core.errors import UserError
from core.model.checkpoints.checkpoint import EXPECTED, Checkpoint, check_weights
from core.model.checkpoints.file_kind import describe_foreign, read_pickled
from core.model.checkpoints.hugging_face_import import read_hugging_face
from core.model.checkpoints.released_weights import ImportChoices, is_released, read_released
from core.model.checkpoints.weight_files import read_safetensors


def load_foreign(path: Path, choices: ImportChoices | None = None) -> Checkpoint:
    """The checkpoint in a folder that transformers wrote, or in a file of AST's authors. Raises UserError that says
    what it is instead."""
    choices = choices or ImportChoices()
    if path.is_dir():
        checkpoint = read_hugging_face(path, choices)
    else:
        weights = _read_file(path)
        if not is_released(weights):
            raise UserError(f"{path.name} holds weights without a config, of no AST as its authors keep it.", EXPECTED)
        checkpoint = read_released(weights, path.name, choices)
    check_weights(checkpoint.config, checkpoint.weights, path)
    return checkpoint


def _read_file(path: Path) -> dict[str, Tensor]:
    if path.suffix != ".safetensors":
        return read_pickled(path, EXPECTED)
    try:
        return read_safetensors(path)[0]
    except (SafetensorError, OSError) as error:
        raise UserError(describe_foreign(path, None), f"{EXPECTED} ({error})") from error
