"""Saves the features that a frozen backbone has extracted so far in OUT/state.pt, so that a run resumes to the same
weights."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from core.errors import UserError
from training.config.recipe import CHANGEABLE_ON_RESUME, DEFAULTS, TrainConfig
from training.data.run_data import RunData
from training.head_only.logistic_regression import FeatureRows
from training.loop.state_file import read_state, write_state

_KIND = "listening"
"""As in the state files of all versions."""


class ExtractionState:
    """The features so far.

    whole: float32 `(clips, D)`, features of whole clips, of which `n_whole` batches are filled in. n_rounds: the total
    number of rounds of views, 0 while it is unknown. views: features of the first `step` batches of views, in order.
    """

    def __init__(self, path: Path, identity: dict[str, Any], whole: NDArray[np.float32]) -> None:
        self.whole, self.n_whole = whole, 0
        self.n_rounds, self.step = 0, 0
        self.views: list[FeatureRows] = []
        self._path, self._identity = path, identity

    def save(self) -> None:
        """Write the state. Raises UserError; the previous state is kept then."""
        views = FeatureRows.joined(self.views) if self.views else None
        parts = (views.features, views.targets, views.clips) if views else ()
        features = {"whole": torch.from_numpy(self.whole), "views": [torch.from_numpy(part) for part in parts]}
        counts = {"n_whole": self.n_whole, "n_rounds": self.n_rounds, "step": self.step}
        write_state(self._path, {"kind": _KIND, **self._identity, **features, **counts})

    def resume(self) -> None:
        """Restore the saved state, if there is one. Raises UserError for the state of another run."""
        if not self._path.is_file():
            return
        state = read_state(self._path)
        if state.get("kind") != _KIND:
            problem = f"{self._path.parent} holds a run that trains the whole model."
            raise UserError(problem, "Choose another --out.")
        self._refuse_another(state)
        self.whole, self.n_whole = state["whole"].numpy(), state["n_whole"]
        self.n_rounds, self.step = state["n_rounds"], state["step"]
        self.views = [FeatureRows(*(part.numpy() for part in state["views"]))] if state["views"] else []

    def _refuse_another(self, state: dict[str, Any]) -> None:
        mine, theirs = self._identity["config"], state["config"]
        changed = [
            key for key in mine if key not in CHANGEABLE_ON_RESUME and mine[key] != theirs.get(key, DEFAULTS[key])
        ]
        changed += [name for key, name in (("data", "data"), ("start", "init")) if state[key] != self._identity[key]]
        if changed:
            problem = f"{self._path.parent} holds a run with another {', '.join(changed)}."
            raise UserError(problem, "Choose another --out, or delete that folder.")


def identity_of(config: TrainConfig, data: RunData, start_content: str) -> dict[str, Any]:
    """What must be the same for a run to resume. start_content: `Initialisation.content`."""
    return {"config": config.to_flat(), "data": data.identity(), "start": start_content}
