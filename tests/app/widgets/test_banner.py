"""The banner: one message, and a button with an action."""

from __future__ import annotations

import pytest
from pytestqt.qtbot import QtBot

from app.widgets import banner as banner_module
from app.widgets.banner import Banner


def test_the_banner_shows_one_message_and_its_button_runs_the_action(qtbot: QtBot) -> None:
    banner, calls = Banner(), []
    qtbot.addWidget(banner)
    banner.show_message("It is broken.", "Fix it", lambda: calls.append(True))
    assert banner.isVisible()
    assert banner.button.text() == "Fix it"
    banner.button.click()
    assert calls == [True]
    assert not banner.isVisible()
    banner.show_message("Only so you know.")
    assert not banner.button.isVisible()


def test_what_was_done_goes_by_itself_and_a_warning_stays(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(banner_module, "DONE_MS", 1)
    banner = Banner()
    qtbot.addWidget(banner)
    banner.show_done("Saved.")
    assert banner.property("kind") == "done"
    qtbot.waitUntil(banner.isHidden)
    banner.show_done("Saved.")
    banner.show_message("It is broken.")
    assert banner.property("kind") == "warning"
    assert not banner._leaves.isActive()
