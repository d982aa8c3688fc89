"""The confusion matrix: its cells and their sizes."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from app.results.confusion_matrix import CELL_PX, ConfusionMatrix
from app.style.appearance import Appearance


def test_a_few_classes_fill_the_matrix_and_many_scroll(appearance: Appearance, qtbot: QtBot) -> None:
    matrix = ConfusionMatrix(appearance.theme)
    qtbot.addWidget(matrix)
    matrix.show_counts(("wren", "owl"), ((2, 0), (1, 1)))
    matrix.resize(620, 460)
    matrix.show()
    last = matrix.visualRect(matrix.counts.index(1, 1))
    room = matrix.viewport().rect()
    assert room.width() - 2 <= last.right() + 1 <= room.width()
    assert room.height() - 2 <= last.bottom() + 1 <= room.height()
    names = [f"class {i}" for i in range(50)]
    matrix.show_counts(names, [[int(i == j) for j in range(50)] for i in range(50)])
    assert matrix.visualRect(matrix.counts.index(0, 0)).size() == QSize(CELL_PX, CELL_PX)
    assert matrix.horizontalScrollBar().maximum() > 0


def test_shares_are_of_the_row_and_an_empty_row_has_none(appearance: Appearance, qtbot: QtBot) -> None:
    matrix = ConfusionMatrix(appearance.theme)
    qtbot.addWidget(matrix)
    matrix.show_counts(("wren", "owl"), ((3, 1), (0, 0)))
    counts = matrix.counts
    assert [counts.share(0, 0), counts.share(0, 1), counts.share(1, 1)] == [0.75, 0.25, 0.0]
    assert [counts.index(0, 1).data(), counts.index(1, 0).data()] == ["1", ""]
    for truth, predicted, number in ((0, 0, "3 of 4 clips"), (0, 1, "1 of 4 clips"), (1, 0, "0 of 0 clips")):
        description = counts.description(truth, predicted)
        assert number in description
        assert ("owl" in description) is (truth != predicted)


def test_enter_chooses_the_selected_cell_again(appearance: Appearance, qtbot: QtBot) -> None:
    matrix = ConfusionMatrix(appearance.theme)
    qtbot.addWidget(matrix)
    matrix.show_counts(("wren", "owl"), ((2, 0), (1, 1)))
    matrix.choose(1, 0)
    with qtbot.waitSignal(matrix.chosen) as chosen:
        QTest.keyClick(matrix, Qt.Key.Key_Return)
    assert chosen.args == [1, 0]
