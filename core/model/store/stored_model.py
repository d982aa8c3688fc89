"""A model on disk: its settings are read at once, its weights when a network is needed. Imports no torch.

Where graphs of a model are at hand its network is never needed.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from core.errors import UserError
from core.model.format.config import EXPECTED, CheckpointConfig
from core.model.format.stored_files import find_stored
from core.model.format.weights_file import hash_of_file

if TYPE_CHECKING:
    from core.model.checkpoints.checkpoint import Checkpoint


@dataclass(frozen=True, slots=True)
class StoredModel:
    """A checkpoint of ours whose weights stay on disk. weights_hash: as `Checkpoint.weights_hash`."""

    path: Path
    config: CheckpointConfig
    weights_hash: str

    @property
    def thresholds(self) -> NDArray[np.float32]:
        """Float32 `(labels,)`."""
        return np.asarray(self.config.thresholds, np.float32)

    def load(self) -> Checkpoint:
        """The checkpoint with its weights, which are checked. Imports torch. Raises UserError, also where another
        checkpoint has taken its place."""
        from core.model.checkpoints.loading import load_checkpoint

        checkpoint = replace(load_checkpoint(self.path), config=self.config)
        if checkpoint.weights_hash != self.weights_hash:
            raise UserError(f"{self.path.name} has changed since it was opened.", "Choose the model again.")
        return checkpoint


def open_model(path: Path, strides: tuple[int, int] | None = None, *, no_pad: bool = False) -> StoredModel | Checkpoint:
    """The model at `path` with the user's changes: other patch strides (mels, frames), or short input not padded to the
    window. Its weights are read only where another program wrote it, and for other strides, which change weights.

    Raises UserError that says what `path` is and what was expected.
    """
    stored = None if strides is not None else _open_stored(path)
    if stored is None:
        from core.model.checkpoints.loading import load_checkpoint
        from core.model.checkpoints.restride import with_overrides

        return with_overrides(load_checkpoint(path), strides, no_pad=no_pad)
    return replace(stored, config=replace(stored.config, pad_to_window=False)) if no_pad else stored


def _open_stored(path: Path) -> StoredModel | None:
    if not path.exists():
        raise UserError(f"There is no model at {path}.", EXPECTED)
    try:
        files = find_stored(path)
        if files is None:
            return None
        files.check_sum()
        return StoredModel(path, files.config, hash_of_file(files.config, files.weights))
    except (PermissionError, UnicodeDecodeError) as error:
        raise UserError(f"{path.name} cannot be read ({error}).", EXPECTED) from error
