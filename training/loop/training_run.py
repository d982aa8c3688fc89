"""The steps, evaluations and state of a training run.

Lightning Fabric runs it in one process or, started by torchrun, in several, which see the same batches and each take a
share. All random numbers are a function of the step (`training.batches.seeding`), so a resumed run is identical to one
that was never interrupted. `runner` drives it.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import numpy as np
import torch
from lightning_fabric import Fabric
from numpy.typing import NDArray
from timm.layers.norm_act import convert_sync_batchnorm
from torch.utils.data import DataLoader

from core.errors import UserError
from core.model.checkpoints.checkpoint import Checkpoint
from core.model.checkpoints.probabilities import ACTIVATIONS
from core.model.merging.schedule import NO_MERGING, MergeSchedule
from core.model.networks.build import Network
from training.batches.sampling import Batch, ErrorsAsValues, Place, evaluation_batches
from training.batches.seeding import generator_for, seed_of
from training.config.recipe import CHANGEABLE_ON_RESUME, DEFAULTS, TrainConfig
from training.data.clip_frames import ClipFrames
from training.data.run_data import RunData
from training.evaluation.metrics import accuracy, mean_average_precision
from training.evaluation.publish import activation_of, merge_schedule
from training.loop.fabric import gather_scores, sum_over_processes
from training.loop.run_batches import batches_of
from training.loop.state_file import write_state
from training.loop.step_loss import StepLoss
from training.model.building import build_model
from training.model.float32_depthwise import keep_depthwise_in_float32
from training.model.frame_head_loss import freeze_norms_and_dropout
from training.model.teachers import TeacherFiles, Teachers, read_teachers
from training.model.training_network import TrainingNetwork
from training.model.zero_padding import kept_zero_padding
from training.optimisation.learning_rate import learning_rate, plan_schedule
from training.optimisation.optimiser import build_optimiser
from training.optimisation.weight_averaging import RangeAverage, WeightAverage, cumulative_mean
from training.scenes.yamnet import EMBEDDING_WIDTH
from training.text import join_names


class TrainingRun:
    """A model with its averages, its optimiser and the current step: everything that a state file contains.

    config.optimisation.epochs is final: a time budget has been converted to a number of epochs. initial_checkpoint,
    teachers: the results of `read_initial_checkpoint` and `read_teachers`, where they have been read already.
    """

    def __init__(
        self,
        config: TrainConfig,
        data: RunData,
        fabric: Fabric,
        initial_checkpoint: Checkpoint | None = None,
        teachers: TeacherFiles | None = None,
    ) -> None:
        self.config, self.data, self.fabric = config, data, fabric
        labels, log_mel = data.manifest.labels, data.log_mel
        teachers = teachers or read_teachers(config.optimisation.teacher)
        self.teachers = Teachers(teachers, labels, log_mel, device=fabric.device)
        torch.manual_seed(seed_of(config.running.seed, "weights"))
        built = build_model(config, labels, initial_checkpoint)
        plain, self.initialisation = built.model, built.initialisation
        self.padding = kept_zero_padding(config, built.initialisation.config, log_mel)
        optimiser = build_optimiser(plain, config.optimisation, built.new_names)
        self.average = WeightAverage(plain.to(fabric.device), config.optimisation.ema_decay)
        self.range_average = RangeAverage(plain) if config.optimisation.average_epochs else None
        self.best: dict[str, Any] = {}
        if fabric.world_size > 1 and fabric.device.type == "cuda":
            convert_sync_batchnorm(plain)  # timm's: it keeps the activation inside its norms
        if fabric.device.type == "cpu":
            keep_depthwise_in_float32(plain)
        self.plain: Network = plain
        patches = plain.config.n_patches(plain.config.max_frames)
        merge_r, result = config.optimisation.merge_r_training, config.result
        merge = merge_schedule(merge_r, patches, result.merge_kind, result.matcher)
        network = TrainingNetwork(
            plain,
            merge,
            with_frame_head=config.optimisation.frame_loss > 0,
            embedding_width=EMBEDDING_WIDTH if self.teachers.of_waveforms and config.scenes.embedding_loss else 0,
        )
        if network.embedding is not None:
            factor = config.optimisation.new_rate_factor
            group = {"params": network.embedding.parameters(), "weight_decay": 0.0, "factor": factor}
            optimiser.add_param_group(group)
        self._embedding = network.embedding
        self._model, self._optimiser = fabric.setup(network, optimiser)
        self.batches, scene_loss = batches_of(config, data, plain.config, self.teachers.of_waveforms)
        self._loss = StepLoss(config, fabric, plain.config, self.teachers, self.padding, scene_loss)
        self.step = 0
        self._losses: list[float] = []
        self._ensemble: NDArray[np.float32] | None = None
        self._n_in_ensemble = 0
        self.best_on_test = 0.0
        """The highest accuracy on the held-out clips after any evaluated epoch, which some papers report."""

    @property
    def n_steps(self) -> int:
        """Steps of the whole run."""
        return self.config.optimisation.epochs * len(self.batches)

    @property
    def epoch(self) -> int:
        """The epoch, from 1, that the next step belongs to."""
        return self.step // len(self.batches) + 1

    def places(self) -> list[Place]:
        """The batches that are still to come."""
        return [(step // len(self.batches) + 1, step % len(self.batches)) for step in range(self.step, self.n_steps)]

    def loader(self) -> Iterator[Batch]:
        """Yields those batches, prepared by worker processes where the recipe has any."""
        workers = self.config.running.workers
        # Any number of workers gives the same batches: their random numbers depend on their place.
        guarded = ErrorsAsValues(self.batches)
        for batch in DataLoader(guarded, None, sampler=self.places(), num_workers=workers, collate_fn=None):
            if isinstance(batch, UserError):
                raise batch
            yield batch

    def train_step(self, batch: Batch, stop: bool = False) -> tuple[float, bool]:
        """One update; returns the loss of the whole batch, and whether any process wants to stop."""
        fabric, config, rate = self.fabric, self.config, self.rate_of(self.step)
        torch.manual_seed(seed_of(config.running.seed, "step", self.step, fabric.global_rank))
        for group in self._optimiser.param_groups:
            group["lr"] = rate * group["factor"]
        self._model.train()
        if config.start.freeze:
            freeze_norms_and_dropout(self.plain)
        statistics = [buffer.clone() for buffer in self.plain.buffers()]
        column = self._random_column(batch.log_mel.shape[1])
        mine, n_clips = batch.part(fabric.global_rank, fabric.world_size), len(batch.clips)
        total = 0.0
        for i in range(config.optimisation.accumulate):
            part, is_last = mine.part(i, config.optimisation.accumulate), i == config.optimisation.accumulate - 1
            with nullcontext() if is_last else fabric.no_backward_sync(self._model):
                loss = self._loss(self._model, part, column)
                # Processes average their gradients; the loss is the mean over all clips of the batch.
                fabric.backward(loss * (fabric.world_size / n_clips))
            total += float(loss.detach()) / n_clips
        total, any_stop = sum_over_processes(fabric, (total, float(stop)))
        # The norm is computed without a limit too: one infinite gradient destroys a model.
        limit = config.optimisation.clip_norm or math.inf
        norm = fabric.clip_gradients(self._model, self._optimiser, max_norm=limit, error_if_nonfinite=False)
        # In half precision, the scaler itself skips such a step and continues with a smaller factor.
        has_norm = config.optimisation.precision == "fp16" or bool(torch.isfinite(torch.as_tensor(norm)))
        if not (math.isfinite(total) and has_norm):
            # The forward pass has already updated the running statistics of batch norms.
            for buffer, before in zip(self.plain.buffers(), statistics, strict=True):
                buffer.copy_(before)
            self._optimiser.zero_grad(set_to_none=True)
            raise self._not_finite(total, batch)
        self._optimiser.step()
        self._optimiser.zero_grad(set_to_none=True)
        self.average.update(self.plain)
        self.step += 1
        self._losses.append(total)
        return total, any_stop > 0

    def _not_finite(self, loss: float, batch: Batch) -> UserError:
        names = [self.data.split.train[i].path.name for i in batch.clips.tolist()]
        what = f"loss became {loss}" if not math.isfinite(loss) else "gradient became infinite"
        return UserError(
            f"The {what} at step {self.step + 1}, in a batch of {join_names(names)}.",
            "Resume with --resume and half the learning rate: "
            f"learning_rate={self.config.optimisation.learning_rate / 2:g}; the weights before this step are kept.",
        )

    def rate_of(self, step: int) -> float:
        """The learning rate of an update."""
        return learning_rate(step, plan_schedule(self.config.optimisation, len(self.batches)))

    def _random_column(self, n_frames: int) -> int:
        """A random offset on the time axis of the positions: it trains all of them, though most clips are short."""
        model = self.plain.config
        spare = max(0, model.grid(model.max_frames)[1] - model.grid(n_frames)[1])
        generator = generator_for(self.config.running.seed, "column", self.step)
        return int(torch.randint(spare + 1, (1,), generator=generator))

    def end_epoch(self) -> tuple[float, dict[str, float]]:
        """Average and, where the recipe says so, evaluate after an epoch; returns its mean loss and metrics."""
        epoch, optimisation = self.step // len(self.batches), self.config.optimisation
        loss, self._losses = float(np.mean(self._losses)), []
        if self.range_average and optimisation.average_epochs[0] <= epoch <= optimisation.average_epochs[1]:
            self.range_average.add(self.plain)
        is_evaluated = epoch % self.config.running.evaluate_every == 0 or epoch == optimisation.epochs
        return loss, self._evaluate(epoch) if is_evaluated else {}

    def _evaluate(self, epoch: int) -> dict[str, float]:
        """Metrics of the validation clips, or without any, of the held-out clips, which choose nothing."""
        clips = self.data.validation or self.data.test
        if clips is None:
            return {}
        self._agree_on_statistics()
        logits = torch.from_numpy(self.logits(self.average.model, clips))
        scores = ACTIVATIONS[activation_of(self.config)](logits).numpy()
        metrics = {"accuracy": accuracy(scores, clips.targets), "map": mean_average_precision(scores, clips.targets)}
        self._ensemble = cumulative_mean(self._ensemble, scores, self._n_in_ensemble + 1)
        self._n_in_ensemble += 1
        if self._n_in_ensemble > 1:
            metrics["map_of_epochs"] = mean_average_precision(self._ensemble, clips.targets)
        # Without a labelled clip there is no such figure, and JSON has no NaN.
        metrics = {name: value for name, value in metrics.items() if math.isfinite(value)}
        if self.data.validation is None:
            self.best_on_test = max(self.best_on_test, metrics.get("accuracy", 0.0))
        elif self.config.data.select == "best":
            has_one_label = bool((clips.targets.sum(axis=1) <= 1).all())
            score = metrics.get("accuracy" if has_one_label else "map", 0.0)
            if score > self.best.get("score", -1.0):
                weights = copy.deepcopy(self.average.model.state_dict())
                self.best = {"epoch": epoch, "score": score, "weights": weights}
        return metrics

    def _agree_on_statistics(self) -> None:
        """Give all processes the batch norm statistics of the first one: each has seen its own share of the clips."""
        if self.fabric.world_size > 1:
            for buffer in self.average.model.buffers():
                buffer.copy_(self.fabric.broadcast(buffer))

    def logits(self, model: Network, clips: ClipFrames, merge: MergeSchedule = NO_MERGING) -> NDArray[np.float32]:
        """`(clips, labels)`, float32; the processes share the work, and all get the result."""
        logits = np.zeros((len(clips), clips.targets.shape[1]), np.float32)
        share = self.fabric.global_rank, self.fabric.world_size
        with torch.inference_mode():
            for batch in evaluation_batches(clips, self.data.log_mel, self.config.optimisation.batch_size, share):
                log_mel = self.padding.pad(batch.log_mel.to(self.fabric.device))
                logits[batch.clips.numpy()] = model(log_mel, merge=merge).cpu().numpy()
        return gather_scores(self.fabric, logits)

    def final_model(self) -> Network:
        """The model that the recipe ships: the range average, the best validation epoch, or the moving average."""
        self._agree_on_statistics()
        model = copy.deepcopy(self.average.model)
        if self.range_average is not None and self.range_average.n_added:
            model.load_state_dict(self.range_average.weights())
        elif self.best:
            model.load_state_dict(self.best["weights"])
        return model.eval()

    def save(self, path: Path) -> None:
        """Write the state; only the first process does."""
        if self.fabric.is_global_zero:
            write_state(path, self._state())

    def _state(self) -> dict[str, Any]:
        return {
            "config": self.config.to_flat(),
            "data": self.data.identity(),
            "start": self.initialisation.content,
            "teachers": self.teachers.contents,
            "step": self.step,
            "losses": self._losses,
            "best": self.best,
            "best_on_test": self.best_on_test,
            "ensemble": torch.from_numpy(self._ensemble) if self._ensemble is not None else None,
            "n_in_ensemble": self._n_in_ensemble,
            "model": self.plain.state_dict(),
            "average": self.average.model.state_dict(),
            "n_updates": self.average.n_updates,
            "range_average": self.range_average.state_dict() if self.range_average else {},
            "embedding": {} if self._embedding is None else self._embedding.state_dict(),
            "optimiser": self._optimiser.state_dict(),
            "scaler": self.fabric.strategy.precision.state_dict(),
        }

    def resume(self, state: dict[str, Any], path: Path) -> None:
        """Restore a saved state. Raises UserError where recipe, data, initial weights or teachers differ."""
        mine, theirs = self.config.to_flat(), state["config"]
        # A setting of a later version had its default before; a lower learning rate rescues a run that diverged.
        decides = {"evaluate_every"} if self.config.data.select == "best" else set()
        free = {*CHANGEABLE_ON_RESUME, "learning_rate"} - decides
        changed = [key for key in mine if key not in free and mine[key] != theirs.get(key, DEFAULTS[key])]
        if state["data"] != self.data.identity():
            changed.append("data")
        # States of earlier versions lack this entry.
        if state.get("start", self.initialisation.content) != self.initialisation.content:
            changed.append("init")
        if state.get("teachers", []) != self.teachers.contents:  # wherever their files are now
            changed.append("teacher")
        if changed:
            raise UserError(
                f"{path.parent} holds a run with another {', '.join(changed)}.",
                "Choose another --out, or delete that folder.",
            )
        self.plain.load_state_dict(state["model"])
        self.average.model.load_state_dict(state["average"])
        self.average.n_updates = state["n_updates"]
        if self.range_average:
            self.range_average.load_state_dict(state["range_average"])
        if self._embedding is not None:
            self._embedding.load_state_dict(state["embedding"])
        self._optimiser.load_state_dict(state["optimiser"])
        self.fabric.strategy.precision.load_state_dict(state["scaler"])
        self.best, self.best_on_test = state["best"], state["best_on_test"]
        ensemble, self._n_in_ensemble = state["ensemble"], state["n_in_ensemble"]
        self._ensemble = None if ensemble is None else ensemble.numpy()
        self.step, self._losses = state["step"], state["losses"]
