"""How every table of rows looks and is used. Knows no rows."""

from __future__ import annotations

from PySide6.QtWidgets import QTableView


def set_up_rows(table: QTableView, row_height: int) -> None:
    """Whole rows are chosen, one at a time; no grid, no frame, rows `row_height` pixels high."""
    table.setSelectionBehavior(QTableView.SelectionBehavior.SelectRows)
    table.setSelectionMode(QTableView.SelectionMode.SingleSelection)
    table.setShowGrid(False)
    table.setWordWrap(False)
    table.setFrameShape(QTableView.Shape.NoFrame)
    # Tab leaves the table: it must not trap whoever has no mouse.
    table.setTabKeyNavigation(False)
    table.verticalHeader().hide()
    table.verticalHeader().setDefaultSectionSize(row_height)
