"""Which Soundmark this is."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib import metadata
from pathlib import Path

NAME = "Soundmark"


@cache
def version() -> str:
    """As `pyproject.toml` has it where the program runs from its folder, else as it was installed."""
    project = Path(__file__).parent.parent / "pyproject.toml"
    if project.is_file():
        told = tomllib.loads(project.read_text(encoding="utf-8")).get("project", {})
        if told.get("name") == NAME.lower():
            return str(told["version"])
    try:
        return metadata.version(NAME.lower())
    except metadata.PackageNotFoundError:
        return "unknown"
