"""Fetching: one after the other, stopped and gone on with, failing in words, and imports beside it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from app.models.download_row import FetchRow, FetchState
from app.models.downloads import ModelFetching
from app.runtime.background_jobs import BackgroundJobs
from core.model.checkpoints.published import PUBLISHED_MODELS
from tests.app.app_fakes import FakeCore
from tests.app.model_fakes import BROKEN, MB, NO_CHECKPOINT, SIZE, FakeHub


@pytest.fixture
def hub(core: FakeCore) -> FakeHub:
    return core.hub


@pytest.fixture
def fetching(core: FakeCore, jobs: BackgroundJobs) -> Iterator[ModelFetching]:
    made = ModelFetching(core.calls(), jobs)
    yield made
    core.let_go()
    assert made.close(5.0)


def _fetch_to(at: int, row: FetchRow, fetching: ModelFetching, hub: FakeHub, qtbot: QtBot) -> None:
    """Fetch until `at` bytes are here, and stand there."""
    hub.stall(at)
    fetching.fetch(row)
    qtbot.waitUntil(lambda: hub.arrived.get(row.name, -1) == at and row.state is FetchState.FETCHING)


def test_every_published_model_is_offered(fetching: ModelFetching) -> None:
    assert [row.published for row in fetching.rows] == list(PUBLISHED_MODELS)
    assert len(PUBLISHED_MODELS) == 9
    assert [row.can_be_fetched for row in fetching.rows] == [model.can_be_downloaded for model in PUBLISHED_MODELS]


def test_a_model_arrives_and_is_listed(fetching: ModelFetching, hub: FakeHub, qtbot: QtBot) -> None:
    row = fetching.rows[0]
    seen: list[FetchState] = []
    fetching.row_changed.connect(lambda changed: seen.append(changed.state))
    arrived: list[str] = []
    fetching.arrived.connect(arrived.append)
    with qtbot.waitSignal(fetching.listed) as listed:
        fetching.fetch(row)
    assert arrived == [row.name]
    assert listed.args is not None
    assert row.name in {model.name for model in listed.args[0]}
    assert list(dict.fromkeys(seen)) == [FetchState.WAITING, FetchState.FETCHING, FetchState.HERE]
    assert row.is_here
    assert not row.can_be_fetched
    assert row.progress is None


def test_a_stopped_download_goes_on_from_what_has_arrived(fetching: ModelFetching, hub: FakeHub, qtbot: QtBot) -> None:
    row = fetching.rows[0]
    _fetch_to(50 * MB, row, fetching, hub, qtbot)
    fetching.stop(row)
    qtbot.waitUntil(lambda: row.state_words() == "Stopped: 50\N{NARROW NO-BREAK SPACE}%")
    assert row.error is None, "who stops it knows why"
    fetching.fetch(row)
    hub.gate.set()
    qtbot.waitUntil(lambda: row.is_here)
    assert hub.begun == [(row.name, 0), (row.name, 50 * MB)]


def test_a_broken_connection_is_said_in_words_and_mended_by_going_on(
    fetching: ModelFetching, hub: FakeHub, qtbot: QtBot
) -> None:
    row = fetching.rows[1]
    hub.breaks_at = 30 * MB
    fetching.fetch(row)
    qtbot.waitUntil(lambda: row.state is FetchState.FAILED)
    assert row.error is BROKEN
    assert row.can_be_fetched
    hub.breaks_at = None
    fetching.fetch(row)
    assert row.error is None
    qtbot.waitUntil(lambda: row.is_here)
    assert hub.begun[-1] == (row.name, 30 * MB)


def test_one_is_fetched_at_a_time_and_one_that_waits_can_be_taken_back(
    fetching: ModelFetching, hub: FakeHub, qtbot: QtBot
) -> None:
    first, second, third = fetching.rows[:3]
    _fetch_to(10 * MB, first, fetching, hub, qtbot)
    fetching.fetch(second)
    fetching.fetch(third)
    assert second.state is third.state is FetchState.WAITING
    fetching.stop(second)
    assert second.state is FetchState.ABSENT
    hub.gate.set()
    qtbot.waitUntil(lambda: first.is_here and third.is_here)
    assert [name for name, _ in hub.begun] == [first.name, third.name]
    assert not second.is_here


def test_a_stop_that_comes_after_the_last_byte_loses_nothing(
    fetching: ModelFetching, hub: FakeHub, qtbot: QtBot
) -> None:
    row = fetching.rows[0]
    hub.arrived[row.name] = SIZE
    fetching.fetch(row)
    while not hub.kept:
        time.sleep(0.001)
    fetching.stop(row)
    qtbot.waitUntil(lambda: row.is_here)


def test_what_has_no_source_is_not_fetched(fetching: ModelFetching, hub: FakeHub) -> None:
    by_hand = fetching.rows[-1]
    assert by_hand.state_words() == "By hand"
    fetching.fetch(by_hand)
    assert by_hand.state is FetchState.ABSENT


def test_closing_stops_what_is_under_way_at_once(fetching: ModelFetching, hub: FakeHub, qtbot: QtBot) -> None:
    first, second = fetching.rows[:2]
    _fetch_to(20 * MB, first, fetching, hub, qtbot)
    fetching.fetch(second)
    assert fetching.close(2.0)
    assert hub.begun == [(first.name, 0)]
    assert hub.arrived[first.name] == 20 * MB


def test_an_import_runs_beside_a_download(fetching: ModelFetching, hub: FakeHub, qtbot: QtBot) -> None:
    hub.imports["birds.pth"] = "Birds"
    fetching.import_model(Path("/clips/birds.pth"))
    fetching.import_model(Path("/clips/other.pth"))
    assert fetching.importing == Path("/clips/birds.pth"), "one at a time"
    qtbot.waitUntil(lambda: len(fetching.rows) == len(PUBLISHED_MODELS) + 1)
    row = fetching.rows[-1]
    assert (row.name, row.title, row.is_here, row.published) == ("birds", "Birds", True, None)
    assert fetching.importing is None


def test_what_cannot_be_imported_says_why(fetching: ModelFetching, qtbot: QtBot) -> None:
    with qtbot.waitSignal(fetching.import_changed, check_params_cb=lambda: fetching.importing is None):
        fetching.import_model(Path("/clips/notes.txt"))
        # The first signal says that it began.
    assert fetching.import_error is NO_CHECKPOINT
    assert len(fetching.rows) == len(PUBLISHED_MODELS)


def test_a_model_deleted_from_the_disk_can_be_fetched_again(
    fetching: ModelFetching, hub: FakeHub, qtbot: QtBot
) -> None:
    row = fetching.rows[0]
    fetching.fetch(row)
    qtbot.waitUntil(lambda: row.is_here and bool(hub.kept))
    hub.kept.clear()
    fetching.refresh()
    qtbot.waitUntil(lambda: row.can_be_fetched)
