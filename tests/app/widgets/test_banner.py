"""The banner: one message, and a button with an action."""

from __future__ import annotations

from pytestqt.qtbot import QtBot

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
