"""The list of tags: bars that glide, rows that keep their bars, and as many rows as fit."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from app.style.theme import DARK
from app.tags.list import TagList, TagModel
from app.tags.painting import HIGHEST_HEARD_PX, LOWEST_HEARD_PX, ROW_PX
from app.tags.rows import RowKind, TagRow

PROBABILITIES = np.array([0.8, 0.2], np.float32)


@pytest.fixture
def model(qapp: QApplication) -> TagModel:
    made = TagModel()
    made.set_rows(
        [TagRow(0, "Dog", 0.5, RowKind.HEARD, is_pinned=False), TagRow(1, "Rain", 0.5, RowKind.PINNED, is_pinned=True)]
    )
    made.set_values(PROBABILITIES)
    return made


def test_bars_approach_their_value_and_arrive(model: TagModel) -> None:
    lengths = [model.rows[0].bar]
    while model.glide():
        lengths.append(model.rows[0].bar)
    assert all(before < after for before, after in pairwise(lengths))
    assert [row.bar for row in model.rows] == pytest.approx([0.8, 0.2])
    assert not model.glide()


def test_in_another_order_every_bar_stays_with_its_class(model: TagModel) -> None:
    model.glide()
    before = {row.label: row.bar for row in model.rows}
    model.set_rows(
        [TagRow(1, "Rain", 0.5, RowKind.PINNED, is_pinned=True), TagRow(0, "Dog", 0.5, RowKind.HEARD, is_pinned=False)]
    )
    assert {row.label: row.bar for row in model.rows} == before


def test_without_scores_rows_have_no_value(model: TagModel) -> None:
    model.set_values(None)
    assert [row.text for row in model.rows] == ["", ""]
    accessible = model.index(1).data(Qt.ItemDataRole.AccessibleTextRole)
    assert accessible.startswith("Rain, ")
    assert accessible.endswith("pinned")


@pytest.mark.parametrize(
    ("height_px", "heard_px"), [(100, LOWEST_HEARD_PX), (3 * 90 + ROW_PX, 90), (5000, HIGHEST_HEARD_PX)]
)
def test_what_is_heard_fills_the_list_within_limits(qtbot: QtBot, height_px: int, heard_px: int) -> None:
    tags = TagList(DARK)
    qtbot.addWidget(tags)
    tags.resize(300, height_px)
    tags.show()
    tags.tags.set_rows(
        [
            TagRow(0, "Dog", 0.5, RowKind.HEARD, is_pinned=False),
            TagRow(1, "Rain", 0.5, RowKind.CANDIDATE, is_pinned=False),
        ]
    )
    qtbot.waitUntil(lambda: tags.visualRect(tags.tags.index(0)).height() == heard_px)
    assert tags.visualRect(tags.tags.index(1)).height() == ROW_PX


def test_the_bar_and_the_texts_of_a_row_are_painted_in_its_kind(qtbot: QtBot) -> None:
    tags = TagList(DARK)
    qtbot.addWidget(tags)
    tags.resize(300, 400)
    tags.tags.set_rows([TagRow(0, "Dog", 0.5, RowKind.HEARD, is_pinned=False)])
    tags.tags.set_values(PROBABILITIES, {0: 2.0})
    while tags.tags.glide():
        pass
    full = tags.grab().toImage()
    tags.tags.set_values(None, {})
    while tags.tags.glide():
        pass
    assert tags.grab().toImage() != full
