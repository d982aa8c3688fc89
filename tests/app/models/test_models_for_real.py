"""The dialog of models with real downloads, imports and models: from a local hub into the running live view."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from app.application import build_window
from app.main_window import MainWindow
from app.models.dialog import RESUME, ModelsDialog
from app.models.download_row import DownloadState
from app.runtime.core_api import CoreApi
from app.widgets import file_dialogs
from core.inference.tagger import Tagger
from core.model.checkpoints.hugging_face_export import export_hugging_face
from core.model.checkpoints.published import PUBLISHED_MODELS
from core.model.store import hub_transfer
from fakes import LABELS, tiny_checkpoint
from rig.hub_server import Hub, hub_server, take_for_the_hub
from rig.waiting import PATIENCE_S
from tests.app.app_fakes import FakeCore
from tests.app.conftest import NO_DEVICES

pytestmark = pytest.mark.slow

PUBLISHED = PUBLISHED_MODELS[0]


@pytest.fixture
def exported(tmp_path: Path) -> Path:
    """A tiny model in the Hugging Face layout."""
    folder = tmp_path / "garden"
    export_hugging_face(tiny_checkpoint(), folder)
    return folder


@pytest.fixture
def hub(exported: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    """A hub that has the tiny model in the place of a published one; all that comes stays below tmp_path."""
    with hub_server() as server:
        for file in exported.iterdir():
            server.add(PUBLISHED.repository, file.name, file.read_bytes())
        take_for_the_hub(server, tmp_path / "hf", monkeypatch)
        monkeypatch.setattr(hub_transfer, "_PAUSE_S", 0.0)
        monkeypatch.setenv("SOUNDMARK_MODELS", str(tmp_path / "models"))
        yield server


@pytest.fixture
def window(qapp: QApplication, core: FakeCore, tmp_path: Path, hub: Hub, qtbot: QtBot) -> Iterator[MainWindow]:
    """Core's own functions, but for the microphone; it listens without a model."""
    calls = replace(CoreApi(), open_listener=core.api().open_listener)
    made = build_window(qapp, settings_path=tmp_path / "settings.ini", core=calls, device_command=NO_DEVICES)
    qtbot.addWidget(made)
    made.show()
    made.session.start()
    qtbot.waitUntil(lambda: bool(core.listeners))
    core.listeners[0].hear(frames=300)
    qtbot.waitUntil(lambda: made.session.is_listening)
    yield made
    core.let_go()
    made.close()
    assert made.models.downloads.close(10.0)
    assert made.jobs.wait(PATIENCE_S)


@pytest.fixture
def dialog(window: MainWindow) -> ModelsDialog:
    window.menus.actions["download_models"].trigger()
    assert window.models.dialog is not None
    return window.models.dialog


def _use(window: MainWindow, dialog: ModelsDialog, core: FakeCore, qtbot: QtBot) -> Tagger:
    """Press the button, and wait for the model in the listener that went on."""
    dialog.use_button.click()
    qtbot.waitUntil(lambda: isinstance(window.session.tagger, Tagger))
    tagger = window.session.tagger
    assert isinstance(tagger, Tagger)
    assert core.listeners[0].taggers[-1] is tagger
    assert len(core.listeners) == 1
    assert not core.listeners[0].stopped.is_set()
    return tagger


def test_a_download_that_breaks_off_goes_on_and_ends_in_the_live_view(
    window: MainWindow,
    dialog: ModelsDialog,
    core: FakeCore,
    hub: Hub,
    tmp_path: Path,
    qtbot: QtBot,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("app.models.downloads._LEAST_PART_BYTES", 1)
    row = window.models.downloads.rows[0]
    hub.cut_after["model.safetensors"] = [10_000] + [0] * 5
    dialog.download_button.click()
    qtbot.waitUntil(lambda: row.state is DownloadState.FAILED)
    assert dialog.trouble.isVisible()
    assert "cannot be reached" in dialog.trouble.text()
    qtbot.waitUntil(lambda: row.kept_bytes >= 10_000)
    assert dialog.download_button.text() == RESUME
    part = next((tmp_path / "hf").rglob("*.part"))
    assert part.stat().st_size == 10_000
    dialog.download_button.click()
    qtbot.waitUntil(lambda: row.is_here)
    assert hub.ranges_of("model.safetensors")[-1] == "bytes=10000-"
    assert (tmp_path / "models" / PUBLISHED.name / "model.safetensors").is_file()
    tagger = _use(window, dialog, core, qtbot)
    assert [label.id for label in tagger.labels] == list(LABELS)
    lines = {action.data(): action for action in window.menus.model_menu.actions() if action.isCheckable()}
    assert lines[PUBLISHED.name].isChecked()
    before, after = tagger.tokens_with("8")
    merging = {action.data(): action.text() for action in window.model_menu.merging.menu.actions()}
    assert merging["8"] == f"8 per layer: {before} → {after} tokens"


def test_a_hugging_face_folder_is_imported_and_used(
    window: MainWindow,
    dialog: ModelsDialog,
    core: FakeCore,
    exported: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    qtbot: QtBot,
) -> None:
    monkeypatch.setattr(file_dialogs, "ask_folder", lambda _parent, _title: exported)
    dialog.folder_button.click()
    qtbot.waitUntil(lambda: dialog.table.chosen().name == "garden")
    assert (tmp_path / "models" / "garden" / "model.safetensors").is_file()
    assert _use(window, dialog, core, qtbot).provenance


def test_a_file_that_is_no_checkpoint_is_refused_in_the_dialog(
    dialog: ModelsDialog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, qtbot: QtBot
) -> None:
    notes = tmp_path / "notes.pth"
    notes.write_text("no checkpoint at all")
    monkeypatch.setattr(file_dialogs, "ask_import", lambda _parent: notes)
    dialog.file_button.click()
    qtbot.waitUntil(lambda: dialog.file_button.isEnabled())
    assert "notes.pth" in dialog.import_words.text()
    assert not (tmp_path / "models").exists()
