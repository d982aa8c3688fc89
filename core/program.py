"""Where this program's files and folders are, and the command that starts it again.

The folders lie beside main.py in a checkout and in an installed package alike, so one rule finds both.
"""

from __future__ import annotations

import sys
from pathlib import Path

import platformdirs

_ROOT = Path(__file__).resolve().parents[1]


def program_command(*arguments: str) -> tuple[str, ...]:
    """The command line that runs Soundmark with `arguments`, by this Python: `python …/main.py train …`."""
    return (sys.executable, str(_ROOT / "main.py"), *arguments)


def program_folder() -> Path:
    """The folder that holds `core`, and that must be in Python's path for it."""
    return _ROOT


def asset_path(*names: str) -> Path:
    """The path of something in assets/, as `asset_path("starter")` for the folder of the model that ships."""
    return _ROOT.joinpath("assets", *names)


def data_folder() -> Path:
    """Where what the user may not lose is kept: models, events, lists. It may not exist yet."""
    return platformdirs.user_data_path("Soundmark", appauthor=False)


def cache_folder() -> Path:
    """Where what can be made again is kept. It may not exist yet."""
    return platformdirs.user_cache_path("Soundmark", appauthor=False)


def checkout_folder() -> Path | None:
    """The folder of the checkout that this program runs from; None where it is installed."""
    return _ROOT if (_ROOT / "pyproject.toml").is_file() else None
