"""The settings of a recipe that say how the weights are learned. Reads no file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from training.config.field_rules import MOST_EPOCHS, Range, Share, ShareBelowOne, check_fields, refuse


@dataclass(frozen=True, slots=True)
class OptimisationSettings:
    """Steps, learning rate, loss, regularisation and teachers."""

    batch_size: Annotated[int, Range(1, 65_536)] = 32
    """Clips of one update, over all processes."""
    accumulate: Annotated[int, Range(1, 65_536)] = 1
    """Parts that a batch is computed in, one after the other."""
    epochs: Annotated[int, Range(1, MOST_EPOCHS)] = 50
    """Passes over the training clips."""
    time_budget_min: Annotated[float, Range(0, 1e6)] = 0.0
    """Minutes that the training may take: `epochs` is changed to fit. 0 leaves `epochs` as it is."""
    learning_rate: Annotated[float, Range(0, 1, includes_lowest=False, includes_highest=False)] = 1e-3
    """The highest one."""
    new_rate_factor: Annotated[float, Range(0, 1e6)] = 1.0
    """Modules that start with random weights learn so many times faster."""
    schedule: Literal["cosine", "step"] = "cosine"
    """"cosine" down to 1 %, or "step": times `decay_factor` after each epoch of `decay_after`."""
    decay_factor: Annotated[float, Range(0, 1e3)] = 0.5
    """For the schedule "step"."""
    decay_after: Annotated[tuple[int, ...], Range(0, MOST_EPOCHS)] = ()
    """For the schedule "step": epochs, from 1."""
    warmup_epochs: Annotated[float, Range(0, MOST_EPOCHS)] = 3.0
    """Length of the linear warm-up."""
    warmup_kind: Literal["linear", "ast"] = "linear"
    """"ast" warms up over 1000 steps, as in the released code of AST."""
    optimiser: Literal["adamw", "adam"] = "adamw"
    """"adam" adds its weight decay to the gradient (L2), as in the released code."""
    betas: Annotated[tuple[float, ...], Range(0, 1, includes_highest=False)] = (0.9, 0.98)
    """Of the optimiser."""
    weight_decay: Annotated[float, Range(0, 1e3)] = 0.05
    """Of the optimiser."""
    clip_norm: Annotated[float, Range(0, 1e9)] = 5.0
    """Highest norm of the gradient; 0 for any."""
    loss: Literal["bce", "ce"] = "bce"
    """"bce" for any number of labels a clip (sigmoid), "ce" for exactly one (softmax; mixup's soft targets are
    kept)."""
    frame_loss: Annotated[float, Range(0, 1e6)] = 0.0
    """Weight of the frame head's loss beside it (see `training.model.frame_head_loss`); 0 for no frame head."""
    ema_decay: ShareBelowOne = 0.998
    """Of the exponential average of the weights; 0 for none."""
    average_epochs: Annotated[tuple[int, ...], Range(0, MOST_EPOCHS)] = ()
    """(first, last) epoch whose weights are averaged, in place of the exponential average."""
    drop_path: ShareBelowOne = 0.0
    """Stochastic depth: the share of the layers' outputs left out."""
    patch_drop: ShareBelowOne = 0.0
    """Share of the patches left out (see `core.model.networks.patchout`)."""
    row_drop: ShareBelowOne = 0.0
    """Share of the rows of patches, by frequency, left out."""
    column_drop: ShareBelowOne = 0.0
    """Share of the columns of patches, by time, left out."""
    merge_r_training: Annotated[int, Range(0, 1_000_000)] = 0
    """Tokens that each layer merges during training."""
    precision: Literal["fp32", "bf16", "fp16"] = "bf16"
    """Type of autocast."""
    teacher: tuple[str, ...] = ()
    """Checkpoints, by path or name, whose outputs for the same batch are learned beside the labels."""
    label_weight: Share = 0.5
    """With a teacher: the share of the labels in what is learned."""
    teacher_temperature: Annotated[float, Range(0, 100, includes_lowest=False, includes_highest=False)] = 1.0
    """What the teachers' logits are divided by (see `training.model.distillation`)."""

    def __post_init__(self) -> None:
        check_fields(self)
        refuse(
            self.batch_size % self.accumulate != 0,
            f"batch_size = {self.batch_size} is not a multiple of accumulate = {self.accumulate}",
            "a batch_size that is a multiple of accumulate",
        )
        refuse(len(self.betas) != 2, f"betas = {list(self.betas)} are not two numbers", "such as betas = 0.9,0.98")
        self._check_average_epochs()
        refuse(
            self.frame_loss > 0 and max(self.patch_drop, self.row_drop, self.column_drop) > 0,
            "a frame head needs every patch, and patch_drop, row_drop or column_drop leaves some out",
            "0 for all three, or frame_loss = 0",
        )

    def _check_average_epochs(self) -> None:
        if not self.average_epochs:
            return
        refuse(
            len(self.average_epochs) != 2 or not 1 <= self.average_epochs[0] <= self.average_epochs[1],
            f"average_epochs = {list(self.average_epochs)} is not a range",
            "the first and the last epoch to average",
        )
        refuse(
            self.average_epochs[1] > self.epochs,
            f"average_epochs = {list(self.average_epochs)} go beyond epochs = {self.epochs}",
            "epochs that there are",
        )
