"""Plants source files in a small tree, for checks that read source text."""

from __future__ import annotations

from pathlib import Path


def plant(root: Path, path: str, text: str) -> Path:
    """Write a file of the small tree that a check must object to, or must not; `root` again."""
    target = root / path
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(text, encoding="utf-8")
    return root
