"""Labels: text that is cut, and text that is set only when it has changed."""

from __future__ import annotations

import pytest
from pytestqt.qtbot import QtBot

from app.widgets.labels import ElidedLabel, set_text


def test_words_without_room_end_in_an_ellipsis(qtbot: QtBot) -> None:
    label = ElidedLabel()
    qtbot.addWidget(label)
    label.setText("epoch 3 of 20, birds of the marsh")
    label.resize(500, 20)
    assert label.shown() == label.text()
    label.resize(90, 20)
    assert label.shown().endswith("…")
    assert label.minimumSizeHint().width() <= label.sizeHint().width()


def test_a_text_is_set_only_when_it_has_changed(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    label, texts = ElidedLabel(), list[str]()
    qtbot.addWidget(label)
    set_text(label, "one")
    monkeypatch.setattr(ElidedLabel, "setText", lambda _label, text: texts.append(text))
    set_text(label, "one")
    set_text(label, "two")
    assert texts == ["two"]
