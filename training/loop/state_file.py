"""Reads and writes the state file of a run: written completely or not at all, read without running code."""

from __future__ import annotations

import errno
import os
import pickle
from contextlib import suppress
from pathlib import Path
from typing import Any

import torch

from core.errors import UserError


def write_state(path: Path, state: dict[str, Any]) -> None:
    """Write a new file, then rename it over the old one. Raises UserError; the old state is kept then."""
    new = path.with_suffix(f".{os.getpid()}.new")
    try:
        with open(new, "wb") as file:
            torch.save(state, file)
            file.flush()
            os.fsync(file.fileno())
        os.replace(new, path)
    except (OSError, RuntimeError) as error:  # torch raises RuntimeError where the disk is full
        with suppress(OSError):
            new.unlink(missing_ok=True)
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
    for leftover in folder.glob("state.*.new"):
        with suppress(OSError):
            leftover.unlink()
