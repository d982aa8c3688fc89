"""A hub without a network: downloads that report, stall, break off and go on, and imports with known answers."""

from __future__ import annotations

import threading
from pathlib import Path

from app.runtime.core_api import ModelRow, ReportCall, StopQuestion
from core.errors import UserError
from core.model.checkpoints.published import PublishedModel
from core.model.store.download import DownloadProgress
from rig.waiting import PATIENCE_S

MB = 1_000_000
SIZE = 100 * MB
STEP = 10 * MB
BROKEN = UserError("The connection broke off.", "Get it again: what has arrived is kept.")
DAMAGED = UserError("The model has arrived damaged.", "Try again.")
NO_CHECKPOINT = UserError("notes.txt is a text file.", "Choose a checkpoint.")


class FakeHub:
    """Every model is 100 MB and comes in steps of 10.

    kept: the models folder. arrived: bytes of each model that are here. begun: the model and where each download began.
    """

    def __init__(self) -> None:
        self.kept: list[ModelRow] = []
        self.arrived: dict[str, int] = {}
        self.begun: list[tuple[str, int]] = []
        self.stalls_at: int | None = None
        self.breaks_at: int | None = None
        self.comes_damaged = False
        self.imports: dict[str, str] = {}
        """File name to the title of the model in it."""
        self.gate = threading.Event()
        """Open: what stalls goes on, and an import ends."""
        self.gate.set()

    def download(self, model: PublishedModel, report: ReportCall, should_stop: StopQuestion) -> Path:
        done = self.arrived.setdefault(model.name, 0)
        self.begun.append((model.name, done))
        while done < SIZE:
            if done == self.breaks_at:
                raise BROKEN
            while done == self.stalls_at and not self.gate.wait(0.005) and not should_stop():
                pass
            if should_stop():
                raise UserError("The download was stopped.", "Get it again.")
            done += STEP
            self.arrived[model.name] = done
            report(DownloadProgress(model.name, "model.safetensors", done, SIZE))
        if self.comes_damaged:
            self.arrived[model.name] = 0
            raise DAMAGED
        return self._keep(model.name, model.title)

    def arrived_bytes(self, model: PublishedModel) -> int:
        return self.arrived.get(model.name, 0)

    def import_model(self, path: Path) -> Path:
        assert self.gate.wait(PATIENCE_S)
        if path.name not in self.imports:
            raise NO_CHECKPOINT
        return self._keep(path.stem, self.imports[path.name])

    def stall(self, at: int) -> None:
        """Let the next download wait once `at` bytes are here, until the gate opens or it is stopped."""
        self.stalls_at = at
        self.gate.clear()

    def _keep(self, name: str, title: str) -> Path:
        self.kept.append(ModelRow(name, title, f"{title}, kept", is_kept=True))
        return Path("/models") / name
