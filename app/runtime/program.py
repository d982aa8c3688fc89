"""How the window starts Soundmark's own commands as processes of their own. Runs none itself."""

from __future__ import annotations

import sys
from pathlib import Path

MAIN_SCRIPT = Path(__file__).resolve().parents[2] / "main.py"
PROGRAM: tuple[str, ...] = (sys.executable, str(MAIN_SCRIPT))
"""What stands before the verb: `main.py train …`, with the Python that runs the window."""
