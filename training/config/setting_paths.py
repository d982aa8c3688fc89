"""Paths in a run's settings, made absolute, so that the run can be resumed from any folder. Reads no file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from core.model.store.folder import find_kept
from core.model.variants import MODEL_VARIANTS
from training.config.recipe import TrainConfig

_TIMM, _PACKAGE = "timm:", "package:"
_KEYS = ("init", "teacher", "collection")


def with_absolute_paths(settings: Sequence[str]) -> tuple[str, ...]:
    """`KEY=VALUE` settings in which `init=runs/a` and `teacher=runs/a,starter` mean the same from any folder."""
    return tuple(_absolute_setting(setting) for setting in settings)


def paths_of_recipe(config: TrainConfig) -> tuple[str, ...]:
    """Settings that make absolute what is still relative in `config`: paths that the recipe's file itself names."""
    values = {"init": config.start.init, "teacher": ",".join(config.optimisation.teacher)}
    values["collection"] = config.data.collection
    settings = [f"{key}={value}" for key, value in values.items()]
    return tuple(new for old, new in zip(settings, with_absolute_paths(settings), strict=True) if new != old)


def _absolute_setting(setting: str) -> str:
    key, equals, value = setting.partition("=")
    if not equals or key not in _KEYS:
        return setting
    if key == "collection":
        return f"{key}={_absolute(value) if value.endswith('.toml') else value}"
    parts = value.split(",") if key == "teacher" else [value]
    return f"{key}={','.join(map(_absolute_model, parts))}"


def _absolute_model(model: str) -> str:
    """A model's path made absolute; names stay names, whatever folders are called like them."""
    if model.startswith(_TIMM):
        name, at, file = model.partition("@")
        return f"{name}{at}{_absolute(file)}"
    if model.startswith(_PACKAGE):
        return model
    return model if model in MODEL_VARIANTS or find_kept(model) else _absolute(model)


def _absolute(path: str) -> str:
    """Absolute where there is such a file or folder, else unchanged: the error then quotes what was typed."""
    expanded = Path(path).expanduser()
    return str(expanded.absolute()) if path and expanded.exists() else path
