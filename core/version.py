"""The program's name and version."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib import metadata

from core.program import checkout_folder

NAME = "Soundmark"


@cache
def version() -> str:
    """The version in `pyproject.toml` where the program runs from a checkout, else that of the installed package."""
    checkout = checkout_folder()
    if checkout is not None:
        return str(tomllib.loads((checkout / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"])
    try:
        return metadata.version(NAME.lower())
    except metadata.PackageNotFoundError:
        return "unknown"
