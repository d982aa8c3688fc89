"""Refuses versions that are known to crash. Imports no Qt."""

from __future__ import annotations

from core.errors import UserError


def check_versions(pyside: str, python: tuple[int, ...]) -> None:
    """Raise UserError for a PySide6 that loses references on this Python and would abort within a minute."""
    if pyside == "6.12.0" and python < (3, 12):
        raise UserError(
            "PySide6 6.12.0 crashes on Python 3.11 and older.",
            'Install another version: pip install "PySide6-Essentials<6.12".',
        )
