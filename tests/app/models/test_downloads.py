"""Downloads: one after the other, stopped, resumed and failing, and imports beside them."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from app.models.download_row import MANUAL, DownloadRow, DownloadState
from app.models.downloads import ModelDownloads
from app.runtime.background_jobs import BackgroundJobs
from core.model.checkpoints.published import PUBLISHED_MODELS
from tests.app.app_fakes import FakeCore
from tests.app.model_fakes import BROKEN, MB, NO_CHECKPOINT, SIZE, FakeHub


@pytest.fixture
def hub(core: FakeCore) -> FakeHub:
    return core.hub


@pytest.fixture
def downloads(core: FakeCore, jobs: BackgroundJobs) -> Iterator[ModelDownloads]:
    made = ModelDownloads(core.api(), jobs)
    yield made
    core.let_go()
    assert made.close(5.0)


def _download_to(at: int, row: DownloadRow, downloads: ModelDownloads, hub: FakeHub, qtbot: QtBot) -> None:
    """Fetch until `at` bytes are here, and stand there."""
    hub.stall(at)
    downloads.download(row)
    qtbot.waitUntil(lambda: hub.arrived.get(row.name, -1) == at and row.state is DownloadState.DOWNLOADING)


def test_every_published_model_is_offered(downloads: ModelDownloads) -> None:
    assert [row.published for row in downloads.rows] == list(PUBLISHED_MODELS)
    assert len(PUBLISHED_MODELS) == 9
    assert [row.can_be_downloaded for row in downloads.rows] == [model.can_be_downloaded for model in PUBLISHED_MODELS]


def test_a_model_arrives_and_is_listed(downloads: ModelDownloads, hub: FakeHub, qtbot: QtBot) -> None:
    row = downloads.rows[0]
    seen: list[DownloadState] = []
    downloads.row_changed.connect(lambda changed: seen.append(changed.state))
    arrived: list[str] = []
    downloads.arrived.connect(arrived.append)
    with qtbot.waitSignal(downloads.listed) as listed:
        downloads.download(row)
    assert arrived == [row.name]
    assert listed.args is not None
    assert row.name in {model.name for model in listed.args[0]}
    assert list(dict.fromkeys(seen)) == [DownloadState.WAITING, DownloadState.DOWNLOADING, DownloadState.HERE]
    assert row.is_here
    assert not row.can_be_downloaded
    assert row.progress is None


def test_a_stopped_download_resumes_from_what_has_arrived(
    downloads: ModelDownloads, hub: FakeHub, qtbot: QtBot
) -> None:
    row = downloads.rows[0]
    _download_to(50 * MB, row, downloads, hub, qtbot)
    downloads.stop(row)
    qtbot.waitUntil(lambda: row.state_text() == "Stopped: 50\N{NARROW NO-BREAK SPACE}%")
    assert row.error is None, "who stops it knows why"
    downloads.download(row)
    hub.gate.set()
    qtbot.waitUntil(lambda: row.is_here)
    assert hub.begun == [(row.name, 0), (row.name, 50 * MB)]


def test_a_broken_connection_is_said_in_words_and_mended_by_going_on(
    downloads: ModelDownloads, hub: FakeHub, qtbot: QtBot
) -> None:
    row = downloads.rows[1]
    hub.breaks_at = 30 * MB
    downloads.download(row)
    qtbot.waitUntil(lambda: row.state is DownloadState.FAILED)
    assert row.error is BROKEN
    assert row.can_be_downloaded
    hub.breaks_at = None
    downloads.download(row)
    assert row.error is None
    qtbot.waitUntil(lambda: row.is_here)
    assert hub.begun[-1] == (row.name, 30 * MB)


def test_one_is_fetched_at_a_time_and_one_that_waits_can_be_taken_back(
    downloads: ModelDownloads, hub: FakeHub, qtbot: QtBot
) -> None:
    first, second, third = downloads.rows[:3]
    _download_to(10 * MB, first, downloads, hub, qtbot)
    downloads.download(second)
    downloads.download(third)
    assert second.state is third.state is DownloadState.WAITING
    downloads.stop(second)
    assert second.state is DownloadState.ABSENT
    hub.gate.set()
    qtbot.waitUntil(lambda: first.is_here and third.is_here)
    assert [name for name, _ in hub.begun] == [first.name, third.name]
    assert not second.is_here


def test_a_stop_that_comes_after_the_last_byte_loses_nothing(
    downloads: ModelDownloads, hub: FakeHub, qtbot: QtBot
) -> None:
    row = downloads.rows[0]
    hub.arrived[row.name] = SIZE
    downloads.download(row)
    while not hub.kept:
        time.sleep(0.001)
    downloads.stop(row)
    qtbot.waitUntil(lambda: row.is_here)


def test_what_has_no_source_is_not_downloaded(downloads: ModelDownloads, hub: FakeHub) -> None:
    manual = downloads.rows[-1]
    assert manual.state_text() == MANUAL
    downloads.download(manual)
    assert manual.state is DownloadState.ABSENT


def test_closing_stops_what_is_under_way_at_once(downloads: ModelDownloads, hub: FakeHub, qtbot: QtBot) -> None:
    first, second = downloads.rows[:2]
    _download_to(20 * MB, first, downloads, hub, qtbot)
    downloads.download(second)
    assert downloads.close(2.0)
    assert hub.begun == [(first.name, 0)]
    assert hub.arrived[first.name] == 20 * MB


def test_an_import_runs_beside_a_download(downloads: ModelDownloads, hub: FakeHub, qtbot: QtBot) -> None:
    hub.imports["birds.pth"] = "Birds"
    downloads.import_model(Path("/clips/birds.pth"))
    downloads.import_model(Path("/clips/other.pth"))
    assert downloads.importing == Path("/clips/birds.pth"), "one at a time"
    qtbot.waitUntil(lambda: len(downloads.rows) == len(PUBLISHED_MODELS) + 1)
    row = downloads.rows[-1]
    assert (row.name, row.title, row.is_here, row.published) == ("birds", "Birds", True, None)
    assert downloads.importing is None


def test_what_cannot_be_imported_says_why(downloads: ModelDownloads, qtbot: QtBot) -> None:
    with qtbot.waitSignal(downloads.import_changed, check_params_cb=lambda: downloads.importing is None):
        downloads.import_model(Path("/clips/notes.txt"))
        # The first signal says that it began.
    assert downloads.import_error is NO_CHECKPOINT
    assert len(downloads.rows) == len(PUBLISHED_MODELS)


def test_a_model_deleted_from_the_disk_can_be_fetched_again(
    downloads: ModelDownloads, hub: FakeHub, qtbot: QtBot
) -> None:
    row = downloads.rows[0]
    downloads.download(row)
    qtbot.waitUntil(lambda: row.is_here and bool(hub.kept))
    hub.kept.clear()
    downloads.refresh()
    qtbot.waitUntil(lambda: row.can_be_downloaded)
