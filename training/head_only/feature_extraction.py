"""Extracts a frozen backbone's features: of each whole clip, then of rounds of augmented views of all clips.

It reports progress, saves its state and handles requests. The head fitted after each round only shows the progress of
the loss and is not kept.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from core.audio.frame_rate import FRAMES_PER_SECOND
from core.model.networks.build import Network
from core.run.messages import (
    TrainingEpoch,
    TrainingMessage,
    TrainingPaused,
    TrainingPreparing,
    TrainingStarted,
    TrainingStep,
    TrainingStopped,
)
from core.throttle import Throttle
from training.config.recipe import TrainConfig
from training.data.run_data import RunData
from training.head_only.extraction_state import ExtractionState
from training.head_only.frozen_features import ClipViews, embed, whole_clips
from training.head_only.logistic_regression import FeatureRows, Head, fit_head, mean_loss
from training.loop.control import RunControl

VIEWS = 1500
"""Of all clips together, approximately: the starter takes half a minute for them on two cores."""
_BUDGET_SHARE = 0.9
"""Of a time budget, for extraction; the rest is for decoding, fitting and publishing."""
_PENALTY_IN_PROGRESS = 10.0
_SECONDS_BETWEEN_REPORTS = 1.0


def rounds_for(n_clips: int, maximum: int) -> int:
    """The number of rounds of views, from 1 to `maximum`. It depends on the number of clips only, so that the weights
    do not depend on the speed of the machine."""
    return min(maximum, max(1, round(VIEWS / n_clips)))


@dataclass(frozen=True, slots=True)
class ExtractedFeatures:
    """The features to fit a head on."""

    whole: FeatureRows
    """One row per clip, in order."""
    rows: FeatureRows
    """The same, with all views and the background."""
    n_epochs: int
    """The number of rounds of views, plus one for the fit."""

    @property
    def views_per_clip(self) -> float:
        """Beside the whole clip, on average."""
        return float((self.rows.clips >= 0).sum()) / len(self.whole.clips) - 1


class FeatureExtraction:
    """The extraction for the training clips of `data`; it resumes from `state`."""

    def __init__(
        self,
        config: TrainConfig,
        data: RunData,
        model: Network,
        state: ExtractionState,
        *,
        report: Callable[[TrainingMessage], None],
        control: RunControl,
    ) -> None:
        self._config, self._data, self._model, self._state = config, data, model, state
        self._report, self._control = report, control
        self._views = ClipViews(data.train, config, data.log_mel)
        self._pace = _Pace(config)
        self._reports = Throttle(_SECONDS_BETWEEN_REPORTS, is_due_at_once=False)
        self._saves = Throttle(config.running.save_every_s, is_due_at_once=False)
        self._head: Head | None = None
        self._loss = len(data.manifest.labels) * float(np.log(2))
        """At first that of a head that predicts 0.5 for every label."""

    def run(self, out: str) -> ExtractedFeatures | None:
        """Extract everything; None, after a message, where it was stopped. out: the run's folder, for messages."""
        state, a_round = self._state, len(self._views)
        if not self._extract_whole():
            return self._stopped(out)
        state.n_rounds = state.n_rounds or self._rounds()
        self._save()
        n_clips, n_labels = self._data.train.targets.shape
        device, first = next(self._model.parameters()).device.type, state.step // a_round + 1
        self._report(TrainingStarted(self._config.name, out, device, n_clips, n_labels, state.n_rounds + 1, first))
        self._report_step(first)
        self._pace.begin(state.step)
        for step in range(state.step, state.n_rounds * a_round):
            if not self._may_continue():
                return self._stopped(out)
            self._extract_views(step // a_round + 1, step % a_round)
        return ExtractedFeatures(self._whole(), self._rows(), state.n_rounds + 1)

    def _extract_whole(self) -> bool:
        """Extract features of whole clips; False where it was stopped."""
        clips, size, state = self._data.train, self._config.optimisation.batch_size, self._state
        batches = whole_clips(self._model, clips, self._data.log_mel, size, first=state.n_whole)
        began, n_frames = time.monotonic(), 0
        for members, some in batches:
            state.whole[members] = some
            state.n_whole += 1
            n_frames += int(clips.lengths[members].sum())
            self._pace.frames_per_second = n_frames / max(1e-9, time.monotonic() - began)
            n_done = min(len(clips), state.n_whole * size)
            self._report(TrainingPreparing("Extracting features of whole clips", n_done, len(clips)))
            if not self._may_continue():
                return False
            self._save_if_due()
        return True

    def _rounds(self) -> int:
        maximum = self._config.optimisation.epochs
        budget_s = 60 * self._config.optimisation.time_budget_min * _BUDGET_SHARE
        if not budget_s or not self._pace.frames_per_second:
            return rounds_for(len(self._data.train), maximum)
        whole_s = float(self._data.train.lengths.sum()) / self._pace.frames_per_second
        return min(maximum, max(1, int((budget_s - whole_s) / self._pace.expected_s(len(self._views)))))

    def _extract_views(self, in_round: int, index: int) -> None:
        state, began = self._state, time.monotonic()
        batch = self._views.batch(in_round, index)
        state.views.append(FeatureRows(embed(self._model, batch.log_mel), batch.targets.numpy(), batch.clips.numpy()))
        state.step += 1
        if index == len(self._views) - 1:
            self._end_round(in_round)
        elif self._reports.is_due():
            self._report_step(in_round, len(batch.clips) / max(1e-9, time.monotonic() - began))
        self._save_if_due()

    def _end_round(self, in_round: int) -> None:
        self._head = fit_head(self._rows(), _PENALTY_IN_PROGRESS, self._head)
        whole = self._whole()
        self._loss = mean_loss(self._head.logits(whole.features), whole.targets)
        self._save()
        seconds = self._pace.since_last_round()
        self._report(TrainingEpoch(in_round, self._state.n_rounds + 1, self._loss, seconds, self._seconds_left()))

    def _report_step(self, in_round: int, speed: float = 0.0) -> None:
        self._reports.restart()
        state = self._state
        n_steps = state.n_rounds * len(self._views)
        self._report(TrainingStep(in_round, state.step, n_steps, self._loss, 0.0, speed, self._seconds_left()))

    def _seconds_left(self) -> float:
        return self._pace.seconds_left(self._state.step, self._state.n_rounds * len(self._views))

    def _may_continue(self) -> bool:
        """Handle the request since the last batch; False to stop."""
        request = self._control.poll()
        if request == "pause":
            began = time.monotonic()
            self._save()
            self._report(TrainingPaused(self._state.step, paused=True))
            while request == "pause":
                request = self._control.wait()
            self._report(TrainingPaused(self._state.step, paused=False))
            self._pace.leave_out(time.monotonic() - began)
        return request != "stop"

    def _stopped(self, out: str) -> None:
        self._save()
        self._report(TrainingStopped(out, self._state.step))

    def _save_if_due(self) -> None:
        if self._saves.is_due():
            self._save()

    def _save(self) -> None:
        self._state.save()
        self._saves.restart()

    def _whole(self) -> FeatureRows:
        targets = self._data.train.targets
        return FeatureRows(self._state.whole, targets, np.arange(len(targets)))

    def _rows(self) -> FeatureRows:
        return FeatureRows.joined([self._whole(), *self._state.views])


class _Pace:
    """Estimates the time of batches of views: from that of whole clips at first, then from finished batches."""

    def __init__(self, config: TrainConfig) -> None:
        mean_s = float(np.average(config.augmentation.lengths_s, weights=config.augmentation.length_weights))
        self._frames_per_batch = config.optimisation.batch_size * mean_s * FRAMES_PER_SECOND
        self.frames_per_second = 0.0
        """Speed with whole clips; 0 where this process has extracted none."""
        self._began = self._round_began = time.monotonic()
        self._first_step = 0

    def begin(self, step: int) -> None:
        self._began = self._round_began = time.monotonic()
        self._first_step = step

    def leave_out(self, seconds: float) -> None:
        self._began, self._round_began = self._began + seconds, self._round_began + seconds

    def since_last_round(self) -> float:
        now = time.monotonic()
        seconds, self._round_began = now - self._round_began, now
        return seconds

    def expected_s(self, n_batches: int) -> float:
        return n_batches * self._frames_per_batch / self.frames_per_second if self.frames_per_second else 0.0

    def seconds_left(self, step: int, n_steps: int) -> float:
        n_done = step - self._first_step
        if not n_done:
            return self.expected_s(n_steps - step)
        return (time.monotonic() - self._began) / n_done * (n_steps - step)
