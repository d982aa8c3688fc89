"""Soundmark as it is installed: a wheel in a fresh environment, run from another folder, without the checkout."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import sysconfig
import tomllib
import zipfile
from pathlib import Path

import pytest

from rig.child import Child
from rig.sounds import sweep, write_wav
from rig.waiting import PATIENCE_S, wait_for

REPOSITORY = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["project"]
SCRIPTS = "Scripts" if sys.platform == "win32" else "bin"
WINDOWS_ENDING = ".exe" if sys.platform == "win32" else ""

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of this checkout, built without a network."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(command, cwd=REPOSITORY, check=True, capture_output=True, timeout=PATIENCE_S)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def environment_folder(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A new environment with the wheel; what it depends on is read from the packages of this one."""
    uv = shutil.which("uv")
    if uv is None:
        pytest.skip("uv, which makes the environment, is not installed")
    folder = tmp_path_factory.mktemp("installed") / "venv"
    for words in (
        ["venv", "--python", sys.executable, str(folder)],
        ["pip", "install", "--offline", "--no-deps", "--python", str(folder), str(wheel)],
    ):
        subprocess.run([uv, *words], check=True, capture_output=True, timeout=PATIENCE_S)
    # The line of a .pth file adds that folder alone: .pth files inside it, as that of this checkout, are not read.
    (packages_of(folder) / "dependencies.pth").write_text(sysconfig.get_path("purelib"), encoding="utf-8")
    return folder


def packages_of(folder: Path) -> Path:
    """The site-packages of an environment."""
    return Path(sysconfig.get_path("purelib", "venv", {"base": str(folder), "platbase": str(folder)}))


@pytest.fixture
def command(environment_folder: Path) -> Path:
    """The installed command."""
    return environment_folder / SCRIPTS / f"soundmark{WINDOWS_ENDING}"


@pytest.fixture
def variables(tmp_path: Path) -> dict[str, str]:
    """The environment variables of a user without a screen, in a home of their own."""
    kept = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "VIRTUAL_ENV")}
    homes = {f"XDG_{name}_HOME": str(tmp_path / name.lower()) for name in ("CONFIG", "CACHE", "DATA", "STATE")}
    return kept | homes | {"QT_QPA_PLATFORM": "offscreen"}


def run(command: Path, *words: str | Path, cwd: Path, variables: dict[str, str]) -> str:
    """What the installed command prints; it must succeed."""
    done = subprocess.run(
        [command, *words], cwd=cwd, env=variables, capture_output=True, text=True, encoding="utf-8", timeout=PATIENCE_S
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_wheel_holds_all_of_the_program_in_one_package(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    assert {name.split("/")[0] for name in names} == {"soundmark", f"soundmark-{PROJECT['version']}.dist-info"}
    for kept in ("app", "core", "training", "assets"):
        assert {f"soundmark/{path}" for path in files_below(kept)} <= set(names)
    assert not any(part in ("tests", "__pycache__", "benchmarks") for name in names for part in name.split("/"))


def files_below(folder: str) -> list[str]:
    """The paths of the program's own files in a folder of the checkout."""
    found = [path for path in (REPOSITORY / folder).rglob("*") if path.is_file() and "__pycache__" not in path.parts]
    return [path.relative_to(REPOSITORY).as_posix() for path in found]


def test_it_prints_its_version(command: Path, tmp_path: Path, variables: dict[str, str]) -> None:
    assert run(command, "--version", cwd=tmp_path, variables=variables) == f"Soundmark {PROJECT['version']}\n"


def test_it_tags_a_clip_with_the_starter(command: Path, tmp_path: Path, variables: dict[str, str]) -> None:
    clip = write_wav(tmp_path / "sweep.wav", sweep(2))
    lines = run(command, "tag", clip, "--format", "jsonl", cwd=tmp_path, variables=variables).splitlines()
    assert lines
    assert all(json.loads(line) for line in lines)


def test_recipes_and_studies_are_there(command: Path, tmp_path: Path, variables: dict[str, str]) -> None:
    recipes = {row["name"] for row in json.loads(run(command, "recipes", "--json", cwd=tmp_path, variables=variables))}
    assert recipes == {path.stem for path in (REPOSITORY / "training" / "recipes").glob("*.toml")}
    studies = run(command, "study", cwd=tmp_path, variables=variables)
    assert all(path.stem in studies for path in (REPOSITORY / "training" / "studies").glob("*.toml"))


def test_it_starts_itself(environment_folder: Path, tmp_path: Path, variables: dict[str, str]) -> None:
    python = environment_folder / SCRIPTS / f"python{WINDOWS_ENDING}"
    ask = (
        "import sys, soundmark; sys.path.insert(0, soundmark.__path__[0]); "
        "from core.program import program_command; print(*program_command('--version'), sep='\\n')"
    )
    own = run(python, "-c", ask, cwd=tmp_path, variables=variables).splitlines()
    assert Path(own[1]).is_relative_to(packages_of(environment_folder))
    assert run(Path(own[0]), *own[1:], cwd=tmp_path, variables=variables) == f"Soundmark {PROJECT['version']}\n"


@pytest.mark.skipif(sys.platform == "win32", reason="a signal that closes the window is POSIX's")
def test_the_window_opens_lists_its_inputs_and_closes(command: Path, tmp_path: Path, variables: dict[str, str]) -> None:
    # platformdirs takes the folder of logs from the home on macOS, from the variable elsewhere.
    variables = variables | {"HOME": str(tmp_path)}

    def log() -> str:
        return "".join(path.read_text(encoding="utf-8") for path in tmp_path.rglob("soundmark.log"))

    with Child([command, "--demo"], variables, cwd=tmp_path) as window:
        wait_for(lambda: "the window is open" in log() or window.exit_code is not None, PATIENCE_S, "the window")
        wait_for(lambda: "listening to" in log() or window.exit_code is not None, PATIENCE_S, "the demo scene")
        assert window.exit_code is None, window.describe()
        os.kill(window.pid, signal.SIGTERM)
        assert window.wait(PATIENCE_S) == 0, window.describe()
    first_line = log().splitlines()[0]
    assert f"Soundmark {PROJECT['version']}" in first_line
    # The window asks a second process of the program for the microphones.
    assert "could not be read" not in log()
