"""Soundmark as its user meets it: started as a program, with a virtual microphone and a virtual screen.

The rig starts once for all tests here; each program gets settings folders of its own.
"""

from __future__ import annotations

import csv
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile

from rig import sounds
from rig.child import Child
from rig.needed import why_not
from rig.virtual_microphone import VirtualMicrophone
from rig.virtual_screen import VirtualScreen

REPOSITORY = Path(__file__).resolve().parents[2]
SCREENSHOTS = REPOSITORY / "build" / "screenshots"
CLIPS = Path(os.environ.get("SOUNDMARK_DATA", REPOSITORY.parent / "shared" / "data"))

SCREEN_VARIABLES = {"DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM", "SOUNDMARK_XCB"}

Start = Callable[..., Child]


@pytest.fixture(scope="session", autouse=True)
def rig_is_complete() -> None:
    """Skips everything here, and says what is missing."""
    if reason := why_not():
        pytest.skip(reason)


@pytest.fixture(scope="session")
def microphone(rig_is_complete: None) -> Iterator[VirtualMicrophone]:
    """The sound server, for programs started here and for this process."""
    with VirtualMicrophone() as microphone:
        os.environ.update(microphone.environment)
        yield microphone


@pytest.fixture(scope="session")
def screen(rig_is_complete: None) -> Iterator[VirtualScreen]:
    """The screen, for programs started here."""
    with VirtualScreen() as screen:
        yield screen


@pytest.fixture(scope="session")
def qt_on_screen(screen: VirtualScreen) -> None:
    """This process's own Qt opens its windows on the virtual screen; come before anything that makes a QApplication."""
    if os.environ.get("SOUNDMARK_XCB") != "1":
        pytest.skip("Qt runs without a screen in this session; `make test` gives these tests one (SOUNDMARK_XCB=1)")
    os.environ.update(screen.environment)


@pytest.fixture
def environment(tmp_path: Path, microphone: VirtualMicrophone) -> dict[str, str]:
    """With the microphone, without a screen, and with settings and history in a folder of this test's own."""
    homes = {f"XDG_{name}_HOME": str(tmp_path / name.lower()) for name in ("CONFIG", "DATA", "STATE", "CACHE")}
    variables = os.environ | microphone.environment | homes | {"PYTHONUNBUFFERED": "1"}
    return {name: value for name, value in variables.items() if name not in SCREEN_VARIABLES}


@pytest.fixture
def start(environment: dict[str, str]) -> Iterator[Start]:
    """Starts `main.py` with arguments, and with more variables by keyword `extra`; ends it after the test."""
    started: list[Child] = []

    def start_soundmark(*words: str | Path, extra: dict[str, str] | None = None) -> Child:
        child = Child([sys.executable, REPOSITORY / "main.py", *words], environment | (extra or {}), cwd=REPOSITORY)
        started.append(child)
        return child

    yield start_soundmark
    for child in started:
        child.end()


@pytest.fixture
def no_device(tmp_path: Path) -> dict[str, str]:
    """The variables of a machine without any input device."""
    config = tmp_path / "asound.conf"
    config.write_text("pcm.!default { type hw card 31 }\n")  # PortAudio aborts when ALSA knows no PCM at all
    return {"ALSA_CONFIG_PATH": str(config), "PULSE_SERVER": f"unix:{tmp_path}/nobody"}


@pytest.fixture
def drag(screen: VirtualScreen) -> Callable[..., Child]:
    """Starts a hand that drags files onto the window titled so, and exits with 0 once they are taken."""

    def start_drag(title: str, *files: Path) -> Child:
        source = REPOSITORY / "tests" / "rig" / "drag_source.py"
        return Child([sys.executable, source, title, *files], os.environ | screen.environment)

    return start_drag


@pytest.fixture(scope="session")
def sweep_wav(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six seconds of a rising tone."""
    return sounds.write_wav(tmp_path_factory.mktemp("sounds") / "a sweep ü.wav", sounds.sweep(6))


@pytest.fixture(scope="session")
def real_clip(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """A recording of the ESC-50 class asked for, at half of full scale, as a WAV file."""
    manifest = CLIPS / "esc50" / "manifest.csv"
    if not manifest.exists():
        pytest.skip(f"no real recordings: {manifest} does not exist (SOUNDMARK_DATA names the folder above esc50)")
    folder = tmp_path_factory.mktemp("clips")

    def fetch(label: str) -> Path:
        with manifest.open(newline="", encoding="utf-8") as rows:
            row = next(row for row in csv.DictReader(rows) if row["label"] == label)
        samples, rate_hz = soundfile.read(manifest.parent / row["path"], dtype="float32", always_2d=True)
        loudest = max(float(np.abs(samples).max()), 1e-6)
        return sounds.write_wav(folder / f"{label}.wav", samples[:, 0] * (0.5 / loudest), rate_hz)

    return fetch
