"""THIRD_PARTY_NOTICES.md names what pyproject.toml depends on."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]


def test_every_dependency_has_its_licence_in_the_notices() -> None:
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    needed = {_normal(re.split(r"[^\w.-]", line, maxsplit=1)[0]) for line in project["dependencies"]}
    rows = re.findall(
        r"^\| \[?([\w.-]+)\S* \| (\S.*) \|$", (REPOSITORY / "THIRD_PARTY_NOTICES.md").read_text("utf-8"), re.M
    )
    licences = {_normal(name): licence for name, licence in rows}
    assert needed <= set(licences), "run docs/make_notices.py"


def _normal(name: str) -> str:
    """A package's name as PEP 503 compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()
