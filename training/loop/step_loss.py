"""The loss of one batch: of single clips, with or without a frame head, or of scenes; with or without teachers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from lightning_fabric import Fabric
from torch import Tensor

from core.model.architecture import ModelConfig
from training.batches.sampling import Batch
from training.config.recipe import TrainConfig
from training.model.distillation import blend
from training.model.frame_head_loss import splice_clips, summed_frame_loss
from training.model.scene_loss import SceneLoss
from training.model.teachers import Teachers
from training.model.training_network import NetworkOutput
from training.model.zero_padding import ZeroPadding
from training.optimisation.optimiser import summed_loss


@dataclass(frozen=True, slots=True)
class StepLoss:
    """The loss that a recipe minimises, summed over the clips of a batch."""

    config: TrainConfig
    """The recipe."""
    fabric: Fabric
    """Where and in which precision it is computed."""
    model: ModelConfig
    """The architecture of the network."""
    teachers: Teachers
    """What is learned from beside the labels."""
    padding: ZeroPadding
    """What the network needs to be put behind short input."""
    of_scenes: SceneLoss | None
    """For recipes that mix scenes."""

    def __call__(self, network: Callable[[Tensor, int], NetworkOutput], part: Batch, column: int) -> Tensor:
        """The loss of `part`. column: where its windows start on the position grid."""
        device = self.fabric.device
        log_mel, targets = part.log_mel.to(device), part.targets.to(device)
        if part.scenes is None:
            return self._of_clips(network, log_mel, targets, column)
        assert self.of_scenes is not None, "scenes come with their loss"
        targets = self._with_teachers(log_mel, targets)
        with self.fabric.autocast():
            output = network(log_mel, column)
        return self.of_scenes(output, targets, part.scenes.to(device), log_mel.shape[1])

    def _of_clips(
        self, network: Callable[[Tensor, int], NetworkOutput], log_mel: Tensor, targets: Tensor, column: int
    ) -> Tensor:
        loss_kind, frame_loss = self.config.optimisation.loss, self.config.optimisation.frame_loss
        spliced = splice_clips(log_mel, targets, self.model, loss_kind) if frame_loss else None
        if spliced:
            log_mel, targets = spliced.log_mel, spliced.targets
        targets = self._with_teachers(log_mel, targets)
        with self.fabric.autocast():
            output = network(self.padding.pad(log_mel), column)
        loss = summed_loss(loss_kind, output.logits.float(), targets)
        if spliced is None:
            return loss
        assert output.columns is not None, "a frame loss comes with a frame head"
        of_columns = frame_loss * summed_frame_loss(output.columns[:, : spliced.where.shape[1]], spliced)
        return of_columns if self.config.start.freeze else of_columns + loss

    def _with_teachers(self, log_mel: Tensor, targets: Tensor) -> Tensor:
        """The targets `(B, labels)`: the labels, or their blend with the teachers' probabilities for these frames."""
        if not self.teachers:
            return targets
        optimisation = self.config.optimisation
        with self.fabric.autocast():
            taught = self.teachers.probabilities(log_mel, optimisation.loss, optimisation.teacher_temperature)
        return blend(targets, taught, optimisation.label_weight)
