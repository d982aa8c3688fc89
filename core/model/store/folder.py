"""Where models that were fetched or imported are kept, each under its name. Reads no weights and imports no torch."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

import platformdirs

from core.errors import UserError
from core.foreign_text import parse_json

CONFIG_NAME, WEIGHTS_NAME = "config.json", "model.safetensors"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,99}")
_FOLDER_VARIABLE = "SOUNDMARK_MODELS"


@dataclass(frozen=True, slots=True)
class KeptModel:
    """A model in the folder. name: of its own folder, what `--model` takes. title, summary: for menus."""

    name: str
    title: str
    summary: str
    path: Path


def models_folder() -> Path:
    """The folder of all models: what SOUNDMARK_MODELS names, else a place in the user's data. May not exist yet."""
    named = os.environ.get(_FOLDER_VARIABLE, "").strip()
    if named:
        return Path(named).expanduser()
    return platformdirs.user_data_path("Soundmark", appauthor=False) / "models"


def kept_models(folder: Path | None = None) -> tuple[KeptModel, ...]:
    """The models in the folder, by name; what is no checkpoint of ours is passed over."""
    folder = models_folder() if folder is None else folder
    if not folder.is_dir():
        return ()
    found = (_read(path) for path in sorted(folder.iterdir()) if _NAME.fullmatch(path.name))
    return tuple(one for one in found if one is not None)


def find_kept(name: str, folder: Path | None = None) -> Path | None:
    """The folder of the model of that name, or None where there is none."""
    if not _NAME.fullmatch(name):
        return None
    path = (models_folder() if folder is None else folder) / name
    return path if is_checkpoint(path) else None


def is_taken(name: str, folder: Path) -> bool:
    """Whether anything at all lies in the folder under that name: a model, other files, a link to nowhere."""
    path = folder / name
    return path.exists() or path.is_symlink()


def is_checkpoint(path: Path) -> bool:
    """Whether `path` is a folder with a config and weights."""
    return (path / CONFIG_NAME).is_file() and (path / WEIGHTS_NAME).is_file()


def check_name(name: str) -> str:
    """`name`, fit to be a folder's. Raises UserError for what `--model` could not tell from a path."""
    if not _NAME.fullmatch(name):
        raise UserError(
            f"A model cannot be called {name!r}.", "Use letters, digits, dots, dashes and underscores, as my-model-2."
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
