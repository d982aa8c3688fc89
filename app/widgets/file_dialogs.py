"""The system's dialogs for choosing files and folders."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtWidgets import QFileDialog, QWidget


def ask_files(parent: QWidget) -> list[Path]:
    """The audio and video files that were chosen; empty when cancelled."""
    names, _ = QFileDialog.getOpenFileNames(parent, "Tag files", "", f"Audio and video ({_patterns()});;All files (*)")
    return [Path(name) for name in names]


def ask_folder(parent: QWidget, title: str, folder: Path | None = None) -> Path | None:
    """The folder that was chosen, starting at `folder`; None when cancelled."""
    name = QFileDialog.getExistingDirectory(parent, title, str(folder or ""))
    return Path(name) if name else None


def ask_folder_to_tag(parent: QWidget) -> list[Path]:
    """The folder that was chosen; empty when cancelled."""
    folder = ask_folder(parent, "Tag a folder")
    return [] if folder is None else [folder]


def ask_model_file(parent: QWidget) -> Path | None:
    """The checkpoint file to open; None when cancelled."""
    return _ask_checkpoint(parent, "Open model file")


def ask_import(parent: QWidget) -> Path | None:
    """The checkpoint file to import; None when cancelled."""
    return _ask_checkpoint(parent, "Import a model file")


def _ask_checkpoint(parent: QWidget, title: str) -> Path | None:
    kinds = "Checkpoints (*.safetensors *.pth *.pt *.bin);;All files (*)"
    name, _ = QFileDialog.getOpenFileName(parent, title, "", kinds)
    return Path(name) if name else None


def ask_sound_to_save(parent: QWidget, name: str) -> Path | None:
    """The WAV or FLAC file to write, called `name` at first; None when cancelled."""
    kinds = "WAV (*.wav);;FLAC (*.flac)"
    chosen, kind = QFileDialog.getSaveFileName(parent, "Save sound as", f"{name}.wav", kinds)
    if not chosen:
        return None
    path = Path(chosen)
    return path if path.suffix else path.with_name(f"{path.name}{'.flac' if 'flac' in kind else '.wav'}")


def ask_list_of_clips(parent: QWidget) -> Path | None:
    """The CSV file that lists clips; None when cancelled."""
    name, _ = QFileDialog.getOpenFileName(parent, "Open a list of clips", "", "CSV files (*.csv);;All files (*)")
    return Path(name) if name else None


def ask_results(parent: QWidget, folder: Path) -> Path | None:
    """The evaluation file of a run, starting at `folder`; None when cancelled."""
    kinds = "Evaluations (*.json);;All files (*)"
    name, _ = QFileDialog.getOpenFileName(parent, "Open results (evaluation.json)", str(folder), kinds)
    return Path(name) if name else None


def _patterns() -> str:
    from core.audio.decoding.decode import MEDIA_SUFFIXES

    return " ".join(f"*{suffix}" for suffix in sorted(MEDIA_SUFFIXES))
