"""Reads and writes the state file of a run: written completely or not at all, read without running code."""

from __future__ import annotations

import errno
import pickle
from contextlib import suppress
from pathlib import Path
from typing import Any

import torch

from core.atomic_write import atomic_file, remove_temporary_files
from core.errors import UserError
from core.run.run_folder import STATE_NAME


def write_state(path: Path, state: dict[str, Any]) -> None:
    """Write a new file, then rename it over the old one. Raises UserError; the old state is kept then."""
    try:
        with atomic_file(path) as file:
            torch.save(state, file)
    except (OSError, RuntimeError) as error:  # torch raises RuntimeError where the disk is full
        is_full = getattr(error, "errno", None) in (errno.ENOSPC, errno.EDQUOT) or isinstance(error, RuntimeError)
        why = "the disk is full" if is_full else str(error)
        raise UserError(
            f"The run cannot be saved in {path.parent} ({why}); what was saved before is kept.",
            "Free some space there, then resume with --resume.",
        ) from error


def read_state(path: Path) -> dict[str, Any]:
    """The saved state, on the CPU. Raises UserError."""
    try:
        return torch.load(path, weights_only=True, map_location="cpu")
    except (OSError, RuntimeError, pickle.UnpicklingError, EOFError, KeyError) as error:
        raise UserError(f"{path} is damaged ({error}).", "Delete that folder and start a new run.") from error


def remove_leftovers(folder: Path) -> None:
    """Delete the partly written states of processes that were killed."""
    remove_temporary_files(folder / STATE_NAME)
    for leftover in folder.glob("state.*.new"):  # their name in version 0.1
        with suppress(OSError):
            leftover.unlink()
