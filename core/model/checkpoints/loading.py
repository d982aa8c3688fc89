"""Loads a checkpoint, whoever wrote it: Soundmark, Hugging Face's transformers or AST's authors."""

from __future__ import annotations

from pathlib import Path

from safetensors import SafetensorError
from torch import Tensor

from core.errors import UserError
from core.model.checkpoints.checkpoint import EXPECTED, Checkpoint, check_weights, read_checkpoint
from core.model.checkpoints.hugging_face_import import read_hugging_face
from core.model.checkpoints.import_choices import ImportChoices
from core.model.checkpoints.published_pth import is_released, read_released
from core.model.checkpoints.tensor_files import read_pickled, read_safetensors
from core.model.format.file_kind import describe_foreign


def load_checkpoint(path: Path, choices: ImportChoices | None = None) -> Checkpoint:
    """The checkpoint in a Soundmark folder or file, a Hugging Face AST folder, or a file of AST's authors.

    choices: what the user says about a foreign one. Raises UserError that says what `path` is and what was expected.
    """
    if not path.exists():
        raise UserError(f"There is no model at {path}.", EXPECTED)
    try:
        return read_checkpoint(path) or load_foreign(path, choices)
    except (PermissionError, UnicodeDecodeError) as error:
        raise UserError(f"{path.name} cannot be read ({error}).", EXPECTED) from error


def load_foreign(path: Path, choices: ImportChoices | None = None) -> Checkpoint:
    """Read a folder that transformers wrote, or a file of AST's authors. Raises UserError that says what it is
    instead."""
    choices = choices or ImportChoices()
    if path.is_dir():
        checkpoint = read_hugging_face(path, choices)
    else:
        weights = _read_file(path)
        if not is_released(weights):
            raise UserError(
                f"{path.name} has weights without a config that are not from an AST as its authors publish it.",
                EXPECTED,
            )
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
