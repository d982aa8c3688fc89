"""The folder of downloaded and imported models, each under its name. Reads no weights and imports no torch."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

from core.errors import UserError
from core.foreign_text import parse_json
from core.program import data_folder

CONFIG_NAME, WEIGHTS_NAME = "config.json", "model.safetensors"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,99}")
_FOLDER_VARIABLE = "SOUNDMARK_MODELS"


@dataclass(frozen=True, slots=True)
class KeptModel:
    """A model in the folder. name: its folder's, which `--model` accepts. title, summary: for menus."""

    name: str
    title: str
    summary: str
    path: Path


def models_folder() -> Path:
    """SOUNDMARK_MODELS if it is set, else a folder in the user's data. It may not exist yet."""
    named = os.environ.get(_FOLDER_VARIABLE, "").strip()
    if named:
        return Path(named).expanduser()
    return data_folder() / "models"


def kept_models(folder: Path | None = None) -> tuple[KeptModel, ...]:
    """The models in the folder, sorted by name; anything that is not a Soundmark checkpoint is ignored."""
    folder = models_folder() if folder is None else folder
    if not folder.is_dir():
        return ()
    found = (_read(path) for path in sorted(folder.iterdir()) if _NAME.fullmatch(path.name))
    return tuple(model for model in found if model is not None)


def find_kept(name: str, folder: Path | None = None) -> Path | None:
    """The folder of the model with that name, or None."""
    if not _NAME.fullmatch(name):
        return None
    path = (models_folder() if folder is None else folder) / name
    return path if is_checkpoint(path) else None


def is_taken(name: str, folder: Path) -> bool:
    """Whether anything in the folder has that name: a model, other files, a broken link."""
    path = folder / name
    return path.exists() or path.is_symlink()


def is_checkpoint(path: Path) -> bool:
    """Whether `path` is a folder with config and weights."""
    return (path / CONFIG_NAME).is_file() and (path / WEIGHTS_NAME).is_file()


def check_name(name: str) -> str:
    """`name`, if it can name a model's folder. Raises UserError for names that `--model` could not tell from a path."""
    if not _NAME.fullmatch(name):
        raise UserError(
            f"A model cannot be called {name!r}.",
            "Use letters, digits, dots, dashes and underscores, such as my-model-2.",
        )
    return name


def _read(path: Path) -> KeptModel | None:
    if not is_checkpoint(path):
        return None
    try:
        raw = parse_json((path / CONFIG_NAME).read_text(encoding="utf-8"))
        n_labels, frames = len(raw["labels"]), int(raw["model"]["max_frames"])
        summary = f"{n_labels} labels, windows of {frames / 100:g} s"
        return KeptModel(path.name, str(raw["name"]), summary, path)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, ArithmeticError):
        return None
