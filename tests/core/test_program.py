"""The program finds its own files, starts itself, and knows its version, from a checkout and where it is installed."""

from __future__ import annotations

import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from core import program
from core import version as version_module
from core.program import asset_path, checkout_folder, program_command
from core.version import version

REPOSITORY = Path(__file__).resolve().parents[2]


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder that holds the program without a checkout around it."""
    monkeypatch.setattr(program, "_ROOT", tmp_path)
    version.cache_clear()
    yield tmp_path
    version.cache_clear()


def test_the_command_runs_main_by_this_python() -> None:
    assert program_command("train", "--resume") == (sys.executable, str(REPOSITORY / "main.py"), "train", "--resume")
    assert Path(program_command()[1]).is_file()


def test_assets_are_found() -> None:
    assert asset_path("starter", "model.safetensors").is_file()
    assert asset_path("audioset_labels.csv").is_file()


def test_a_checkout_is_told_from_an_installation(installed: Path) -> None:
    assert checkout_folder() is None
    (installed / "pyproject.toml").write_text("[project]\nversion = '9.8.7'\n")
    assert checkout_folder() == installed
    assert version() == "9.8.7"


def test_the_version_is_that_of_the_checkout() -> None:
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert version() == project["version"]


def test_where_nothing_knows_the_version_it_is_unknown(installed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def not_installed(name: str) -> str:
        raise version_module.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(version_module.metadata, "version", not_installed)
    assert version() == "unknown"
