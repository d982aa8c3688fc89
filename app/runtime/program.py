"""The command that the window starts other processes with; tests put another in its place."""

from __future__ import annotations

from core.program import program_command

PROGRAM: tuple[str, ...] = program_command()
"""What comes before the verb: `main.py train …`, run by the Python that runs the window."""
