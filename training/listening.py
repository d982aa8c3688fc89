"""Lets a frozen backbone listen to clips for as long as there is time, says how far it is, and obeys. Fits no head
that anybody keeps: the one after each round is there to show that it gets better."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.model.networks import Network, last_layer
from core.training_messages import (
    TrainingEpoch,
    TrainingMessage,
    TrainingPaused,
    TrainingPreparing,
    TrainingStarted,
    TrainingStep,
    TrainingStopped,
)
from training.config import TrainConfig
from training.control import Control
from training.frozen_features import ClipViews, embed, whole_clips
from training.head_fitting import FeatureRows, Head, fit_head, mean_loss
from training.run_data import RunData

_PASSING_PENALTY = 10.0
_SECONDS_BETWEEN_REPORTS = 1.0


@dataclass(frozen=True, slots=True)
class Heard:
    """What there is to fit: whole, one row a clip, in order; rows, the same with all views and the background.

    n_epochs: rounds of views as announced, and one more for the fit.
    """

    whole: FeatureRows
    rows: FeatureRows
    n_epochs: int

    @property
    def views_per_clip(self) -> float:
        """Beside the whole clip."""
        return float((self.rows.clips >= 0).sum()) / len(self.whole.clips) - 1


class Listening:
    """One pass over the training clips of `data`. deadline: `time.monotonic()` after which no view is begun."""

    def __init__(
        self,
        config: TrainConfig,
        data: RunData,
        model: Network,
        *,
        tell: Callable[[TrainingMessage], None],
        control: Control,
        deadline: float,
    ) -> None:
        self._config, self._data, self._model = config, data, model
        self._tell, self._control, self._deadline = tell, control, deadline
        self._views = ClipViews(data.train, config, data.log_mel)
        self._parts: list[FeatureRows] = []
        self._step = self._n_steps = 0
        self._told = 0.0
        self._loss = len(data.manifest.labels) * float(np.log(2))
        """Of a head that knows nothing."""

    def run(self, out: Path) -> Heard | None:
        """All that could be heard in time; None, said so, when somebody asked to stop."""
        began = time.monotonic()
        whole = self._hear_whole()
        if whole is None:
            return self._stopped(out)
        now = time.monotonic()
        # A round of views takes about as long as the whole clips; without one a microphone would be a strange world.
        self._deadline = max(self._deadline, now + 1.5 * (now - began))
        n_rounds = min(self._config.epochs, max(1, int((self._deadline - now) / max(now - began, 1e-3))))
        self._parts, self._n_steps = [whole], n_rounds * len(self._views)
        n_clips, n_labels = whole.targets.shape
        device = next(self._model.parameters()).device.type
        self._tell(TrainingStarted(self._config.name, str(out), device, n_clips, n_labels, n_rounds + 1, 1))
        head: Head | None = None
        for in_round in range(1, n_rounds + 1):
            began = time.monotonic()
            for index in range(len(self._views)):
                if not self._go_on():
                    return self._stopped(out)
                if time.monotonic() > self._deadline:
                    return Heard(whole, self._rows(), n_rounds + 1)
                self._hear_views(in_round, index)
            head = fit_head(self._rows(), _PASSING_PENALTY, head)
            self._loss, now = mean_loss(head.logits(whole.features), whole.targets), time.monotonic()
            self._tell(TrainingEpoch(in_round, n_rounds + 1, self._loss, now - began, self._seconds_left(now)))
        return Heard(whole, self._rows(), n_rounds + 1)

    def _hear_whole(self) -> FeatureRows | None:
        clips, size = self._data.train, self._config.batch_size
        features = np.zeros((len(clips), last_layer(self._model).in_features), np.float32)
        done = 0
        for members, some in whole_clips(self._model, clips, self._data.log_mel, size):
            features[members] = some
            done += len(members)
            self._tell(TrainingPreparing("Listening to whole clips", done, len(clips)))
            if not self._go_on():
                return None
        return FeatureRows(features, clips.targets, np.arange(len(clips)))

    def _hear_views(self, in_round: int, index: int) -> None:
        began = time.monotonic()
        batch = self._views.batch(in_round, index)
        features: NDArray[np.float32] = embed(self._model, batch.log_mel)
        self._parts.append(FeatureRows(features, batch.targets.numpy(), batch.clips.numpy()))
        self._step += 1
        now = time.monotonic()
        if now - self._told > _SECONDS_BETWEEN_REPORTS:
            self._told, speed = now, len(batch.clips) / max(1e-9, now - began)
            left = self._seconds_left(now)
            self._tell(TrainingStep(in_round, self._step, self._n_steps, self._loss, 0.0, speed, left))

    def _go_on(self) -> bool:
        """Does what was asked for since the last batch; a pause takes nothing from the time."""
        wish = self._control.poll()
        if wish == "pause":
            began = time.monotonic()
            self._tell(TrainingPaused(self._step, paused=True))
            while wish == "pause":
                wish = self._control.wait()
            self._tell(TrainingPaused(self._step, paused=False))
            self._deadline += time.monotonic() - began
        return wish != "stop"

    def _stopped(self, out: Path) -> None:
        self._tell(TrainingStopped(str(out), self._step))

    def _rows(self) -> FeatureRows:
        return FeatureRows.joined(self._parts)

    def _seconds_left(self, now: float) -> float:
        return max(0.0, self._deadline - now)
