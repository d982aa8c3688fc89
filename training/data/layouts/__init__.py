"""Reads folders and lists of labelled clips by trying the known layouts, one function each, in order."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from core.errors import UserError
from core.file_names import shown
from training.data.layouts.audioset import read_audioset
from training.data.layouts.class_folders import read_class_folders
from training.data.layouts.clip_rows import ClipListing
from training.data.layouts.csv_list import read_any_csv, read_esc50, read_manifest_csv
from training.data.layouts.label_files import read_label_files
from training.data.layouts.speech_commands import read_speech_commands

LAYOUTS: tuple[Callable[[Path], ClipListing | None], ...] = (
    read_any_csv,
    read_manifest_csv,
    read_esc50,
    read_speech_commands,
    read_audioset,
    read_label_files,
    read_class_folders,
)
"""Each returns None for what it does not recognise, and raises UserError for what it recognises but cannot read."""


def read_layout(path: Path) -> ClipListing:
    """Read a folder or a CSV file by the first layout that recognises it. Raises UserError."""
    if not os.path.exists(path):
        raise UserError(f"There is no data folder {shown(path)}.", "Give one with --data.")
    try:
        listing = next((found for read in LAYOUTS if (found := read(path)) is not None), None)
    except OSError as error:
        problem = f"{shown(error.filename or path)} cannot be read ({error.strerror or error})."
        raise UserError(problem, "Check the drive, and whether your account may read it.") from error
    if listing is not None:
        return listing
    raise UserError(
        f"{shown(path.name)} has neither a manifest.csv nor folders of clips nor label files.",
        "Put the clips of each class into a folder named after it, or label files beside the recordings.",
    )
