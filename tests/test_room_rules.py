"""Folders stay rooms, and each check of that catches its planted violation."""

from __future__ import annotations

from pathlib import Path

import pytest

from rig.planting import plant
from room_rules import MAX_FOLDER_FILES, import_circle, overfull_folders, rooms_out_of_order

REPOSITORY = Path(__file__).resolve().parent.parent


def test_rooms_import_what_stands_to_their_left() -> None:
    assert rooms_out_of_order(REPOSITORY) == []


def test_no_modules_import_each_other_in_a_circle() -> None:
    assert import_circle(REPOSITORY) == []


def test_folders_stay_rooms() -> None:
    assert overfull_folders(REPOSITORY) == []


@pytest.mark.parametrize(
    ("path", "text", "complaint"),
    [
        ("app/style/theme.py", "from app.live import session", "app.style imports app.live.session"),
        ("app/files/panel.py", "from app.live.session import Session", "app.files imports app.live.session.Session"),
        ("app/style/theme.py", "from app import docks", "app.style imports app.docks"),
        ("app/gadgets/theme.py", "from app import docks", "no place for app.gadgets"),
        ("core/model/networks/stems.py", "import core.model.store.find", "core.model.networks imports"),
        ("core/model/__init__.py", "from core.model.store import find", "no place for core.model"),
        ("training/data/layouts/csv.py", "from training.data import manifest", "training.data.layouts imports"),
    ],
)
def test_an_import_against_the_order_of_rooms_is_found(tmp_path: Path, path: str, text: str, complaint: str) -> None:
    wrong = rooms_out_of_order(plant(tmp_path, path, text))

    assert len(wrong) == 1
    assert complaint in wrong[0]


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("app/main_window.py", "from app.live import session\nfrom app import docks"),
        ("app/live/session.py", "from app.style import theme\nfrom app.live.clock import Clock\nimport os"),
        ("training/data/manifest.py", "from training.data.layouts.csv import read"),
        ("core/model/variants.py", "from core.model.architecture import ModelConfig"),
    ],
)
def test_an_import_in_the_order_of_rooms_passes(tmp_path: Path, path: str, text: str) -> None:
    assert rooms_out_of_order(plant(tmp_path, path, text)) == []


def test_a_circle_of_imports_is_found_inside_functions_too(tmp_path: Path) -> None:
    plant(tmp_path, "core/read.py", "from core.write import save")
    plant(tmp_path, "core/write.py", "def save():\n    from core.read import load")
    plant(tmp_path, "core/other.py", "from core import read, write")

    assert set(import_circle(tmp_path)) == {"core.read", "core.write"}


def test_a_full_folder_passes_and_a_fuller_one_is_found(tmp_path: Path) -> None:
    for number in range(MAX_FOLDER_FILES):
        plant(tmp_path, f"core/audio/part_{number}.py", "")
    plant(tmp_path, "core/audio/__init__.py", "")
    assert overfull_folders(tmp_path) == []

    plant(tmp_path, "core/audio/last.py", "")
    assert overfull_folders(tmp_path) == [f"core/audio holds {MAX_FOLDER_FILES + 1} files"]
