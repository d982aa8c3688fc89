"""The ways that labelled clips lie on a disk, one function each, tried in order. Opens no audio."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from core.errors import UserError
from training.clip_listing import ClipListing
from training.layouts.audioset import read_audioset
from training.layouts.class_folders import read_class_folders
from training.layouts.csv_list import read_any_csv, read_esc50, read_manifest_csv
from training.layouts.speech_commands import read_speech_commands

LAYOUTS: tuple[Callable[[Path], ClipListing | None], ...] = (
    read_any_csv,
    read_manifest_csv,
    read_esc50,
    read_speech_commands,
    read_audioset,
    read_class_folders,
)
"""Each gives None for what it does not recognise, and raises UserError for what it does and cannot read."""


def read_layout(path: Path) -> ClipListing:
    """The listing of a folder or a CSV file, by the first layout that recognises it. Raises UserError."""
    if not path.exists():
        raise UserError(f"There is no data folder {path}.", "Give one with --data.")
    for read in LAYOUTS:
        listing = read(path)
        if listing is not None:
            return listing
    raise UserError(
        f"{path.name} has neither a manifest.csv nor folders of clips.",
        "Put the clips of each class into a folder named after it.",
    )
