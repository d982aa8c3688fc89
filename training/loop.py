"""The training loop: a recipe and a data folder become a checkpoint. Knows no window; says all it does by `report`.

One process, one thread of Python. After every epoch the whole state is on disk under a name that is only
ever replaced whole; a run started again in the same folder goes on from there, chance included.
"""

from __future__ import annotations

import hashlib
import math
import os
import pickle
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from core.audio.log_mel import LogMelConfig
from core.errors import UserError
from core.labels import LabelSet
from core.model.checkpoint import ACTIVATIONS, Checkpoint, load_checkpoint
from core.model.spectrogram_transformer import AudioSpectrogramTransformer
from core.model.token_merging import MergeSchedule
from core.model.variants import find_variant
from core.training_messages import (
    TrainingEpoch,
    TrainingFinished,
    TrainingMessage,
    TrainingStarted,
    TrainingStep,
)
from training.averaging import WeightAverage
from training.config import DEFAULTS, TrainConfig
from training.datasets import ClipFrames, frame_statistics, load_clips
from training.manifest import Manifest, read_manifest
from training.metrics import accuracy, mean_average_precision
from training.publish import Predictions, activation_of, merge_schedule, publish
from training.sampling import Batch, TrainingBatches, evaluation_batches
from training.schedule import learning_rate

STATE_NAME = "state.pt"
OF_NO_WEIGHT = ("init", "title", "threads", "merge_r", "licence", "limits", "evaluate_every")
"""Settings that a run may change when it goes on: they have no part in what is still to come."""
_REPORTS_PER_EPOCH = 5


@dataclass(frozen=True, slots=True)
class TrainingData:
    """Both sides of the split and the front end with the training side's statistics."""

    manifest: Manifest
    train: ClipFrames
    test: ClipFrames
    log_mel: LogMelConfig


def train(config: TrainConfig, data_folder: Path, out: Path, report: Callable[[TrainingMessage], None]) -> Path:
    """Run a recipe to its end; returns the checkpoint's folder. Raises UserError."""
    if config.threads:
        torch.set_num_threads(config.threads)
    out.mkdir(parents=True, exist_ok=True)
    data = _load_data(config, data_folder)
    run = TrainingRun(config, data)
    first_epoch = run.resume(out / STATE_NAME) if (out / STATE_NAME).is_file() else 1
    n_clips, n_labels = len(data.train), len(data.manifest.labels)
    report(TrainingStarted(config.name, str(out), str(run.device), n_clips, n_labels, config.epochs, first_epoch))
    for epoch in range(first_epoch, config.epochs + 1):
        done = run.train_epoch(epoch, report)
        run.save(out / STATE_NAME, epoch)
        report(done)
    checkpoint, metrics = publish(
        config, data.manifest, data.log_mel, run.average.model, run.final_predictions(), data.test.labels, out
    )
    report(TrainingFinished(str(checkpoint), metrics))
    return checkpoint


def _load_data(config: TrainConfig, folder: Path) -> TrainingData:
    manifest = read_manifest(folder)
    split = manifest.split(config.test_folds)
    train_frames, test_frames = load_clips(split.train, LogMelConfig()), load_clips(split.test, LogMelConfig())
    mean, std = frame_statistics(train_frames)
    return TrainingData(manifest, train_frames, test_frames, LogMelConfig(mean=round(mean, 4), std=round(std, 4)))


class TrainingRun:
    """Model, its average, optimiser and chance: all that a state file holds."""

    def __init__(self, config: TrainConfig, data: TrainingData) -> None:
        self._config, self._data = config, data
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        torch.manual_seed(config.seed)
        self._generator = torch.Generator().manual_seed(config.seed)
        self._n_labels = len(data.manifest.labels)
        self._model = _build_model(config, data.manifest.labels).to(self.device)
        self.average = WeightAverage(self._model, config.ema_decay)
        self._optimiser = _build_optimiser(self._model, config.weight_decay)
        self._batches = TrainingBatches(data.train, self._n_labels, config, data.log_mel, self._generator)
        self._seconds_per_epoch: list[float] = []

    @property
    def _n_steps(self) -> int:
        return self._config.epochs * len(self._batches)

    def train_epoch(self, epoch: int, report: Callable[[TrainingMessage], None]) -> TrainingEpoch:
        """One pass over the training clips, and the held-out ones where the recipe wants it."""
        self._model.train()
        ramp = self._config.ramp_epochs
        self._batches.strength = min(1.0, (epoch - 1) / ramp) if ramp else 1.0
        began = time.monotonic()
        losses: list[float] = []
        for i, batch in enumerate(self._batches):
            step = (epoch - 1) * len(self._batches) + i
            losses.append(self._train_step(batch, step))
            if (i + 1) % max(1, len(self._batches) // _REPORTS_PER_EPOCH) == 0:
                speed = (i + 1) * self._config.batch_size / (time.monotonic() - began)
                loss = float(np.mean(losses[-20:]))
                report(TrainingStep(epoch, step + 1, self._n_steps, loss, self._rate(step), speed))
        seconds = time.monotonic() - began
        self._seconds_per_epoch.append(seconds)
        is_evaluated = epoch % self._config.evaluate_every == 0 or epoch == self._config.epochs
        seconds_left = float(np.median(self._seconds_per_epoch[-5:])) * (self._config.epochs - epoch)
        metrics = self._evaluate() if is_evaluated else {}
        return TrainingEpoch(epoch, self._config.epochs, float(np.mean(losses)), seconds, seconds_left, metrics)

    def _train_step(self, batch: Batch, step: int) -> float:
        for group in self._optimiser.param_groups:
            group["lr"] = self._rate(step)
        log_mel, targets = batch.log_mel.to(self.device), batch.targets.to(self.device)
        with self._autocast():
            logits = self._model(log_mel, first_column=self._random_column(log_mel.shape[1]))
        loss = _loss(self._config.loss, logits.float(), targets)
        if not math.isfinite(loss.item()):
            raise UserError(
                f"The loss became {loss.item()} at step {step + 1} (clips {batch.clips.tolist()[:8]}…).",
                "Run it again with half the learning rate: learning_rate="
                f"{self._config.learning_rate / 2:g}. The last whole epoch is kept.",
            )
        self._optimiser.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(self._model.parameters(), self._config.clip_norm)
        self._optimiser.step()
        self.average.update(self._model)
        return loss.item()

    def _rate(self, step: int) -> float:
        warmup_steps = round(self._config.warmup_epochs * len(self._batches))
        return learning_rate(step, self._n_steps, self._config.learning_rate, warmup_steps)

    def _random_column(self, n_frames: int) -> int:
        """A random place on the time axis of the positions: all of them get trained, though most clips are short."""
        model = self._model.config
        spare = model.grid(model.max_frames)[1] - model.grid(n_frames)[1]
        return int(torch.randint(spare + 1, (1,), generator=self._generator))

    def _autocast(self) -> torch.autocast:
        return torch.autocast(self.device.type, torch.bfloat16, enabled=self._config.precision == "bf16")

    def final_predictions(self) -> Predictions:
        """The held-out clips, as the recipe's merging leaves them and without it."""
        model = find_variant(self._config.variant).model
        schedule = merge_schedule(self._config.merge_r, model.n_patches(model.max_frames))
        plain = self.predict(self._data.test)
        merged = plain if schedule.removes_nothing() else self.predict(self._data.test, schedule)
        return Predictions(schedule, merged, plain)

    @torch.inference_mode()
    def predict(self, clips: ClipFrames, merge: MergeSchedule | None = None) -> NDArray[np.float32]:
        """Probabilities `(clips, labels)` by the averaged weights, float32."""
        scores = np.zeros((len(clips), self._n_labels), np.float32)
        for batch in evaluation_batches(clips, self._n_labels, self._data.log_mel, self._config.batch_size):
            logits = self.average.model(batch.log_mel.to(self.device), merge=merge).float()
            scores[batch.clips.numpy()] = ACTIVATIONS[activation_of(self._config)](logits).cpu().numpy()
        return scores

    def _evaluate(self) -> dict[str, float]:
        scores, labels = self.predict(self._data.test), self._data.test.labels
        return {"accuracy": accuracy(scores, labels), "map": mean_average_precision(scores, labels)}

    def save(self, path: Path, epoch: int) -> None:
        """Write the whole state to a new name, then put it in the old one's place."""
        new = path.with_suffix(".new")
        with open(new, "wb") as file:
            torch.save(
                {
                    "config": self._config.to_dict(),
                    "data": self._data_identity(),
                    "epoch": epoch,
                    "model": self._model.state_dict(),
                    "average": self.average.model.state_dict(),
                    "n_updates": self.average.n_updates,
                    "optimiser": self._optimiser.state_dict(),
                    "generator": self._generator.get_state(),
                    "torch_generator": torch.get_rng_state(),
                    "cuda_generators": torch.cuda.get_rng_state_all() if self.device.type == "cuda" else [],
                },
                file,
            )
            file.flush()
            os.fsync(file.fileno())
        os.replace(new, path)

    def resume(self, path: Path) -> int:
        """Take over a saved state; returns the epoch to go on with. Raises UserError when recipe or data differ."""
        try:
            state: dict[str, Any] = torch.load(path, weights_only=True, map_location="cpu")
        except (OSError, RuntimeError, pickle.UnpicklingError, EOFError) as error:
            raise UserError(f"{path} is damaged ({error}).", "Delete that folder and begin anew.") from error
        mine, theirs = self._config.to_dict(), state["config"]
        # A setting that a later version brought had its default before.
        changed = [key for key in mine if key not in OF_NO_WEIGHT and mine[key] != theirs.get(key, DEFAULTS[key])]
        if state["data"] != self._data_identity():
            changed.append("data")
        if changed:
            raise UserError(
                f"{path.parent} holds a run with another {', '.join(changed)}.",
                "Choose another --out, or delete that folder.",
            )
        self._model.load_state_dict(state["model"])
        self.average.model.load_state_dict(state["average"])
        self.average.n_updates = state["n_updates"]
        self._optimiser.load_state_dict(state["optimiser"])
        self._generator.set_state(state["generator"])
        torch.set_rng_state(state["torch_generator"])
        if self.device.type == "cuda" and state["cuda_generators"]:
            torch.cuda.set_rng_state_all(state["cuda_generators"])
        return state["epoch"] + 1

    def _data_identity(self) -> dict[str, Any]:
        """What must be the same for the run to go on: labels, clips by name, statistics."""
        names = "\n".join(clip.path.name for clip in self._data.manifest.clips)
        return {
            "labels": [label.id for label in self._data.manifest.labels],
            "clips": hashlib.sha256(names.encode()).hexdigest(),
            "statistics": [self._data.log_mel.mean, self._data.log_mel.std],
        }


def _build_model(config: TrainConfig, labels: LabelSet) -> AudioSpectrogramTransformer:
    architecture = find_variant(config.variant).with_labels(len(labels))
    model = AudioSpectrogramTransformer(architecture, drop_path=config.drop_path, patch_drop=config.patch_drop)
    head = model.mlp_head[1]
    assert isinstance(head, nn.Linear)
    if config.loss == "bce":
        # Start where one label in `n_labels` is heard: otherwise the first epochs go into learning that.
        nn.init.constant_(head.bias, -math.log(len(labels)))
    if config.init:
        _take_over(model, load_checkpoint(Path(config.init)), labels)
    return model


def _take_over(model: AudioSpectrogramTransformer, start: Checkpoint, labels: LabelSet) -> None:
    """Begin with the weights of `start`, all but the head where the labels differ. Raises UserError."""
    mine, theirs = model.config, start.config.model
    if replace(mine, n_labels=theirs.n_labels) != theirs:
        raise UserError(
            f"The checkpoint {start.config.name} was made from another architecture ({start.config.variant}).",
            f"Set variant = {start.config.variant}.",
        )
    has_same_labels = [one.id for one in start.config.labels] == [one.id for one in labels]
    weights = {
        name: tensor.float() if tensor.is_floating_point() else tensor
        for name, tensor in start.weights.items()
        if has_same_labels or not name.startswith("mlp_head.1.")
    }
    model.load_state_dict(weights, strict=False)


def _build_optimiser(model: nn.Module, weight_decay: float) -> torch.optim.AdamW:
    """AdamW; no decay for biases, norms, tokens and positions."""
    named = list(model.named_parameters())
    plain = [p for name, p in named if p.ndim < 2 or name in ("cls_token", "dist_token", "pos_embed")]
    decayed = [p for name, p in named if not any(p is one for one in plain)]
    groups = [{"params": decayed, "weight_decay": weight_decay}, {"params": plain, "weight_decay": 0.0}]
    return torch.optim.AdamW(groups, lr=0.0, betas=(0.9, 0.98))


def _loss(kind: str, logits: Tensor, targets: Tensor) -> Tensor:
    """Mean over the clips: cross-entropy with soft targets, or binary cross-entropy summed over the labels."""
    if kind == "ce":
        return F.cross_entropy(logits, targets)
    return F.binary_cross_entropy_with_logits(logits, targets, reduction="none").sum(dim=1).mean()
