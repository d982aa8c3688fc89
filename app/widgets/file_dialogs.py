"""The dialogs that choose files and folders. Reads none of them."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtWidgets import QFileDialog, QWidget


def ask_files(parent: QWidget) -> list[Path]:
    """Sound and video files, or nothing."""
    names, _ = QFileDialog.getOpenFileNames(parent, "Tag files", "", f"Sound and video ({_patterns()});;All files (*)")
    return [Path(name) for name in names]


def ask_folder(parent: QWidget, title: str, folder: Path | None = None) -> Path | None:
    """A folder, looked for from `folder` on, or nothing."""
    name = QFileDialog.getExistingDirectory(parent, title, str(folder or ""))
    return Path(name) if name else None


def ask_model_file(parent: QWidget) -> Path | None:
    """A checkpoint that is one file, or nothing."""
    return _ask_checkpoint(parent, "Open model file")


def ask_import(parent: QWidget) -> Path | None:
    """A checkpoint of whatever make that is one file, or nothing."""
    return _ask_checkpoint(parent, "Import a model file")


def _ask_checkpoint(parent: QWidget, title: str) -> Path | None:
    kinds = "Checkpoints (*.safetensors *.pth *.pt *.bin);;All files (*)"
    name, _ = QFileDialog.getOpenFileName(parent, title, "", kinds)
    return Path(name) if name else None


def ask_list_of_clips(parent: QWidget) -> Path | None:
    """A CSV file that lists clips, or nothing."""
    name, _ = QFileDialog.getOpenFileName(parent, "List of clips", "", "Lists (*.csv);;All files (*)")
    return Path(name) if name else None


def ask_results(parent: QWidget, folder: Path) -> Path | None:
    """The evaluation that a run has left, looked for from `folder` on, or nothing."""
    kinds = "Evaluations (*.json);;All files (*)"
    name, _ = QFileDialog.getOpenFileName(parent, "Open results: evaluation.json of a run", str(folder), kinds)
    return Path(name) if name else None


def _patterns() -> str:
    from core.audio.decoding.decode import MEDIA_SUFFIXES

    return " ".join(f"*{suffix}" for suffix in sorted(MEDIA_SUFFIXES))
