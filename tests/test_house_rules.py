"""The project keeps its own rules, and each check of them catches its planted violation."""

from __future__ import annotations

from pathlib import Path

import pytest

from house_rules import (
    MAX_BODY_LINES,
    MAX_FILE_LINES,
    labels_that_read_markup,
    qt_imports,
    threads_elsewhere,
    too_long,
    undescribed,
    untested_tables,
    vague_names,
    wrong_arrows,
)
from rig.planting import plant

REPOSITORY = Path(__file__).resolve().parent.parent


def test_every_arrow_is_in_the_picture() -> None:
    assert wrong_arrows(REPOSITORY) == []


def test_core_and_training_know_no_qt() -> None:
    assert qt_imports(REPOSITORY, "core", "training") == []


def test_threads_meet_in_few_places_only() -> None:
    assert threads_elsewhere(REPOSITORY) == []


def test_labels_show_names_as_they_are(tmp_path: Path) -> None:
    assert labels_that_read_markup(REPOSITORY) == []
    assert labels_that_read_markup(plant(tmp_path, "app/x.py", "label = QLabel(name)\n")) == ["app/x.py makes a QLabel"]


def test_names_say_something() -> None:
    assert vague_names(REPOSITORY) == []


def test_files_and_functions_stay_readable() -> None:
    assert too_long(REPOSITORY, "main", "app", "core", "training", "benchmarks", "tests") == []


def test_every_module_says_what_it_is() -> None:
    assert undescribed(REPOSITORY) == []


def test_every_row_of_every_table_has_its_contract_tested() -> None:
    assert untested_tables(REPOSITORY) == []


@pytest.mark.parametrize(
    ("path", "text", "complaint"),
    [
        ("core/audio/ring.py", "import app.style.theme", "core imports app"),
        ("core/audio/ring.py", "def f():\n    from training import loop", "core imports training"),
        (
            "app/window.py",
            "import importlib\nimportlib.import_module('training.loop.training_run')",
            "app imports training",
        ),
        ("training/loop/training_run.py", "from app import theme", "training imports app"),
        ("core/audio/ring.py", "from core.model import variants", "core.audio imports core.model"),
        ("core/audio/ring.py", "from ..inference import tagger", "core.audio imports core.inference"),
        ("core/model/shape.py", "from core import inference", "core.model imports core.inference"),
        ("core/extra.py", "from core.errors import UserError", "core.extra has no place"),
    ],
)
def test_a_wrong_arrow_is_found(tmp_path: Path, path: str, text: str, complaint: str) -> None:
    wrong = wrong_arrows(plant(tmp_path, path, text))

    assert len(wrong) == 1
    assert complaint in wrong[0]


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("main.py", "import app, core.cli, training.loop.training_run"),
        ("core/inference/tagger.py", "from core.audio import log_mel\nfrom core.model import variants\nimport torch"),
        (
            "core/audio/sources/microphone.py",
            "from core.audio.block import AudioBlock\nfrom core.errors import UserError",
        ),
    ],
)
def test_a_right_arrow_passes(tmp_path: Path, path: str, text: str) -> None:
    assert wrong_arrows(plant(tmp_path, path, text)) == []


def test_planted_qt_and_threads_are_found(tmp_path: Path) -> None:
    plant(tmp_path, "core/audio/ring.py", "import queue\nfrom PySide6 import QtCore")
    plant(tmp_path, "core/audio/sources/microphone_queue.py", "import queue")
    plant(tmp_path, "app/row.py", "import threading\nstop = threading.Event()\nguard = threading.Lock()")
    plant(tmp_path, "app/window.py", "from threading import Thread")

    assert qt_imports(tmp_path, "core") == ["core/audio/ring.py:2 imports PySide6.QtCore"]
    assert threads_elsewhere(tmp_path) == [
        "app/row.py:3 uses threading.Lock",
        "app/window.py:1 uses threading.Thread",
        "core/audio/ring.py:1 uses queue",
    ]


@pytest.mark.parametrize("path", ["core/audio_utils.py", "app/misc.py", "training/base.py"])
def test_a_vague_file_name_is_found(tmp_path: Path, path: str) -> None:
    assert vague_names(plant(tmp_path, path, "")) == [path]


def test_a_vague_class_name_is_found_and_a_telling_one_passes(tmp_path: Path) -> None:
    plant(
        tmp_path,
        "app/training/run_process.py",
        "class TrainingProcess: ...\nclass PanelManager: ...\nclass Database: ...",
    )

    assert vague_names(tmp_path) == ["app/training/run_process.py:2 class PanelManager"]


def test_a_long_file_and_a_long_function_are_found(tmp_path: Path) -> None:
    body = '    """Says so."""\n' + "    x = 1\n" * (MAX_BODY_LINES + 1)
    at_the_limit = body.removesuffix("    x = 1\n")
    plant(tmp_path, "core/one.py", f"def just():\n{at_the_limit}")
    plant(tmp_path, "core/two.py", f"def over():\n{body}")
    plant(tmp_path, "core/three.py", "x = 1\n" * (MAX_FILE_LINES + 1))

    assert too_long(tmp_path, "core") == [
        f"core/three.py has {MAX_FILE_LINES + 1} lines",
        f"core/two.py:1 over has a body of {MAX_BODY_LINES + 1} lines",
    ]


def test_a_module_without_a_first_line_is_found_and_an_empty_one_passes(tmp_path: Path) -> None:
    plant(tmp_path, "core/__init__.py", "")
    plant(tmp_path, "core/mute.py", "x = 1")

    assert undescribed(tmp_path) == ["core/mute.py"]


def test_a_table_without_a_test_is_found(tmp_path: Path) -> None:
    plant(tmp_path, "core/all.py", "MODEL_VARIANTS = ()\nSOURCES: tuple = ()\nFORMATS = {}")
    plant(tmp_path, "app/window.py", "from x import PANELS")
    plant(tmp_path, "tests/test_rows.py", "for row in MODEL_VARIANTS: ...\nfor row in core.SOURCES: ...\nPANELS[0]")

    assert untested_tables(tmp_path) == [
        "no test goes through the rows of FORMATS",
        "PANELS is defined nowhere in app",
    ]
