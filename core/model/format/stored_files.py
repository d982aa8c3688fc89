"""Finds the settings and the file of weights of a checkpoint of ours on disk. Imports no torch."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from core.errors import UserError
from core.foreign_text import as_object, parse_json
from core.model.format.config import CONFIG_NAME, EXPECTED, FORMAT, WEIGHTS_NAME, CheckpointConfig
from core.model.format.file_kind import describe_foreign
from core.model.format.weights_file import read_header


@dataclass(frozen=True, slots=True)
class StoredFiles:
    """A checkpoint of ours whose weights have not been read."""

    config: CheckpointConfig
    weights: Path
    """The safetensors file."""
    sha256: str | None
    """What the weights' file must have; None where the config is in the same file."""

    def check_sum(self) -> None:
        """Raises UserError unless the weights are those that the config was written for, and OSError."""
        if self.sha256 is None:
            return
        with self.weights.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
        if found != self.sha256:
            folder = self.weights.parent.name
            problem = f"{WEIGHTS_NAME} and {CONFIG_NAME} in {folder} are from different checkpoints."
            raise UserError(problem, "Copy or download the checkpoint again.")


def find_stored(path: Path) -> StoredFiles | None:
    """The checkpoint in a folder or in a file of ours; None where another program wrote it.

    Raises UserError for one that is damaged, OSError and UnicodeDecodeError.
    """
    return _in_folder(path) if path.is_dir() else _in_file(path)


def _in_folder(path: Path) -> StoredFiles | None:
    """None where transformers wrote it."""
    config_path, weights_path = path / CONFIG_NAME, path / WEIGHTS_NAME
    if not config_path.is_file():
        raise UserError(f"The folder {path.name} has no {CONFIG_NAME}.", EXPECTED)
    text = config_path.read_text(encoding="utf-8")
    if _is_from_transformers(text):
        return None
    if not weights_path.is_file():
        raise UserError(f"The folder {path.name} has no {WEIGHTS_NAME}.", EXPECTED)
    config = CheckpointConfig.from_json(text, config_path)
    _metadata(weights_path)
    return StoredFiles(config, weights_path, str(parse_json(text).get("weights_sha256")))


def _in_file(path: Path) -> StoredFiles | None:
    if path.suffix != ".safetensors":
        return None
    metadata = _metadata(path)
    if "config" not in metadata:
        return None
    return StoredFiles(CheckpointConfig.from_json(metadata["config"], path), path, None)


def _metadata(path: Path) -> dict[str, str]:
    try:
        return read_header(path)[1]
    except (ValueError, OSError) as error:
        raise UserError(describe_foreign(path, None), f"{EXPECTED} ({error})") from error


def _is_from_transformers(text: str) -> bool:
    try:
        raw = as_object(parse_json(text))
    except ValueError:
        return False
    return raw is not None and raw.get("format") != FORMAT and "model_type" in raw
